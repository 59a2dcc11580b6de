"""The stored form of events: what is read is what was written, in today's form or not at all."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import UUID

import msgspec
import pytest
from eventsourcing.persistence import Notification, StoredEvent

from domain.directory.events import TokenIssued
from domain.document.events import CommentAdded, DocumentCreated
from domain.events import EVENTS
from domain.metadata import Channel, Event
from domain.values import Line, Value
from infra.codec import Codec, UnknownEventError
from tests.builders import DOCUMENT, a_meta
from tests.documents import COST, created

CODEC = Codec(EVENTS)


@dataclass(frozen=True)
class Moved(Event):
    """An event whose form has changed twice: once `to`, then `place`, then place and floor."""

    TOPIC: ClassVar[str] = "toy.moved"
    SCHEMA: ClassVar[int] = 3
    place: str
    floor: int
    values: Mapping[str, Value]


def first_to_second(data: dict[str, Any]) -> dict[str, Any]:
    return {"place": data["to"], "values": data["values"]}


def second_to_third(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "floor": 0}


MOVING = Codec([Moved], {("toy.moved", 1): first_to_second, ("toy.moved", 2): second_to_third})
COST_STORED = {"amount": "5.00", "currency": "EUR"}
VALUES = {"cost": COST_STORED, "title": "Desk"}


def stored(topic: str, data: object, **further: object) -> StoredEvent:
    meta = json.loads(CODEC.stored(DOCUMENT, 1, CommentAdded("x"), a_meta()).state)["meta"]
    state = json.dumps({"meta": meta, "data": data, **further}).encode()
    return StoredEvent(DOCUMENT, 1, topic, state)


def test_an_event_comes_back_with_its_place_and_its_meta() -> None:
    meta = a_meta(on_behalf_of="zoe", channel=Channel.IMPORT)
    found = CODEC.recorded(CODEC.stored(DOCUMENT, 7, created(), meta))
    assert (found.stream, found.version, found.position) == (DOCUMENT, 7, None)
    assert (found.event, found.meta) == (created(), meta)
    assert isinstance(found.event, DocumentCreated)
    assert found.event.values["cost"] == COST


def test_what_was_read_from_the_log_has_a_position() -> None:
    one = CODEC.stored(DOCUMENT, 1, created(), a_meta())
    notification = Notification(
        one.originator_id, one.originator_version, one.topic, one.state, id=41
    )
    assert CODEC.recorded(notification).position == 41


def test_instants_are_utc_to_the_microsecond() -> None:
    at = datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=UTC)
    one = CODEC.stored(DOCUMENT, 1, TokenIssued("ann", "t", "0" * 64, at), a_meta(effective_at=at))
    state = json.loads(one.state)
    assert state["data"]["expires_at"] == "2026-03-29T01:30:00.123456Z"
    assert state["meta"]["effective_at"] == "2026-03-29T01:30:00.123456Z"
    found = CODEC.recorded(one)
    assert isinstance(found.event, TokenIssued)
    assert found.event.expires_at == found.meta.effective_at == at
    assert found.meta.effective_at.tzinfo is UTC


def test_the_stored_form_is_small_and_plain() -> None:
    state = json.loads(CODEC.stored(DOCUMENT, 1, created(), a_meta()).state)
    assert state.keys() == {"meta", "data"}  # the first schema is not named
    assert state["data"]["values"] == VALUES


#: How a day, a truth and lines stand in logs: for ever.
STORED = {
    "due": "2026-11-23",
    "items": [
        {"line": 4, "cells": {"account": "4711", "debit": COST_STORED, "checked": False}},
        {"line": 1, "cells": {}},
    ],
    "urgent": True,
}


def test_days_truths_and_lines_have_a_stored_form_for_ever() -> None:
    lines = (Line(4, {"account": "4711", "debit": COST, "checked": False}), Line(1, {}))
    values: dict[str, Value] = {"due": "2026-11-23", "urgent": True, "items": lines}
    event = Moved("x", 0, values)
    one = MOVING.stored(DOCUMENT, 1, event, a_meta())
    assert json.loads(one.state)["data"]["values"] == STORED
    found = MOVING.recorded(
        stored("toy.moved", {"place": "x", "floor": 0, "values": STORED}, schema=3)
    )
    assert repr(found.event) == repr(Moved("x", 0, dict(sorted(values.items()))))


def test_one_event_has_one_stored_form() -> None:
    one = CODEC.stored(DOCUMENT, 1, created(title="x", pieces=1), a_meta())
    other = CODEC.stored(DOCUMENT, 1, created(pieces=1, title="x"), a_meta())
    assert one == other


def test_a_topic_that_is_not_known_is_said() -> None:
    with pytest.raises(UnknownEventError, match=r"'toy\.gone'"):
        CODEC.recorded(stored("toy.gone", {}))


@pytest.mark.parametrize("data", [{"text": "x"}, {"lines": ["x"]}])
def test_a_form_that_newer_code_wrote_is_not_guessed(data) -> None:
    with pytest.raises(UnknownEventError, match="schema 2"):
        CODEC.recorded(stored("document.comment_added", data, schema=2))
    with pytest.raises(UnknownEventError, match="schema 4"):
        MOVING.recorded(stored("toy.moved", {}, schema=4))


@pytest.mark.parametrize(
    "state",
    [
        b"",
        b"{",
        b"[]",
        b'{"data": {"text": "x"}}',
        b"\xff",
        stored("document.comment_added", {}).state,
        stored("document.comment_added", {"text": 5}).state,
        stored("document.comment_added", {"text": "x"}, schema="2").state,
    ],
)
def test_a_state_of_another_form_is_an_error(state) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        CODEC.recorded(StoredEvent(DOCUMENT, 1, "document.comment_added", state))


@pytest.mark.parametrize(
    ("data", "further"),
    [
        ({"to": "Graz", "values": VALUES}, {}),
        ({"to": "Graz", "values": VALUES}, {"schema": 1}),
        ({"place": "Graz", "values": VALUES}, {"schema": 2}),
        ({"place": "Graz", "floor": 0, "values": VALUES}, {"schema": 3}),
    ],
)
def test_every_older_form_is_read_as_todays(data, further) -> None:
    found = MOVING.recorded(stored("toy.moved", data, **further))
    assert found.event == Moved("Graz", 0, created().values)
    assert found.meta == a_meta()


def test_todays_form_names_its_schema() -> None:
    event = Moved("Graz", 2, created().values)
    one = MOVING.stored(DOCUMENT, 1, event, a_meta())
    assert json.loads(one.state)["schema"] == 3
    assert MOVING.recorded(one).event == event


def test_an_older_form_without_an_upcaster_is_refused() -> None:
    codec = Codec([Moved], {("toy.moved", 2): second_to_third})
    with pytest.raises(UnknownEventError, match="schema 1"):
        codec.recorded(stored("toy.moved", {"to": "Graz", "values": {}}))


def test_an_upcaster_sees_plain_json() -> None:
    seen: list[dict[str, Any]] = []

    def look(data: dict[str, Any]) -> dict[str, Any]:
        seen.append(data)
        return {"place": "x", "floor": 1, "values": {}}

    codec = Codec([Moved], {("toy.moved", 2): look})
    codec.recorded(stored("toy.moved", {"place": "Graz", "values": VALUES}, schema=2))
    assert seen == [{"place": "Graz", "values": VALUES}]


def test_an_event_cannot_be_stored_half() -> None:
    with pytest.raises((msgspec.MsgspecError, UnicodeEncodeError)):
        CODEC.stored(DOCUMENT, 1, CommentAdded("\ud83d"), a_meta())


def test_the_streams_id_is_kept() -> None:
    stream = UUID(int=1)
    assert CODEC.stored(stream, 1, created(), a_meta()).originator_id == stream
