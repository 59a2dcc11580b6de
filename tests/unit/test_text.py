"""Texts that people write: bounded, storable everywhere, never half."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import Reason, RefusedError
from domain.text import LONGEST_TEXT, required_text, text

ANY = st.text(st.characters(), max_size=50)


@given(ANY)
def test_what_is_accepted_can_be_stored_and_is_accepted_as_it_is(value: str) -> None:
    if "\0" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
        with pytest.raises(RefusedError):
            text(value, "x")
        return
    found = text(value, "x")
    found.encode()
    assert found == value.strip() == text(found, "x")


@pytest.mark.parametrize("value", ["a\0b", "\ud800", "x\udfff", "\ud83d\ude00", "x" * 10_001])
def test_what_cannot_be_stored_is_refused_at_its_place(value: str) -> None:
    with pytest.raises(RefusedError) as refused:
        text(value, "reason")
    assert (refused.value.reason, refused.value.place) == (Reason.INVALID, "reason")


def test_a_text_of_the_longest_length_is_kept() -> None:
    assert text("x" * LONGEST_TEXT, "x") == "x" * LONGEST_TEXT
    assert text("\U0001f600\ud7ff\ue000", "x") == "\U0001f600\ud7ff\ue000"


@pytest.mark.parametrize("value", ["", " ", "\t\u2003\n"])
def test_a_text_that_is_required_is_not_white_space(value: str) -> None:
    assert text(value, "reason") == ""
    with pytest.raises(RefusedError) as refused:
        required_text(value, "reason")
    assert (refused.value.reason, refused.value.place) == (Reason.MISSING_FIELD, "reason")
    assert required_text(f"{value}so{value}", "reason") == "so"
