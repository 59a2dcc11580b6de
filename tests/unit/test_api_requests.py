"""What is taken of a request, and what is not: JSON, parameters, cursors, headers."""

import json
from collections.abc import Callable

import falcon
import pytest
from falcon import testing
from hypothesis import given
from hypothesis import strategies as st

from api.body import DEEPEST, parse
from api.command_headers import headers_of
from api.problems import ApiError, Fault
from api.query import cursor_of, cursor_text, limit_of, parameters
from commands.ports import LONGEST_COMMAND_ID
from infra.eventstore.idempotency import LONGEST_KEY

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def failure(act: Callable[[], object]) -> ApiError | None:
    """Return how it fails, None if it does not; whatever else is raised fails the test."""
    try:
        act()
    except ApiError as error:
        return error
    return None


def a_request(**headers: str) -> falcon.Request:
    return testing.create_req(headers=headers)


@given(VALUES)
def test_what_json_can_say_is_read_as_python_reads_it(value: object) -> None:
    try:
        raw = json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raw = json.dumps(value).encode()
        with pytest.raises(ApiError, match="half a character"):
            parse(raw)
        return
    assert parse(raw) == value


@given(st.binary(max_size=60))
def test_any_bytes_are_json_or_a_problem(raw: bytes) -> None:
    error = failure(lambda: parse(raw))
    assert error is None or (error.fault is Fault.MALFORMED_JSON and error.detail)


def nested(depth: int) -> bytes:
    return b'{"x":' * (depth - 1) + b"[]" + b"}" * (depth - 1)


def test_depth_is_bounded_exactly() -> None:
    parse(nested(DEEPEST))
    parse(b"[" + b"[]," * 1000 + b"[]]")  # many, but not deep
    for depth in (DEEPEST + 1, 5000):
        with pytest.raises(ApiError, match="deep"):
            parse(nested(depth))


def test_escaped_whole_characters_are_taken() -> None:
    assert parse(b'"\\ud83d\\udca5 \\u00fc"') == "💥 ü"


@given(st.lists(st.integers(0, 2**63 - 1) | st.text(max_size=40), min_size=1, max_size=3))
def test_a_cursor_reads_as_it_was_made(after: list[int | str]) -> None:
    kinds = tuple(type(each) for each in after)
    try:
        text = cursor_text("list", after)
    except UnicodeEncodeError:
        return  # no row has half a character
    assert text.isascii()
    if len(text) <= 400:
        assert cursor_of({"cursor": text}, "list", kinds) == after
    with pytest.raises(ApiError):
        cursor_of({"cursor": text}, "other", kinds)
    with pytest.raises(ApiError):
        cursor_of({"cursor": text}, "list", (*kinds, int))


@given(st.text(max_size=40))
def test_any_text_is_a_cursor_or_a_problem(text: str) -> None:
    error = failure(lambda: cursor_of({"cursor": text}, "list", (int,)))
    assert error is None or (error.fault, error.place) == (Fault.MALFORMED_QUERY, "cursor")


@given(st.text(max_size=10))
def test_any_text_is_a_limit_or_a_problem(text: str) -> None:
    error = failure(lambda: limit_of({"limit": text}))
    if error is None:
        assert 1 <= limit_of({"limit": text}) <= 200
    else:
        assert (error.fault, error.place) == (Fault.MALFORMED_QUERY, "limit")


def test_without_a_limit_pages_are_of_the_usual_size() -> None:
    assert limit_of({}) == 50


def test_a_parameter_is_known_and_given_once() -> None:
    req = testing.create_req(query_string="a=1&b=2")
    assert parameters(req, ("a", "b", "c")) == {"a": "1", "b": "2"}
    with pytest.raises(ApiError, match="there are a, c") as caught:
        parameters(req, ("a", "c"))
    assert caught.value.place == "b"
    with pytest.raises(ApiError, match="once"):
        parameters(testing.create_req(query_string="a=1&a=2"), ("a",))


KEYS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=255)
LOGINS = st.from_regex(r"[a-z][a-z0-9._-]{0,39}", fullmatch=True)


@given(KEYS, KEYS, LOGINS, LOGINS)
def test_keys_of_two_people_never_meet_and_fit_the_log(
    one: str, other: str, ann: str, bob: str
) -> None:
    ids = {
        (login, key): headers_of(a_request(**{"Idempotency-Key": key}), login).command_id
        for login in (ann, bob)
        for key in (one, other)
    }
    assert LONGEST_COMMAND_ID == LONGEST_KEY
    assert all(len(each) <= LONGEST_KEY for each in ids.values())
    assert len(set(ids.values())) == len(ids)


def test_a_document_follows_from_its_key_and_its_requester() -> None:
    def document(login: str, **headers: str) -> object:
        return headers_of(a_request(**headers), login).new_document

    key = {"Idempotency-Key": "k"}
    assert document("ann", **key) == document("ann", **key) != document("bob", **key)
    assert document("ann") != document("ann")


@pytest.mark.parametrize(
    ("header", "version"), [('"0"', 0), ('"12"', 12), (' "3" ', 3), ("*", None), (None, None)]
)
def test_if_match_names_a_version_or_any(header: str | None, version: int | None) -> None:
    given_headers = {} if header is None else {"If-Match": header}
    assert headers_of(a_request(**given_headers), "ann").expected_version == version


@pytest.mark.parametrize("header", ["", "3", 'W/"3"', '"03"', '"3', '"3","4"', '"٣"', '"-1"'])
def test_anything_else_in_if_match_is_refused(header: str) -> None:
    with pytest.raises(ApiError) as caught:
        headers_of(a_request(**{"If-Match": header}), "ann")
    assert (caught.value.fault, caught.value.place) == (Fault.MALFORMED_HEADER, "If-Match")
