"""A command takes effect once, and on what its sender saw."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from infra.stack import MariaDBServer
from tests.integration.api_world import VALUES, World, a_company

NEW = {"definition": "purchase", "values": VALUES}


@pytest.fixture(scope="module")
def world(server: MariaDBServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with a_company(server, Path(tmp_path_factory.mktemp("redis")), "api_repeats") as world:
        yield world


def keyed(key: str = "") -> dict[str, str]:
    return {"Idempotency-Key": key or uuid4().hex}


def test_a_repeated_request_is_answered_alike_and_does_nothing(world: World) -> None:
    key = keyed()
    first = world.call("POST", "/v1/documents", by="ann", body=NEW, headers=key)
    before = world.events()
    again = world.call("POST", "/v1/documents", by="ann", body=NEW, headers=key)
    assert world.events() == before
    assert (again.status_code, first.status_code) == (201, 201)
    assert again.json == {**first.json, "repeated": True}
    assert first.json["repeated"] is False
    for header in ("Location", "ETag"):
        assert again.headers[header] == first.headers[header]


def test_a_repetition_is_recognised_after_the_state_has_moved_on(world: World) -> None:
    document = world.draft()
    key = keyed()
    path = f"/v1/documents/{document}/submit"
    first = world.do("POST", path, by="ann", headers=key)
    body = {"revision": world.revision(document), "reason": "no"}
    world.do("POST", f"/v1/documents/{document}/reject", by="mia", body=body)
    again = world.ok("POST", path, by="ann", headers=key)
    assert again == {**first, "repeated": True}
    assert world.shown(document)["status"] == "returned"


def test_a_key_with_another_body_is_refused(world: World) -> None:
    key = keyed()
    world.ok("POST", "/v1/documents", by="ann", body=NEW, headers=key)
    before = world.events()
    other = {**NEW, "values": {"title": "Lamps"}}
    answer = world.call("POST", "/v1/documents", by="ann", body=other, headers=key)
    assert (answer.status_code, answer.json["type"]) == (422, "urn:ringi:problem:key-reused")
    assert world.events() == before


@pytest.mark.parametrize("key", ["order-66", "k" * 255])
def test_two_people_may_use_the_same_key(world: World, key: str) -> None:
    found = [
        world.ok("POST", "/v1/documents", by=by, body=NEW, headers=keyed(key))
        for by in ("ann", "bob")
    ]
    assert found[0]["document"] != found[1]["document"]
    assert [each["repeated"] for each in found] == [False, False]
    again = world.ok("POST", "/v1/documents", by="ann", body=NEW, headers=keyed(key))
    assert again == {**found[0], "repeated": True}


def test_without_a_key_each_request_is_another_one(world: World) -> None:
    found = [world.ok("POST", "/v1/documents", by="ann", body=NEW) for _ in range(2)]
    assert found[0]["document"] != found[1]["document"]


def test_a_tokens_secret_is_shown_once(world: World) -> None:
    key, path = keyed(), "/v1/people/bob/tokens"
    first = world.ok("POST", path, by="root", body={"label": "x"}, headers=key)
    world.ok("POST", path, by="root", body={"label": "y"})
    again = world.ok("POST", path, by="root", body={"label": "x"}, headers=key)
    assert first["secret"].startswith("rt_")
    assert again == {**first, "repeated": True, "secret": None, "secret_shown_before": True}


def test_a_version_that_is_still_so_lets_the_command_through(world: World) -> None:
    document = world.draft()
    tag = world.call("GET", f"/v1/documents/{document}", by="ann").headers["ETag"]
    path, body = f"/v1/documents/{document}", {"values": {"pieces": 3}}
    world.do("PATCH", path, by="ann", body=body, headers={"If-Match": tag})
    world.do("POST", f"{path}/submit", by="ann", headers={"If-Match": "*"})


def test_a_version_that_is_gone_shows_what_has_happened_since(world: World) -> None:
    document = world.draft()
    path = f"/v1/documents/{document}"
    world.do("POST", f"{path}/submit", by="ann")
    before = world.events()
    answer = world.call("POST", f"{path}/withdraw", by="ann", headers={"If-Match": '"1"'})
    assert (answer.status_code, answer.json["place"]) == (412, "If-Match")
    assert answer.json["type"] == "urn:ringi:problem:stale-version"
    assert answer.json["version"] == 3
    assert answer.json["since"] == [
        {"version": 2, "type": "document.submitted", "actor": "ann"},
        {"version": 3, "type": "document.step_started", "actor": "ann"},
    ]
    assert world.events() == before


def test_who_may_not_read_a_document_learns_nothing_from_a_stale_version(world: World) -> None:
    document = world.draft()
    answer = world.call(
        "POST", f"/v1/documents/{document}/withdraw", by="bob", headers={"If-Match": '"7"'}
    )
    assert (answer.status_code, "since" in answer.json) == (403, False)
    answer = world.call(
        "POST", f"/v1/documents/{uuid4()}/withdraw", by="bob", headers={"If-Match": '"7"'}
    )
    assert answer.status_code == 404
    answer = world.call("POST", "/v1/people/mia/deactivate", by="bob", headers={"If-Match": '"1"'})
    assert (answer.status_code, "since" in answer.json) == (403, False)


def test_a_repetition_comes_before_the_version(world: World) -> None:
    document = world.draft()
    headers = {**keyed(), "If-Match": '"1"'}
    path, body = f"/v1/documents/{document}", {"values": {"pieces": 4}}
    first = world.ok("PATCH", path, by="ann", body=body, headers=headers)
    again = world.ok("PATCH", path, by="ann", body=body, headers=headers)
    assert again == {**first, "repeated": True}


@pytest.mark.parametrize(
    ("command", "body"),
    [
        ("approve", {"revision": "0" * 64}),
        ("approve", {"revision": "0" * 64, "step": "nowhere"}),
        ("reject", {"revision": "0" * 64, "reason": "no", "step": "nowhere"}),
        ("submit", {}),
        ("withdraw", {}),
        ("discard", {}),
        ("comments", {"text": "hm"}),
    ],
)
def test_who_may_not_read_a_document_learns_nothing_from_a_refusal(
    world: World, command: str, body: object
) -> None:
    answers = [
        world.call("POST", f"/v1/documents/{document}/{command}", by="bob", body=body)
        for document in (world.draft(), world.pending())
    ]
    assert [answer.status_code for answer in answers] == [403, 403]
    assert {answer.json["detail"] for answer in answers} == {"bob is no party to this document"}


def test_who_may_read_a_document_is_told_why_a_command_is_refused(world: World) -> None:
    path, body = f"/v1/documents/{world.draft()}/approve", {"revision": "0" * 64}
    for reader in ("ann", "ivy"):
        answer = world.call("POST", path, by=reader, body=body)
        assert (answer.status_code, "draft" in answer.json["detail"]) == (409, True)
