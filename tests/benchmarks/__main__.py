"""`python -m tests.benchmarks`: measure the log on a private server, print and write it."""

import argparse
import shlex
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import gmtime, monotonic, strftime

from infra.stack import MariaDBServer
from tests.benchmarks.bench import Bench
from tests.benchmarks.groups import GROUPS
from tests.benchmarks.machine import description, load
from tests.benchmarks.report import Report, as_json, table, write
from tests.benchmarks.rows import Row
from tests.benchmarks.scale import DEFAULT, QUICK, Scale
from tests.servers import prepared_server


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what is asked for. Exits with 0 whether targets are reached or not."""
    asked = _parser().parse_args(arguments)
    names = asked.only or list(GROUPS)
    with _server() as server:
        rows, report = run(server, QUICK if asked.quick else DEFAULT, names, _progress())
    report["command"] = shlex.join(
        ["python", "-m", "tests.benchmarks", *(arguments or sys.argv[1:])]
    )
    write(report, asked.json)
    print(table(rows, report["machine"], report["load"]))
    print(f"\nwritten to {asked.json}")


def run(
    server: MariaDBServer, scale: Scale, names: Sequence[str], progress: Callable[[str], None]
) -> tuple[list[Row], Report]:
    """Return the rows of these groups, and the report that holds them."""
    bench = Bench(server, scale, progress)
    started = strftime("%Y-%m-%dT%H:%M:%SZ", gmtime())
    before = load()
    rows = [row for name in names for row in GROUPS[name](bench)]
    return rows, {
        "started": started,
        "scale": vars(scale),
        "machine": description(server),
        "load": {"before": before, "after": load()},
        "rows": [as_json(row) for row in rows],
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a short run: rough figures")
    parser.add_argument(
        "--only", action="append", choices=list(GROUPS), help="only these rows; may be repeated"
    )
    parser.add_argument(
        "--json", type=Path, default=Path(".ringi/bench/log.json"), help="default: %(default)s"
    )
    return parser


@contextmanager
def _server() -> Iterator[MariaDBServer]:
    with tempfile.TemporaryDirectory(prefix="ringi-bench-") as folder:
        server = prepared_server(Path(folder))
        try:
            yield server
        finally:
            server.stop()


def _progress() -> Callable[[str], None]:
    begin = monotonic()

    def tell(line: str) -> None:
        print(f"{monotonic() - begin:5.0f} s  {line}", file=sys.stderr, flush=True)

    return tell


if __name__ == "__main__":
    main()
