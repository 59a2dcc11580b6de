"""`ringi import-log` on real servers, with projections running beside it."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event as Flag
from threading import Thread
from typing import Any
from uuid import UUID

import pytest

from domain.document.events import DocumentApproved
from domain.document.state import fold
from domain.metadata import Event
from infra.bootstrap import Parts, prepare
from infra.importing.importer import Importer
from infra.importing.source import opened
from infra.importing.xes import read_cases
from infra.migrate import migrate
from infra.position import lane_of
from infra.projecting.place import wait_for
from infra.redis_server import RedisServer
from infra.settings import Settings
from projections.workspace import WORKSPACE
from tests.import_world import World
from tests.integration.observing import wait_until
from tests.servers import TestStore
from tests.xes_generator import SUBMITTED, Sketch, a_log, expected, write

#: Seconds until a condition that should come true is given up.
PATIENCE_S = 60

ROOT = Path(__file__).resolve().parents[2]
REAL = (
    Path(os.environ.get("RINGI_SHARED_DATA", ROOT.parent / "shared" / "data"))
    / "DomesticDeclarations.xes.gz"
)
needs_the_real_log = pytest.mark.skipif(
    not REAL.exists(), reason=f"the log of real declarations is not at {REAL}"
)

Streams = Mapping[UUID, Sequence[Event]]


@dataclass
class Installation:
    """A store with views that follow the log."""

    env: Mapping[str, str]
    parts: Parts

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start `ringi import-log` as a process."""
        return subprocess.Popen(
            [sys.executable, "-c", "from api.cli import main; main()", "import-log", *words],
            env={**os.environ, **self.env},
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # Whoever runs the tests in the background of a script has interrupts ignored.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509  # no threads here
        )

    def run(self, *words: str) -> tuple[dict[str, Any], int, str]:
        """Run `ringi import-log --json`; return its report, exit code and errors."""
        out, errors = (process := self.start("--json", *words)).communicate(timeout=PATIENCE_S)
        return json.loads(out), process.returncode, errors

    def streams(self) -> Streams:
        """Return what every document's stream says."""
        found: dict[UUID, list[Event]] = {}
        for notification in self.parts.recorder.select_notifications(None, 1_000_000):
            recorded = self.parts.codec.recorded(notification)
            if recorded.event.TOPIC.startswith("document."):
                found.setdefault(recorded.stream, []).append(recorded.event)
        return found

    def wait_for_views(self) -> None:
        """Wait until the views have reached the log's end."""
        ends = {
            lane_of(each.originator_id, self.parts.lanes): each.id
            for each in self.parts.recorder.select_notifications(None, 1_000_000)
        }
        for lane, position in ends.items():
            assert wait_for(self.parts.writing, WORKSPACE.name, lane, position, PATIENCE_S)

    def has_documents(self, fewest: int) -> bool:
        with self.parts.writing.cursor() as cursor:
            cursor.execute(
                f"SELECT COUNT(*) FROM {self.parts.settings.log}.event"
                " WHERE topic = 'document.created'"
            )
            (count,) = cursor.fetchone()  # type: ignore[misc]
        return bool(count >= fewest)


@pytest.fixture(scope="module")
def redis(tmp_path_factory) -> Iterator[RedisServer]:
    redis = RedisServer(Path(tmp_path_factory.mktemp("redis"))).start()
    yield redis
    redis.stop()


@pytest.fixture
def installation(store: TestStore, redis: RedisServer) -> Iterator[Installation]:
    env = store.env()
    given = {
        "RINGI_DATABASE_URL": env["MARIADB_URL"],
        "RINGI_MIGRATION_URL": env["MARIADB_MIGRATION_URL"],
        "RINGI_LOG": env["MARIADB_LOG"],
        "RINGI_VIEWS": env["MARIADB_VIEWS"],
        "RINGI_REDIS_URL": redis.url,
    }
    settings = Settings.from_env(given)
    migrate(settings)
    prepare(settings)
    parts = Parts(settings)
    with projecting(parts):
        yield Installation(given, parts)
    parts.close()


