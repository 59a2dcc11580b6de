"""Whatever an event may hold comes back from its stored form, for every class of event."""

import json
import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import pytest
from eventsourcing.persistence import Notification
from hypothesis import given
from hypothesis import strategies as st

from domain.definition.cells import LARGEST_INTEGER
from domain.events import EVENTS
from domain.metadata import Event, Meta
from infra.codec import Codec
from tests.fakes import as_json

CODEC = Codec(EVENTS)

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)

_PLAIN: Mapping[type, st.SearchStrategy[Any]] = {
    str: TEXTS,
    bool: st.booleans(),
    int: st.integers(-LARGEST_INTEGER, LARGEST_INTEGER),
    Decimal: st.integers(0, 6).flatmap(
        lambda places: st.decimals(-(10**12), 10**12, places=places, allow_nan=False)
    ),
    datetime: st.datetimes(timezones=st.just(UTC)),
    date: st.dates(),
    type(None): st.none(),
}


def any_of(kind: Any, within: frozenset[type] = frozenset()) -> st.SearchStrategy[Any]:
    """Return whatever is of this type, by the annotations of events; nothing within itself."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin in {Union, types.UnionType}:
        return st.one_of(*(any_of(each, within) for each in inner))
    if origin is tuple:
        each = any_of(inner[0], within)
        return st.just(()) if each.is_empty else st.lists(each, max_size=3).map(tuple)
    if origin is not None and issubclass(origin, Mapping):
        return st.dictionaries(*(any_of(each, within) for each in inner), max_size=4)
    if is_dataclass(kind):
        return st.nothing() if kind in within else _any_made(kind, within | {kind})
    if issubclass(kind, Enum):
        return st.sampled_from(kind)
    return _PLAIN[kind]


def _any_made(kind: Any, within: frozenset[type]) -> st.SearchStrategy[Any]:
    hints = get_type_hints(kind)
    parts = {field.name: any_of(hints[field.name], within) for field in fields(kind)}
    return st.builds(kind, **parts)


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.TOPIC)
@given(data=st.data())
def test_every_event_comes_back_as_it_was(kind: type[Event], data: st.DataObject) -> None:
    event, meta = data.draw(any_of(kind)), data.draw(any_of(Meta))
    stored = CODEC.stored(UUID(int=7), 3, event, meta)
    found = CODEC.recorded(stored)
    assert (found.event, found.meta) == (event, meta)
    assert type(found.event) is kind
    assert vars(found.event) == vars(event)
    again = CODEC.stored(found.stream, found.version, found.event, found.meta)
    assert again == stored
    assert as_json(json.loads(stored.state)) == json.loads(stored.state)
    numbered = Notification(stored.originator_id, 3, stored.topic, stored.state, id=9)
    assert CODEC.recorded(numbered) == replace(found, position=9)
