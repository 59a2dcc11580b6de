"""The rows, by the name that `--only` takes: one table."""

from collections.abc import Callable, Iterator, Mapping

from tests.benchmarks.appends import append, append_key, append_lock, append_postgres
from tests.benchmarks.bench import Bench
from tests.benchmarks.commands import commands
from tests.benchmarks.decide import decide
from tests.benchmarks.jobs import jobs
from tests.benchmarks.lags import lag
from tests.benchmarks.latencies import latency
from tests.benchmarks.memory import memory
from tests.benchmarks.projecting import projecting
from tests.benchmarks.reads import decode, read
from tests.benchmarks.rows import Row
from tests.benchmarks.settles import settle
from tests.benchmarks.tails import tail

GROUPS: Mapping[str, Callable[[Bench], Iterator[Row]]] = {
    "append": append,
    "append-key": append_key,
    "append-lock": append_lock,
    "append-postgres": append_postgres,
    "read": read,
    "decode": decode,
    "settle": settle,
    "tail": tail,
    "lag": lag,
    "decide": decide,
    "commands": commands,
    "projecting": projecting,
    "latency": latency,
    "jobs": jobs,
    "memory": memory,
}