@contextmanager
def projecting(parts: Parts) -> Iterator[None]:
    """Let the views follow the log until the block ends; then they have reached its end."""
    stop = Flag()

    def pump() -> None:
        for runner in parts.runners:
            for lane in range(parts.lanes):
                runner.catch_up(lane)

    def follow() -> None:
        while not stop.wait(0.02):
            pump()

    thread = Thread(target=follow)
    thread.start()
    yield
    stop.set()
    thread.join()


def until(process: subprocess.Popen[str], installation: Installation, documents: int) -> None:
    """Wait until the import has come so far, and still goes on."""

    def has_come_so_far() -> bool:
        assert process.poll() is None, process.communicate()
        return installation.has_documents(documents)

    wait_until(has_come_so_far, f"{documents} documents are there")


def uninterrupted(sketches: Sequence[Sketch], folder: Path) -> Streams:
    """Return what an import in memory that nothing disturbs makes."""
    world = World()
    with opened(write(folder / "whole.xes", sketches)) as source:
        report = Importer(world.bus, world.now, lambda _: None).run(read_cases(source))
    assert report.error is None
    return world.log.events()


def by_command(refused: Sequence[Mapping[str, Any]]) -> Counter[str]:
    found: Counter[str] = Counter()
    for each in refused:
        found[each["command"]] += each["count"]
    return found


def test_a_log_is_imported_once_however_often_it_is_given(installation, tmp_path):
    sketches = a_log(60, seed=11)
    path = write(tmp_path / "log.xes.gz", sketches)
    first, code, errors = installation.run(str(path))
    assert (code, errors) == (0, "")
    found = expected(sketches)
    revised = first["accepted"].pop("revise")
    assert {name: count for name, count in first["accepted"].items() if count} == found.accepted
    assert by_command(first["refused"]) == found.refused
    assert first["refused_cases"] == found.refused_cases > 0
    assert first["cases"] == 60
    assert first["commands"] == found.accepted.total() + revised + found.refused.total()
    streams = installation.streams()
    assert streams == uninterrupted(sketches, tmp_path)

    second, code, _ = installation.run(str(path))
    assert code == 0
    assert second["already_there"] == found.accepted.total() + revised
    assert not any(second["accepted"].values())
    for name in ("commands", "refused", "refused_cases", "rounded_amounts", "cases"):
        assert second[name] == first[name]
    assert installation.streams() == streams


def test_the_inbox_holds_the_slots_that_the_log_leaves_open(installation, tmp_path):
    approved = "Declaration APPROVED by ADMINISTRATION"
    waiting = [Sketch("one", [SUBMITTED]), Sketch("two", [SUBMITTED, approved])]
    path = write(tmp_path / "log.xes", [*a_log(40, seed=5), *waiting])
    with opened(path) as source:
        importer = Importer(installation.parts.bus, World().now, lambda _: None)
        assert importer.run(read_cases(source)).error is None
    slots = set()
    for stream, events in installation.streams().items():
        document = fold(events)
        assert document is not None
        slots |= {(stream.bytes, slot.id) for slot in document.open_slots}
    assert len(slots) >= len(waiting)
    installation.wait_for_views()
    rows = installation.parts.directory.tables.select("SELECT document, slot FROM {task}")
    assert {tuple(row) for row in rows} == slots


def test_an_import_that_was_killed_is_completed_by_a_second_one(installation, tmp_path):
    sketches = a_log(150, seed=12)
    path = write(tmp_path / "log.xes.gz", sketches)
    process = installation.start("--json", str(path))
    until(process, installation, 25)
    process.kill()
    out, _ = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, out) == (-signal.SIGKILL, "")
    assert len(installation.streams()) < 150
    report, code, _ = installation.run(str(path))
    assert code == 0
    assert installation.streams() == uninterrupted(sketches, tmp_path)
    assert report["already_there"] > 0
    assert by_command(report["refused"]) == expected(sketches).refused


