"""Rows on latency: from a command sent over HTTP to its change on a dashboard's screen."""

import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from time import monotonic, sleep
from typing import Any

from api.client import RingiClient
from infra.home import Home
from infra.local.installation import Installation
from infra.local.starting import up
from infra.local.stopping import down
from tests.benchmarks.bench import Bench
from tests.benchmarks.rows import Row, percentile
from tests.e2e.listener import Listener
from tests.e2e.machine import Machine, an_environ
from tests.servers import TestStore

#: What design §10 allows, in ms, by percentile.
MOST_MS = {50: 15.0, 99: 60.0}

#: Requests that may be under way at once: 50 a second for a third of a second each.
SENDERS = 16

#: Commands whose latency is not counted: connections and caches are warm after them.
WARM_UP = 30

#: Seconds until a change that was not pushed is given up.
PATIENCE_S = 20.0


def latency(bench: Bench) -> Iterator[Row]:
    """A whole installation of its own: each role a process, commands on time, answered or not."""
    with _machine(bench) as machine:
        trial = _Trial(machine, bench.scale.latency_rate)
        trial.run(WARM_UP)
        row = Row(
            name="latency/p50",
            what=f"create sent over HTTP → received by a subscribed client, "
            f"{bench.scale.latency_rate:g} commands/s, open loop",
            against=f"the {MOST_MS[50]:g} ms that it may take",
            unit="ms",
            better="lower",
        )
        trials: list[list[float]] = []

        def median_ms() -> float:
            trials.append(trial.run(bench.scale.latency_commands))
            return percentile(trials[-1], 50)

        done = bench.measure(row, median_ms, lambda: MOST_MS[50])
        every = [each for one in trials for each in one]
        yield replace(done, details={f"p{p}_ms": percentile(every, p) for p in (50, 90, 99, 100)})
        row = replace(row, name="latency/p99", against=f"the {MOST_MS[99]:g} ms that it may take")
        in_order = iter(trials)
        yield bench.measure(row, lambda: percentile(next(in_order), 99), lambda: MOST_MS[99])


@contextmanager
def _machine(bench: Bench) -> Iterator[Machine]:
    with tempfile.TemporaryDirectory(prefix="ringi-bench-") as folder, bench.store() as store:
        environ = {**an_environ(), **_given(store)}
        machine = Machine(Installation(Home(Path(folder) / "home"), environ))
        try:
            up(machine.installation, bench.progress)
            machine.set_up()
            yield machine
        finally:
            machine.parts.close()
            down(machine.installation, bench.progress)


def _given(store: TestStore) -> dict[str, str]:
    """Return what makes an installation use the run's own MariaDB."""
    env = store.env()
    return {
        "RINGI_DATABASE_URL": env["MARIADB_URL"],
        "RINGI_MIGRATION_URL": env["MARIADB_MIGRATION_URL"],
        "RINGI_LOG": env["MARIADB_LOG"],
        "RINGI_VIEWS": env["MARIADB_VIEWS"],
    }


class _Trial:
    """Commands at regular times from a few connections, and one subscriber."""

    def __init__(self, machine: Machine, rate: float) -> None:
        self._machine, self._rate = machine, rate

    def run(self, commands: int) -> list[float]:
        """Return how many ms each command took, from when it was to be sent."""
        machine = self._machine
        with (
            Listener(machine.gateway_url, machine.tokens["aud"], "type:note") as listener,
            ThreadPoolExecutor(SENDERS) as senders,
            _clients(machine) as clients,
        ):
            begin, running = monotonic(), []
            for number in range(commands):
                due = begin + number / self._rate
                sleep(max(0.0, due - monotonic()))
                running.append((due, senders.submit(_create, clients, f"note {number}")))
            sent = [(each.result(PATIENCE_S), due) for due, each in running]
            return [
                1000 * (listener.wait_for(document, 1, PATIENCE_S) - due) for document, due in sent
            ]


Clients = SimpleQueue[RingiClient]


@contextmanager
def _clients(machine: Machine) -> Iterator[Clients]:
    """Give a client for each sender, connected."""
    free: Clients = SimpleQueue()
    with ExitStack() as stack:
        for _ in range(SENDERS):
            client = stack.enter_context(machine.client("ann"))
            client.get("/v1/me")
            free.put(client)
        yield free


def _create(free: Clients, title: str) -> str:
    """Create a note, and return its id."""
    client = free.get()
    try:
        body = {"definition": "note", "values": {"title": title}}
        outcome: Any = client.command("POST", "/v1/documents", body)
        return str(outcome["document"])
    finally:
        free.put(client)
