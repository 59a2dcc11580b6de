"""Promises that machines keep: import arrows, the tables of commands, events and projections,
the stored forms, the size of modules."""

import importlib
import inspect
import json
import pkgutil
import re
import subprocess
import sys
from dataclasses import fields, is_dataclass
from pathlib import Path
from statistics import median
from types import ModuleType

import pytest
from eventsourcing.persistence import StoredEvent

import commands
import domain
import projections
from commands.handlers import HANDLERS
from domain.command import Command
from domain.events import EVENTS
from domain.metadata import Event
from infra.codec import UPCASTERS, Codec
from projections.base import Kind, Projection
from projections.registry import PROJECTIONS
from tests.golden.examples import EXAMPLES, META, STREAM, VERSION

ROOT = Path(__file__).parents[1]
GOLDEN = ROOT / "tests" / "golden"
PACKAGES = ("domain", "commands", "projections", "api", "realtime", "workers", "infra")
CODEC = Codec(EVENTS)

# ---- arrows between packages


def test_imports_keep_the_contracts() -> None:
    program = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run(
        [program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=100
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


def test_the_core_loads_no_driver() -> None:
    modules = [each.__name__ for each in core()]
    drivers = "sqlalchemy pymysql redis dramatiq falcon gunicorn websockets marshmallow msgspec"
    program = (
        "import importlib, sys\n"
        f"for name in {modules!r}: importlib.import_module(name)\n"
        f"print([name for name in {drivers.split()!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def core() -> list[ModuleType]:
    """Return every module of the core, imported, so that all subclasses are known."""
    return [
        importlib.import_module(each.name)
        for package in (domain, commands, projections)
        for each in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    ]


def concrete(base: type, mark: str) -> set[type]:
    """Return the subclasses of `base` in the core that have a `mark` of their own."""
    names = {module.__name__ for module in core()}
    found, waiting = set(), [base]
    while waiting:
        for each in waiting.pop().__subclasses__():
            waiting.append(each)
            if mark in vars(each) and each.__module__ in names:
                found.add(each)
    return found


# ---- commands


def test_every_command_is_in_the_table() -> None:
    assert set(HANDLERS) == concrete(Command, "NAME")


def test_every_command_has_a_name_of_its_own() -> None:
    names = [command.NAME for command in HANDLERS]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", name) for name in names)


@pytest.mark.parametrize("command", HANDLERS, ids=lambda command: command.NAME)
def test_commands_are_frozen_and_decided_by_functions(command: type[Command]) -> None:
    assert is_dataclass(command)
    assert command.__dataclass_params__.frozen  # type: ignore[attr-defined]
    handler = HANDLERS[command]
    assert inspect.isfunction(handler.decide)
    assert len(inspect.signature(handler.decide).parameters) == 4
    assert command.__doc__


# ---- events


def test_every_event_is_in_the_list() -> None:
    assert set(EVENTS) == concrete(Event, "TOPIC")
    assert len(set(EVENTS)) == len(EVENTS)


def test_every_event_has_a_topic_of_its_own() -> None:
    topics = [event.TOPIC for event in EVENTS]
    assert len(set(topics)) == len(topics)
    assert all(re.fullmatch(r"[a-z]+\.[a-z]+(_[a-z]+)*", topic) for topic in topics)


def test_topics_are_for_ever() -> None:
    assert sorted(event.TOPIC for event in EVENTS) == json.loads(
        (GOLDEN / "topics.json").read_text()
    )


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.TOPIC)
def test_events_are_frozen_and_open_to_vars(event: type[Event]) -> None:
    assert is_dataclass(event)
    assert event.__dataclass_params__.frozen  # type: ignore[attr-defined]
    assert not hasattr(event, "__slots__") or event.__slots__ == ()
    assert vars(EXAMPLES[event.TOPIC]).keys() == {field.name for field in fields(event)}
    assert event.__doc__


def golden(topic: str) -> list[Path]:
    """Return the stored forms of this topic, the newest last."""
    return sorted(GOLDEN.glob(f"{topic}.*.json"), key=lambda path: int(path.suffixes[-2][1:]))


@pytest.mark.parametrize("topic", EXAMPLES)
def test_every_stored_form_is_still_read(topic: str) -> None:
    files = golden(topic)
    assert [path.name for path in files] == [
        f"{topic}.{number}.json" for number in range(1, len(files) + 1)
    ]
    for path in files:
        found = CODEC.recorded(StoredEvent(STREAM, VERSION, topic, path.read_bytes()))
        assert (found.event, found.meta) == (EXAMPLES[topic], META), path.name


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.TOPIC)
def test_the_form_that_is_stored_today_is_the_newest_golden_one(event: type[Event]) -> None:
    stored = CODEC.stored(STREAM, VERSION, EXAMPLES[event.TOPIC], META)
    newest = golden(event.TOPIC)[-1]
    assert json.loads(stored.state) == json.loads(newest.read_bytes()), (
        "the stored form has changed: raise SCHEMA with an upcaster if the older form is no longer "
        f"read, and add the next file beside {newest.name}"
    )


def test_every_golden_file_is_of_an_event() -> None:
    topics = {path.name.rsplit(".", 2)[0] for path in GOLDEN.glob("*.*.*.json")}
    assert topics == {event.TOPIC for event in EVENTS}


def test_upcasters_lead_from_every_older_schema_to_todays() -> None:
    assert set(UPCASTERS) == {
        (event.TOPIC, older) for event in EVENTS for older in range(1, event.SCHEMA)
    }


# ---- projections


def test_every_projection_has_a_name_of_its_own() -> None:
    names = [projection.name for projection in PROJECTIONS]
    assert len(set(names)) == len(names)
    assert all(projection.version >= 1 for projection in PROJECTIONS)


@pytest.mark.parametrize("projection", PROJECTIONS, ids=lambda projection: projection.name)
def test_projections_fold_events_that_there_are_into_tables_that_can_be(
    projection: Projection,
) -> None:
    assert projection.topics <= {event.TOPIC for event in EVENTS}
    names = [table.name for table in projection.tables]
    assert len(set(names)) == len(names)
    for table in projection.tables:
        columns = {column.name: column for column in table.columns}
        assert len(columns) == len(table.columns), table.name
        for index in (table.key, *table.indexes):
            assert index, table.name
            for name in index:
                kind = columns[name].kind
                assert kind in {Kind.KEY, Kind.INTEGER, Kind.UUID, Kind.INSTANT}, (table.name, name)
        assert not any(columns[name].optional for name in table.key), table.name


def test_the_workspace_shows_every_event() -> None:
    (workspace,) = [each for each in PROJECTIONS if each.name == "workspace"]
    assert workspace.topics == {event.TOPIC for event in EVENTS}


# ---- modules


def test_modules_are_small() -> None:
    lines = {
        str(path.relative_to(ROOT)): len(path.read_text().splitlines())
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
    }
    assert len(lines) > len(PACKAGES)
    assert median(lines.values()) <= 100
    tests = {
        str(path.relative_to(ROOT)): len(path.read_text().splitlines())
        for path in (ROOT / "tests").rglob("*.py")
    }
    assert {path: count for path, count in (lines | tests).items() if count > 500} == {}


def test_no_module_has_a_name_that_says_nothing() -> None:
    forbidden = {"utils", "helpers", "common", "manager", "misc", "impl"}
    stems = {path.stem for package in PACKAGES for path in (ROOT / package).rglob("*.py")}
    assert not {stem for stem in stems if forbidden & set(stem.strip("_").split("_"))}
