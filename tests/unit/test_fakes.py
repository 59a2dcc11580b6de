"""The fakes keep the contracts of what they stand for, and notice what they are to notice."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from commands.ports import EventLog, Ports
from domain.metadata import Recorded
from projections.base import Change, Column, Kind, Projection, Rows, Table
from tests.builders import DOCUMENT, recorded
from tests.contracts.calendars_contract import CalendarsContract
from tests.contracts.directory_contract import DirectoryContract
from tests.contracts.event_log_contract import EventLogContract
from tests.contracts.ports_contract import PortsContract
from tests.documents import created
from tests.fakes import InMemoryDirectory, InMemoryEventLog, InMemoryRows, Known
from tests.office import WorkspaceOffice

SEEN = Table(
    "seen",
    (
        Column("stream", Kind.UUID),
        Column("what", Kind.JSON),
        Column("note", Kind.KEY, optional=True),
    ),
    key=("stream",),
)


class TestInMemoryEventLog(EventLogContract):
    @pytest.fixture(autouse=True)
    def _fresh_log(self) -> None:
        self.log = InMemoryEventLog()

    def open(self) -> EventLog:
        return self.log


class TestInMemoryPorts(PortsContract, DirectoryContract, CalendarsContract):
    def ports_of(self, office: WorkspaceOffice) -> Ports:
        return office.bus.ports


def toy(fold, reads=lambda _: ()) -> Projection:
    return Projection("toy", 1, (SEEN,), frozenset({"document.created"}), reads, fold)


def run(fold, reads=lambda _: ()) -> InMemoryRows:
    rows = InMemoryRows()
    rows.run(toy(fold, reads), recorded([created()]))
    return rows


def test_a_row_that_reads_did_not_name_cannot_be_got() -> None:
    def fold(rows: Rows, _: Recorded) -> list[Change]:
        rows.get(SEEN, (DOCUMENT,))
        return []

    run(fold, lambda _: [(SEEN, (DOCUMENT,))])
    with pytest.raises(AssertionError, match="was not named by reads"):
        run(fold, lambda _: [(SEEN, (uuid4(),))])


@pytest.mark.parametrize(
    "row",
    [
        {"stream": DOCUMENT, "what": {}},
        {"stream": DOCUMENT, "what": {}, "note": None, "more": 1},
        {"stream": DOCUMENT, "what": None, "note": None},
        {"stream": str(DOCUMENT), "what": {}, "note": None},
        {"stream": DOCUMENT, "what": {}, "note": "x" * 121},
    ],
)
def test_a_row_that_no_table_takes_is_refused(row) -> None:
    with pytest.raises(AssertionError):
        run(lambda rows, _: rows.put(SEEN, row) or [])


def test_json_comes_back_as_json_after_the_batch() -> None:
    what = {"words": ("a", "b")}
    rows = run(
        lambda rows, _: rows.put(SEEN, {"stream": DOCUMENT, "what": what, "note": None}) or []
    )
    assert rows.all(SEEN)[(DOCUMENT,)]["what"] == {"words": ["a", "b"]}
    with pytest.raises(TypeError):
        run(
            lambda rows, _: (
                rows.put(
                    SEEN,
                    {"stream": DOCUMENT, "what": datetime(2026, 1, 1, tzinfo=UTC), "note": None},
                )
                or []
            )
        )


def test_a_chain_of_managers_has_an_end_even_in_a_circle() -> None:
    circle = InMemoryDirectory({"a": Known(manager="b"), "b": Known(manager="a")})
    assert len(circle.managers_above("a")) == 100
    assert InMemoryDirectory({"a": Known(manager="z")}).managers_above("a") == ["z"]
