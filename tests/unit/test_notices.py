"""Which events make which notices, for whom."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from domain.document.events import (
    AssigneeKind,
    DocumentApproved,
    DocumentReturned,
    DocumentWithdrawn,
    Slot,
    StepStarted,
)
from domain.job.events import JobFailed, JobSucceeded
from domain.metadata import Channel, Event
from domain.notices import notice_id
from projections.base import Row
from projections.notices import NOTICE, NOTICES
from projections.registry import PROJECTIONS
from tests.builders import AT, DOCUMENT, a_meta, recorded
from tests.fakes import InMemoryRows

STARTED = StepStarted(
    1,
    "lead",
    (
        Slot("1.lead.1", AssigneeKind.PERSON, "mia", "the manager"),
        Slot("1.lead.2", AssigneeKind.ROLE, "finance", "named", ("ann", "bob")),
    ),
)


def made(*events: Event, channel: Channel = Channel.API) -> list[Row]:
    rows = InMemoryRows()
    happened = [replace(each, meta=a_meta(channel=channel)) for each in recorded(events)]
    assert rows.run(NOTICES, happened) == [], "the feed tells nothing"
    return list(rows.all(NOTICE).values())


def brief(rows: list[Row]) -> list[tuple[object, ...]]:
    return [tuple(row[name] for name in ("kind", "addressee", "name", "excluded")) for row in rows]


def test_each_slot_that_opens_makes_a_notice_for_its_person_or_role() -> None:
    rows = made(STARTED)
    assert brief(rows) == [
        ("task_assigned", "person", "mia", []),
        ("task_assigned", "role", "finance", ["ann", "bob"]),
    ]
    assert [row["notice"] for row in rows] == [notice_id(DOCUMENT, 1, 1), notice_id(DOCUMENT, 1, 2)]
    assert {(row["stream"], row["version"], row["number"]) for row in rows} == {(DOCUMENT, 1, 1)}


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        (DocumentApproved(1), "document_decided"),
        (DocumentReturned(1, "too dear"), "document_decided"),
        (JobSucceeded(1), "job_finished"),
        (JobFailed(5, "no room", None), "job_finished"),
    ],
    ids=lambda value: getattr(value, "TOPIC", ""),
)
def test_what_is_decided_or_finished_makes_one_for_who_asked(event: Event, kind: str) -> None:
    assert brief(made(event)) == [(kind, "requester", "", [])]


@pytest.mark.parametrize(
    "event", [DocumentWithdrawn(1, "never mind"), JobFailed(1, "no room", AT + timedelta(1))]
)
def test_what_the_requester_did_and_what_is_tried_again_make_none(event: Event) -> None:
    assert made(event) == []


def test_what_is_imported_makes_none() -> None:
    assert made(STARTED, DocumentApproved(1), channel=Channel.IMPORT) == []
    assert len(made(STARTED, DocumentApproved(1), channel=Channel.MAIL_LINK)) == 3


def test_an_id_is_for_ever() -> None:
    assert notice_id(DOCUMENT, 3, 1) == UUID("e7c2f016-a194-51cd-9e8a-781fb4c8944a")
    assert notice_id(DOCUMENT, 3, 1) != notice_id(DOCUMENT, 3, 2) != notice_id(DOCUMENT, 4, 1)


def test_what_has_effects_never_gets_another_version() -> None:
    assert {each.name for each in PROJECTIONS if each.effects} == {"notices"}
    assert all(each.version == 1 for each in PROJECTIONS if each.effects)
