"""What people do over HTTP, from a definition to the last milestone, and what each then sees."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from infra.stack import MariaDBServer
from tests.integration.api_world import PURCHASE, VALUES, World, a_company


@pytest.fixture(scope="module")
def world(server: MariaDBServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with a_company(server, Path(tmp_path_factory.mktemp("redis")), "api_story") as world:
        yield world


def inbox(world: World, by: str) -> list[str]:
    return [task["document"] for task in world.ok("GET", "/v1/inbox", by=by)["items"]]


def test_a_purchase_goes_from_draft_to_paid(world: World) -> None:
    document = world.draft()
    path = f"/v1/documents/{document}"
    assert world.shown(document)["status"] == "draft"
    world.do("PATCH", path, by="ann", body={"values": {"title": "Desks"}})
    world.do("POST", f"{path}/submit", by="ann")
    assert document in inbox(world, "mia")
    seen = world.shown(document, "mia")
    world.do("POST", f"{path}/approve", by="mia", body={"revision": seen["revision"]})
    assert document not in inbox(world, "mia")
    assert document in inbox(world, "fay")
    assert document in inbox(world, "fin")
    decision = {"revision": seen["revision"], "step": "money", "comment": "within budget"}
    world.do("POST", f"{path}/approve", by="fay", body=decision)
    assert document not in inbox(world, "fin")
    world.do("POST", f"{path}/milestones/ordered", by="fin")
    world.do("POST", f"{path}/milestones/paid", by="fay")
    world.do("POST", f"{path}/comments", by="ann", body={"text": "thank you"})
    found = world.shown(document)
    assert (found["status"], found["milestones"]) == ("approved", ["ordered", "paid"])
    assert found["values"]["title"] == "Desks"
    types = [each["type"] for each in world.ok("GET", f"{path}/timeline", by="ann")["items"]]
    assert types[:3] == ["document.created", "document.revised", "document.submitted"]
    assert types[-1] == "document.comment_added"


def test_a_draft_is_discarded_and_stays_readable(world: World) -> None:
    document = world.draft()
    path = f"/v1/documents/{document}"
    world.do("POST", f"{path}/discard", by="ann")
    assert world.shown(document)["status"] == "discarded"
    types = [each["type"] for each in world.ok("GET", f"{path}/timeline", by="ann")["items"]]
    assert types == ["document.created", "document.discarded"]
    listed = world.ok("GET", "/v1/documents?status=discarded", by="ann")
    assert [each["document"] for each in listed["items"]] == [str(document)]
    answer = world.call("POST", f"{path}/submit", by="ann")
    assert (answer.status_code, answer.json["type"]) == (409, "urn:ringi:problem:wrong-status")


def test_a_rejected_document_returns_and_goes_again(world: World) -> None:
    document = world.pending()
    path = f"/v1/documents/{document}"
    body = {"revision": world.revision(document), "reason": "too dear"}
    world.do("POST", f"{path}/reject", by="mia", body=body)
    assert world.shown(document)["status"] == "returned"
    world.do("POST", f"{path}/submit", by="ann")
    world.do("POST", f"{path}/withdraw", by="ann", body={"reason": "no longer needed"})
    assert world.shown(document)["status"] == "withdrawn"
    assert document not in inbox(world, "mia")


def test_what_is_recorded_is_shown_from_the_log_before_any_view_has_it(world: World) -> None:
    body = {"definition": "purchase", "values": VALUES}
    created = world.ok("POST", "/v1/documents", by="ann", body=body)
    path = f"/v1/documents/{created['document']}"
    assert world.call("GET", path, by="ann").status_code == 404
    for reader in ("ann", "ivy", "root"):
        (event,) = world.ok("GET", f"{path}/events", by=reader)["items"]
        assert (event["version"], event["topic"]) == (1, "document.created")
        assert (event["meta"]["actor"], event["meta"]["channel"]) == ("ann", "api")
        assert event["data"]["values"]["amount"] == VALUES["amount"]
    assert world.call("GET", f"{path}/events", by="bob").status_code == 403


def test_a_created_thing_is_where_its_location_says(world: World) -> None:
    key = uuid4().hex[:8]
    requests = (
        ("/v1/documents", "ann", {"definition": "purchase", "values": VALUES}),
        ("/v1/people", "root", {"login": f"eva-{key}", "name": "Eva"}),
        ("/v1/definitions", "root", {**PURCHASE, "definition": f"trip_{key}"}),
    )
    for path, by, body in requests:
        answer = world.call("POST", path, by=by, body=body)
        assert answer.status_code == 201
        world.pump()
        found = world.call("GET", answer.headers["Location"], by=by)
        assert found.status_code == 200
        assert found.headers["ETag"] == answer.headers["ETag"] == '"1"'


def test_a_definition_reads_as_it_was_sent(world: World) -> None:
    body = {
        "definition": "travel",
        "label": "Travel",
        "fields": [
            {"name": "by", "kind": "choice", "choices": ["train", "plane"], "required": True},
            {"name": "deputy", "kind": "person"},
        ],
        "steps": [
            {"name": "one", "approver": {"person": "mia"}},
            {"name": "two", "approver": {"field": "deputy"}, "condition": 'deputy != ""'},
            {"name": "three", "approver": {"role": "finance"}, "label": "Money"},
            {"name": "four", "approver": {"manager": "requester"}},
        ],
        "self_approval": True,
    }
    world.do("POST", "/v1/definitions", by="root", body=body)
    world.do("POST", "/v1/definitions", by="root", body={**body, "label": "Journeys"})
    first = world.ok("GET", "/v1/definitions/travel?version=1", by="ann")
    assert (first["label"], first["definition_version"]) == ("Travel", 1)
    latest = world.ok("GET", "/v1/definitions/travel", by="ann")
    assert (latest["label"], latest["definition_version"]) == ("Journeys", 2)
    assert [step["approver"] for step in latest["steps"]] == [
        step["approver"]
        for step in body["steps"]  # type: ignore[index]
    ]
    sent_again = {name: latest[name] for name in (*body, "milestones")}
    answer = world.call("POST", "/v1/definitions", by="root", body=sent_again)
    assert answer.json["type"] == "urn:ringi:problem:nothing-changes"
    listed = world.ok("GET", "/v1/definitions", by="bob")["items"]
    assert [each["label"] for each in listed if each["definition"] == "travel"] == ["Journeys"]


def test_the_directory_is_kept_over_http(world: World) -> None:
    world.do("POST", "/v1/people", by="root", body={"login": "leo", "name": "Leo"})
    path = "/v1/people/leo"
    world.do("PUT", f"{path}/roles/clerk", by="root")
    world.do("PUT", f"{path}/manager", by="root", body={"manager": "mia"})
    found = world.ok("GET", path, by="bob")
    assert (found["roles"], found["manager"], found["active"]) == (["clerk"], "mia", True)
    world.do("PUT", f"{path}/manager", by="root", body={"manager": None})
    world.do("DELETE", f"{path}/roles/clerk", by="root")
    world.do("POST", f"{path}/deactivate", by="root")
    found = world.ok("GET", path, by="bob")
    assert (found["roles"], found["manager"], found["active"]) == ([], None, False)
    world.do("POST", f"{path}/reactivate", by="root")
    assert world.ok("GET", path, by="bob")["active"] is True


def test_a_token_works_from_its_issue_until_it_is_revoked(world: World) -> None:
    answer = world.call("POST", "/v1/people/bob/tokens", by="root", body={"label": "laptop"})
    assert answer.headers["Cache-Control"] == "no-store"
    issued = answer.json
    world.pump()
    bearer = {"Authorization": f"Bearer {issued['secret']}"}
    assert world.ok("GET", "/v1/me", headers=bearer)["login"] == "bob"
    (listed,) = [
        each
        for each in world.ok("GET", "/v1/people/bob/tokens", by="bob")["items"]
        if each["token"] == issued["token"]
    ]
    assert listed == {
        "login": "bob",
        "token": issued["token"],
        "label": "laptop",
        "expires_at": None,
        "revoked": False,
    }
    world.do("DELETE", f"/v1/people/bob/tokens/{issued['token']}", headers=bearer)
    assert world.call("GET", "/v1/me", headers=bearer).status_code == 401


def test_a_ticket_stands_for_who_asked_for_it_once(world: World) -> None:
    found = world.ok("POST", "/v1/tickets", by="fay")
    assert found["expires_in_s"] == 30
    credential = world.parts.access.redeem(found["ticket"])
    assert credential is not None
    redeemed = world.parts.access.holder(credential)
    assert redeemed is not None
    assert (redeemed.login, redeemed.roles) == ("fay", {"finance"})
    assert world.parts.access.redeem(found["ticket"]) is None


def test_the_root_links_to_what_is_there(world: World) -> None:
    for name, path in world.ok("GET", "/v1")["links"].items():
        expected = 405 if name == "tickets" else 200
        assert world.call("GET", path, by="ann").status_code == expected, path