def test_an_interrupted_import_says_what_it_did_and_leaves_whole_cases(installation, tmp_path):
    sketches = a_log(150, seed=13)
    path = write(tmp_path / "log.xes.gz", sketches)
    process = installation.start("--json", str(path))
    until(process, installation, 25)
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=PATIENCE_S)
    report = json.loads(out)
    assert (process.returncode, errors) == (130, "")
    assert report["interrupted"]
    whole = uninterrupted(sketches, tmp_path)
    left = installation.streams()
    assert report["cases"] == len(left) < len(whole)
    assert all(whole[stream] == events for stream, events in left.items())
    _, code, _ = installation.run(str(path))
    assert code == 0
    assert installation.streams() == whole


def test_a_broken_log_is_imported_up_to_the_fault(installation, tmp_path):
    sketches = a_log(6, seed=14)
    path = write(tmp_path / "log.xes", sketches)
    text = path.read_text()
    path.write_text(text[: text.index(sketches[4].name)])
    report, code, errors = installation.run(str(path))
    assert (code, report["cases"]) == (1, 4)
    assert len(installation.streams()) == 4
    assert errors.startswith(f"ringi: {path}: line ")
    assert errors.count("\n") == 1
    assert report["error"] in errors


def test_only_so_many_cases_are_read_as_were_asked_for(installation, tmp_path):
    path = write(tmp_path / "log.xes", a_log(9))
    report, code, _ = installation.run(str(path), "--limit", "3")
    assert (code, report["cases"], len(installation.streams())) == (0, 3, 3)


def test_a_log_of_longer_rounds_gets_a_definition_with_more_steps(installation, tmp_path):
    roles = ["A", "B", "C", "D", "SUPERVISOR"]
    long = ["Declaration SUBMITTED by EMPLOYEE"]
    long += [f"Declaration APPROVED by {role}" for role in roles[:-1]]
    long += ["Declaration FINAL_APPROVED by SUPERVISOR"]
    sketches = [*a_log(5), Sketch("long", long), *a_log(5, seed=1)]
    path = write(tmp_path / "log.xes", sketches)
    report, code, _ = installation.run(str(path))
    assert code == 0
    assert report["accepted"]["approve"] == expected(sketches).accepted["approve"]
    versions = Counter(
        event.definition_version
        for stream in installation.streams().values()
        for event in stream[:1]
    )
    assert versions == {1: 5, 2: 6}


@needs_the_real_log
def test_the_real_log_gives_what_an_independent_count_gives(tmp_path):
    world = World()
    with opened(REAL) as source:
        report = Importer(world.bus, world.now, lambda _: None).run(read_cases(source))
    assert report.error is None
    found = report.as_json()
    assert found["accepted"] == {
        "create": 10_357,
        "revise": 835,
        "submit": 11_307,
        "approve": 21_415,
        "reject": 1_362,
        "withdraw": 1_347,
        "payment_requested": 9_912,
        "payment_handled": 9_909,
    }
    assert by_command(found["refused"]) == {
        "submit": 64,
        "approve": 77,
        "reject": 92,
        "withdraw": 3,
        "payment_requested": 2,
        "payment_handled": 3,
    }
    assert found["refused_cases"] == 88
    assert found["events"]["read"] == 55_628
    streams = world.log.events().values()
    assert sum(isinstance(each, DocumentApproved) for events in streams for each in events) == 9_938


@needs_the_real_log
@pytest.mark.long
@pytest.mark.timeout(1_800)
def test_the_real_log_goes_through_real_servers(installation):
    process = installation.start("--json", str(REAL))
    out, errors = process.communicate(timeout=1_500)
    assert (process.returncode, errors) == (0, "")
    assert sum(json.loads(out)["accepted"].values()) == 66_444
    assert len(installation.streams()) == 10_357


def test_of_what_is_no_log_nothing_is_told_but_why(installation, tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("hello\n")
    process = installation.start(str(path))
    out, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1
    assert out == ""
    assert "notes.txt" in errors
    assert "line 1" in errors
