"""Rows on commands over HTTP: the whole API against the least that could be in its place."""

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from pathlib import Path
from statistics import median
from time import monotonic, sleep

from domain.values import Money, revision_of
from infra.home import CHECKOUT
from infra.ports import free_port
from tests.benchmarks.bench import Bench
from tests.benchmarks.floor_app import TABLES
from tests.benchmarks.http_load import CLIENTS, Given, Load
from tests.benchmarks.processes import at_once
from tests.benchmarks.rows import Row
from tests.integration.api_world import VALUES, World, a_company

#: Seconds that gunicorn may take to begin, and to end.
PATIENCE_S = 30

#: The content of every document, as the approvers have seen it.
REVISION = revision_of({"title": "Chairs", "amount": Money(Decimal("1200.00"), "EUR")})


def commands(bench: Bench) -> Iterator[Row]:
    """Whole approvals by many clients, views up to date at the begin, no worker beside."""
    with (
        tempfile.TemporaryDirectory(prefix="ringi-bench-") as folder,
        a_company(bench.server, Path(folder), "bench_commands") as world,
    ):
        _make_floor(world)
        environ = _environ(world, Path(folder))
        with (
            _gunicorn("api.wsgi:app()", environ, Path(folder)) as ours,
            _gunicorn("tests.benchmarks.floor_app:app()", environ, Path(folder)) as floor,
        ):
            for each in (ours, floor):
                each.wait()
            load = partial(_load, bench, world)
            row = Row(
                name=f"commands/{CLIENTS}",
                what="create, submit, approve, approve over HTTP, keep-alive, each with a key",
                against="bare Falcon, PyMySQL, redis-py: SELECT, INSERT, COMMIT, LPUSH",
                unit="commands/s",
                target=0.60,
            )
            statements: list[float] = []

            def commands_per_s() -> float:
                before = _statements(bench)
                given = load(ours.port)
                statements.append((_statements(bench) - before) / given.commands)
                return given.per_s

            done = bench.measure(row, commands_per_s, lambda: load(floor.port).per_s)
            yield replace(done, details={"statements_per_command": median(statements)})


def _load(bench: Bench, world: World, port: int) -> Given:
    """Let the clients run for a while against whoever listens there."""
    secrets = {login: world.secrets[login] for login in ("ann", "mia", "fay")}
    (given,) = at_once([Load(port, secrets, VALUES, REVISION, bench.scale.command_s)])
    return given


def _statements(bench: Bench) -> int:
    """Return how many statements the server got from clients since it began."""
    with bench.server.admin() as admin, admin.cursor() as cursor:
        cursor.execute("SHOW GLOBAL STATUS LIKE 'Questions'")
        _, number = cursor.fetchone() or ("", 0)
    return int(number)


def _make_floor(world: World) -> None:
    with world.parts.writing.cursor() as cursor:
        for sql in TABLES:
            cursor.execute(sql.format(views=world.settings.views))


def _environ(world: World, folder: Path) -> Mapping[str, str]:
    """Return what both applications are told, as a process of this installation would be."""
    settings = world.settings
    plain = {name: text for name, text in os.environ.items() if not name.startswith("RINGI_")}
    return {
        **plain,
        "RINGI_HOME": str(folder / "none"),
        "RINGI_DATABASE_URL": settings.database_url.render_as_string(hide_password=False),
        "RINGI_LOG": settings.log,
        "RINGI_VIEWS": settings.views,
        "RINGI_REDIS_URL": settings.redis_url,
        "RINGI_LOG_LEVEL": "WARNING",
        "PYTHONPATH": str(CHECKOUT),
    }


@dataclass(frozen=True)
class _Gunicorn:
    """One that was started."""

    process: "subprocess.Popen[bytes]"
    port: int
    log: Path

    def wait(self) -> None:
        """Wait until it listens."""
        deadline = monotonic() + PATIENCE_S
        while not self._listens():
            if self.process.poll() is not None or monotonic() > deadline:
                raise RuntimeError(f"gunicorn does not answer: {self.log.read_text()[-2000:]}")
            sleep(0.05)

    def _listens(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1):
                return True
        except OSError:
            return False


@contextmanager
def _gunicorn(application: str, environ: Mapping[str, str], folder: Path) -> Iterator[_Gunicorn]:
    """Run an application as the API is run."""
    port = free_port()
    log = folder / f"{port}.log"
    command = [sys.executable, "-m", "gunicorn", "-c", "api/gunicorn_conf.py", application]
    with (
        log.open("wb") as out,
        subprocess.Popen(
            command,
            cwd=CHECKOUT,
            env={**environ, "RINGI_API_PORT": str(port)},
            stdout=out,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            yield _Gunicorn(process, port, log)
        finally:
            process.terminate()
            try:
                process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()
