"""The stored form of rows: what is put is what is got, and what does not fit is named."""

from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.projecting.cells import HIGHEST, LOWEST, RowForm, UnfitValueError
from infra.projecting.overlay import Overlay, UnnamedRowError
from projections.base import Column, Kind, Table

ALL = Table(
    "all",
    (*(Column(kind.value, kind, optional=True) for kind in Kind),),
    ("uuid", "key"),
)
FORM = RowForm(ALL)

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(LOWEST, HIGHEST) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
ROWS = st.fixed_dictionaries(
    {
        "key": TEXTS,
        "text": st.none() | TEXTS,
        "integer": st.none() | st.integers(LOWEST, HIGHEST),
        "boolean": st.none() | st.booleans(),
        "instant": st.none() | st.datetimes(timezones=st.just(UTC)),
        "uuid": st.uuids(),
        "json": JSON.filter(lambda value: value is not None),
    }
)


@given(ROWS)
def test_what_is_stored_is_loaded(row) -> None:
    assert FORM.loaded(FORM.stored(row)) == row
    assert FORM.key_of(FORM.stored(row)) == FORM.stored_key(ALL.key_of(row))


def test_an_instant_is_stored_in_utc() -> None:
    elsewhere = datetime(2026, 11, 23, 12, tzinfo=timezone(timedelta(hours=2)))
    cells = FORM.stored(a_row(instant=elsewhere))
    assert datetime(2026, 11, 23, 10) in cells  # noqa: DTZ001  # as the column holds it


def test_a_word_of_an_enumeration_is_stored_as_its_text() -> None:
    class Word(StrEnum):
        YES = "yes"

    assert type(FORM.loaded(FORM.stored(a_row(key=Word.YES)))["key"]) is str


def a_row(**differing: object):
    row = dict.fromkeys(FORM.names) | {"uuid": UUID(int=1), "key": "k", "json": {}}
    return row | differing


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("key", "x" * 121),
        ("key", None),
        ("key", 1),
        ("uuid", None),
        ("uuid", "00000000-0000-0000-0000-000000000001"),
        ("text", b"bytes"),
        ("text", "\ud800"),
        ("integer", HIGHEST + 1),
        ("integer", 1.0),
        ("integer", True),
        ("boolean", 1),
        ("instant", datetime(2026, 11, 23)),  # noqa: DTZ001  # not aware
        ("json", {"a": object()}),
        ("json", {"a": "\ud800"}),
    ],
)
def test_what_does_not_fit_is_refused_by_its_column(column: str, value: object) -> None:
    with pytest.raises(UnfitValueError, match=f"^all.{column} "):
        FORM.stored(a_row(**{column: value}))


def test_a_missing_column_is_refused() -> None:
    row = a_row()
    del row["text"]
    with pytest.raises(UnfitValueError, match="unknown columns: text"):
        FORM.stored(row)
    with pytest.raises(UnfitValueError, match="not a key"):
        FORM.stored_key((UUID(int=1),))


# ---- the overlay


@pytest.fixture
def overlay() -> Overlay:
    overlay = Overlay({"all": FORM})
    overlay.fetched("all", iter([FORM.stored(a_row(text="stored"))]))
    return overlay


KEY = (UUID(int=1), "k")
NAMED = frozenset({("all", FORM.stored_key(KEY))})


def test_an_event_that_is_not_accepted_leaves_no_trace(overlay: Overlay) -> None:
    overlay.begin(NAMED)
    overlay.put(ALL, a_row(text="tried"))
    overlay.delete(ALL, (UUID(int=2), "k"))
    overlay.begin(NAMED)
    assert overlay.get(ALL, KEY) == a_row(text="stored")
    overlay.accept()
    assert list(overlay.changed("all")) == []
    assert list(overlay.deleted("all")) == []


def test_accepted_changes_are_seen_by_the_next_event(overlay: Overlay) -> None:
    overlay.begin(NAMED)
    overlay.delete(ALL, KEY)
    assert overlay.get(ALL, KEY) is None
    overlay.accept()
    overlay.begin(NAMED)
    assert overlay.get(ALL, KEY) is None
    assert list(overlay.deleted("all")) == [FORM.stored_key(KEY)]
    overlay.put(ALL, a_row(text="again"))
    overlay.accept()
    assert list(overlay.deleted("all")) == []
    assert [FORM.loaded(cells)["text"] for cells in overlay.changed("all")] == ["again"]


def test_what_an_event_may_get_does_not_depend_on_the_others(overlay: Overlay) -> None:
    overlay.begin(NAMED)
    overlay.put(ALL, a_row(text="mine"))
    overlay.accept()
    overlay.begin(frozenset())
    with pytest.raises(UnnamedRowError):
        overlay.get(ALL, KEY)
    overlay.put(ALL, a_row(text="own"))
    assert (overlay.get(ALL, KEY) or {})["text"] == "own"


def test_a_row_that_was_got_is_nobody_elses(overlay: Overlay) -> None:
    overlay.begin(NAMED)
    got = overlay.get(ALL, KEY)
    assert got is not None
    got["json"]["changed"] = True  # type: ignore[index,call-overload]
    assert overlay.get(ALL, KEY) == a_row(text="stored")
