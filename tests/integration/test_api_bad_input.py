"""Whatever is wrong with a request: a precise problem of a stable type, and no trace in the log."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from api.app import routes
from api.body import LARGEST_BODY
from api.problems import NAMESPACE
from domain.directory.commands import IssueToken
from infra.stack import MariaDBServer
from infra.tokens import new_token
from tests.integration.api_world import PURCHASE, VALUES, World, a_company

NEW = {"definition": "purchase", "values": VALUES}


@pytest.fixture(scope="module")
def world(server: MariaDBServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with a_company(server, Path(tmp_path_factory.mktemp("redis")), "api_bad_input") as world:
        yield world


def refused(
    world: World, status: int, name: str, place: str, *request: str, **given: Any
) -> Mapping[str, Any]:
    """Assert that the request fails so, leaving nothing; return the problem."""
    before = world.events()
    answer = world.call(*request, **given)
    assert world.events() == before
    problem: Mapping[str, Any] = answer.json
    assert (answer.status_code, problem["type"]) == (status, NAMESPACE + name), answer.text
    assert problem.get("place", "") == place, answer.text
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    assert answer.headers["Content-Type"] == "application/problem+json"
    return problem


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b'{"definition": "purchase",\n "values": }', {"line": 2, "column": 12}),
        (b'{"definition": "purchase"', {"line": 1, "column": 26}),
        (b"nonsense", {"line": 1, "column": 1}),
        (b"\xff", {}),
        (b"\xef\xbb\xbf{}", {"line": 1, "column": 1}),
        (b'{"values": {"pieces": NaN}}', {}),
        (b'{"values": {"pieces": -Infinity}}', {}),
        (b'{"values": {"title": "\\ud800"}}', {}),
        (b'{"values": {"pieces": ' + b"9" * 5000 + b"}}", {}),
        (b'{"values": ' + b"[" * 40 + b"]" * 40 + b"}", {}),
        (b"[" * 100_000, {}),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_body_that_is_not_json_is_refused_where_it_ends_to_be(
    world: World, raw: bytes, expected: dict[str, int]
) -> None:
    found = refused(world, 400, "malformed-json", "", "POST", "/v1/documents", by="ann", raw=raw)
    assert {name: found[name] for name in ("line", "column") if name in found} == expected


def test_a_key_that_stands_twice_is_named(world: World) -> None:
    raw = b'{"definition": "purchase", "values": {"title": "a", "title": "b"}}'
    refused(world, 400, "malformed-json", "title", "POST", "/v1/documents", by="ann", raw=raw)


BODIES: list[tuple[str, str, str, Any, str, str]] = [
    # who, method and path, body, type, place
    ("ann", "POST", "/v1/documents", [], "invalid", ""),
    ("ann", "POST", "/v1/documents", {"values": {}}, "missing-field", "definition"),
    ("ann", "POST", "/v1/documents", {**NEW, "colour": 1}, "unknown-field", "colour"),
    ("ann", "POST", "/v1/documents", {**NEW, "values": []}, "invalid", "values"),
    ("ann", "POST", "/v1/documents", {**NEW, "values": None}, "invalid", "values"),
    ("ann", "POST", "/v1/documents", {**NEW, "definition": 7}, "invalid", "definition"),
    ("ann", "POST", "/v1/documents", {**NEW, "definition": "x"}, "not-found", "definition"),
    ("ann", "POST", "/v1/documents", {**NEW, "values": {"x": 1}}, "unknown-field", "values.x"),
    *(
        ("ann", "POST", "/v1/documents", {**NEW, "values": values}, "invalid", place)
        for values, place in (
            ({"title": 7}, "values.title"),
            ({"pieces": "3"}, "values.pieces"),
            ({"pieces": 3.0}, "values.pieces"),
            ({"pieces": True}, "values.pieces"),
            ({"share": 12.5}, "values.share"),
            ({"share": "12.505"}, "values.share"),
            ({"amount": 12.5}, "values.amount"),
            ({"amount": {"amount": 12.5, "currency": "EUR"}}, "values.amount.amount"),
            ({"amount": {"amount": "1", "currency": "eur"}}, "values.amount.currency"),
            ({"amount": {"amount": "1"}}, "values.amount"),
        )
    ),
    ("ann", "PATCH", "{draft}", {}, "missing-field", "values"),
    ("ann", "PATCH", "{draft}", {"values": {"title": "Chairs"}}, "nothing-changes", "values"),
    ("ann", "POST", "{draft}/submit", {"now": True}, "unknown-field", "now"),
    ("ann", "POST", "{draft}/comments", {"text": " "}, "missing-field", "text"),
    ("ann", "POST", "{draft}/milestones/paid", None, "not-allowed", ""),
    ("ann", "POST", "{draft}/withdraw", None, "wrong-status", ""),
    ("ann", "POST", "{draft}/discard", {"now": True}, "unknown-field", "now"),
    ("bob", "POST", "{draft}/discard", None, "not-allowed", ""),
    ("ann", "POST", "{pending}/discard", None, "wrong-status", ""),
    ("bob", "POST", "{draft}/submit", None, "not-allowed", ""),
    ("mia", "POST", "{pending}/approve", {}, "missing-field", "revision"),
    ("mia", "POST", "{pending}/approve", {"revision": 1}, "invalid", "revision"),
    ("mia", "POST", "{pending}/approve", {"revision": "old"}, "stale-revision", "revision"),
    ("mia", "POST", "{pending}/reject", {"revision": "r"}, "missing-field", "reason"),
    ("mia", "POST", "{pending}/reject", {"revision": "r", "reason": ""}, "missing-field", "reason"),
    (
        "mia",
        "POST",
        "{pending}/approve",
        {"revision": "r", "step": "money"},
        "step-not-open",
        "step",
    ),
    ("bob", "POST", "{pending}/approve", {"revision": "r"}, "not-allowed", ""),
    ("ann", "POST", "/v1/people", {"login": "eve", "name": "Eve"}, "not-allowed", ""),
    ("root", "POST", "/v1/people", {"login": "ann", "name": "Ann"}, "already-exists", "login"),
    ("root", "POST", "/v1/people", {"login": "Eve", "name": "Eve"}, "invalid", "login"),
    ("root", "POST", "/v1/people", {"login": "eve"}, "missing-field", "name"),
    ("ann", "PUT", "/v1/people/ann/roles/admin", None, "not-allowed", ""),
    ("root", "PUT", "/v1/people/fay/roles/finance", None, "nothing-changes", ""),
    ("root", "PUT", "/v1/people/nobody/roles/finance", None, "not-found", "login"),
    ("root", "PUT", "/v1/people/ann/manager", {}, "missing-field", "manager"),
    ("root", "PUT", "/v1/people/ann/manager", {"manager": 3}, "invalid", "manager"),
    ("root", "POST", "/v1/people/ann/tokens", {"expires_at": "soon"}, "invalid", "expires_at"),
    (
        "root",
        "POST",
        "/v1/people/ann/tokens",
        {"expires_at": "2030-01-01T00:00:00"},
        "invalid",
        "expires_at",
    ),
    (
        "root",
        "POST",
        "/v1/people/ann/tokens",
        {"expires_at": "2020-01-01T00:00:00Z"},
        "invalid",
        "expires_at",
    ),
    ("ann", "POST", "/v1/definitions", PURCHASE, "not-allowed", ""),
    ("root", "POST", "/v1/definitions", {**PURCHASE, "fields": 1}, "invalid", "fields"),
    (
        "root",
        "POST",
        "/v1/definitions",
        {**PURCHASE, "fields": [{"name": "x", "kind": "number"}]},
        "invalid",
        "fields.0.kind",
    ),
    (
        "root",
        "POST",
        "/v1/definitions",
        {**PURCHASE, "fields": [{"name": "x", "kind": "decimal", "decimals": 2.0}]},
        "invalid",
        "fields.0.decimals",
    ),
    (
        "root",
        "POST",
        "/v1/definitions",
        {**PURCHASE, "self_approval": "yes"},
        "invalid",
        "self_approval",
    ),
    (
        "root",
        "POST",
        "/v1/definitions",
        {**PURCHASE, "steps": [{"name": "one", "approver": {"manager": "mia"}}]},
        "invalid",
        "steps.0.approver.manager",
    ),
    (
        "root",
        "POST",
        "/v1/definitions",
        {
            **PURCHASE,
            "steps": [{"name": "one", "approver": {"role": "x"}, "condition": "amount >"}],
        },
        "invalid",
        "steps.0.condition",
    ),
    (
        "root",
        "POST",
        "/v1/definitions",
        {**PURCHASE, "steps": [{"name": "one", "approver": {"role": "x"}, "who": 1}]},
        "unknown-field",
        "steps.0.who",
    ),
]

STATUS = {
    "invalid": 422,
    "missing-field": 422,
    "unknown-field": 422,
    "not-found": 404,
    "not-allowed": 403,
    "already-exists": 409,
    "nothing-changes": 409,
    "wrong-status": 409,
    "stale-revision": 409,
    "step-not-open": 409,
}


@pytest.fixture(scope="module")
def paths(world: World) -> dict[str, str]:
    return {
        "draft": f"/v1/documents/{world.draft()}",
        "pending": f"/v1/documents/{world.pending()}",
    }


@pytest.mark.parametrize("case", BODIES, ids=lambda case: f"{case[1]} {case[2]} {case[4:]}")
def test_what_is_wrong_in_a_body_or_against_the_rules_is_named(
    world: World, paths: dict[str, str], case: tuple[str, str, str, Any, str, str]
) -> None:
    by, method, path, body, name, place = case
    path = path.format_map(paths)
    refused(world, STATUS[name], name, place, method, path, by=by, body=body)


def test_nobody_decides_on_a_document_of_their_own(world: World) -> None:
    world.do("PUT", "/v1/people/fay/manager", by="root", body={"manager": "mia"})
    document = world.pending("fay")
    revision = {"revision": world.revision(document)}
    path = f"/v1/documents/{document}/approve"
    world.do("POST", path, by="mia", body=revision)
    refused(world, 403, "self-approval", "", "POST", path, by="fay", body=revision)


def test_a_milestone_comes_in_its_order(world: World) -> None:
    document = world.pending(amount=None)
    path, revision = f"/v1/documents/{document}", {"revision": world.revision(document)}
    # Without an amount the condition cannot be false by mistake: the step is not needed.
    world.do("POST", f"{path}/approve", by="mia", body=revision)
    refused(world, 409, "out-of-order", "milestone", "POST", f"{path}/milestones/paid", by="fay")
    refused(world, 404, "not-found", "milestone", "POST", f"{path}/milestones/x", by="fay")


def test_a_submission_needs_somebody_for_every_step(world: World) -> None:
    document = world.draft("bob")
    refused(
        world,
        422,
        "no-approver",
        "steps.0.approvers",
        "POST",
        f"/v1/documents/{document}/submit",
        by="bob",
    )


def test_a_huge_body_is_refused_before_it_is_read(world: World) -> None:
    raw = b" " * (LARGEST_BODY + 1)
    refused(world, 413, "body-too-large", "", "POST", "/v1/documents", by="ann", raw=raw)


def test_a_body_of_the_largest_size_is_read(world: World) -> None:
    raw = json.dumps(NEW).encode().ljust(LARGEST_BODY)
    assert world.call("POST", "/v1/documents", by="ann", raw=raw).status_code == 201


def test_a_body_of_another_type_is_refused(world: World) -> None:
    refused(
        world,
        415,
        "unsupported-media-type",
        "Content-Type",
        "POST",
        "/v1/documents",
        by="ann",
        raw=b"<x/>",
        headers={"Content-Type": "application/xml"},
    )


def test_who_could_not_read_the_answer_is_refused_before_anything_happens(world: World) -> None:
    refused(
        world,
        406,
        "not-acceptable",
        "Accept",
        "POST",
        "/v1/documents",
        by="ann",
        body=NEW,
        headers={"Accept": "text/html"},
    )


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Idempotency-Key", ""),
        ("Idempotency-Key", "two words"),
        ("Idempotency-Key", "k" * 256),
        ("Idempotency-Key", "ümlaut".encode().decode("latin-1")),
        ("If-Match", "3"),
        ("If-Match", 'W/"3"'),
        ("If-Match", '"3", "4"'),
        ("If-Match", '"-1"'),
        ("If-Match", '"' + "9" * 30 + '"'),
        ("If-Match", ""),
    ],
)
def test_a_malformed_header_is_named(world: World, header: str, value: str) -> None:
    given = {header: value}
    refused(
        world,
        400,
        "malformed-header",
        header,
        "POST",
        "/v1/documents",
        by="ann",
        body=NEW,
        headers=given,
    )


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/v1/documents?limit=0", "limit"),
        ("/v1/documents?limit=201", "limit"),
        ("/v1/documents?limit=-1", "limit"),
        ("/v1/documents?limit=", "limit"),
        ("/v1/documents?limit=1&limit=2", "limit"),
        ("/v1/documents?limit=%D9%A3", "limit"),  # a digit, but not one of ours
        ("/v1/documents?status=lost", "status"),
        ("/v1/documents?colour=red", "colour"),
        ("/v1/documents?cursor=x", "cursor"),
        ("/v1/documents?cursor=WyJpbmJveCIsMV0", "cursor"),  # of another list
        ("/v1/documents?cursor=%F0%9F%92%A5", "cursor"),
        ("/v1/inbox?after_position=x", "after_position"),
        ("/v1/definitions/purchase?version=latest", "version"),
        ("/v1/me?person=bob", "person"),
        ("/v1?x=1", "x"),
    ],
)
def test_a_wrong_parameter_is_named(world: World, path: str, place: str) -> None:
    refused(world, 400, "malformed-query", place, "GET", path, by="ann")


def test_a_position_that_the_log_cannot_have_is_named(world: World) -> None:
    epoch = world.parts.store.log_facts.epoch.hex[:8]
    for position in (f"{epoch}.99.1", f"{epoch}.0.{2**64}", f"{epoch}.0.{'9' * 400}"):
        path = f"/v1/me?after_position={position}"
        refused(world, 400, "malformed-query", "after_position", "GET", path, by="ann")


def test_a_command_has_no_parameters(world: World) -> None:
    refused(
        world,
        400,
        "malformed-query",
        "dry_run",
        "POST",
        "/v1/documents?dry_run=1",
        by="ann",
        body=NEW,
    )


@pytest.mark.parametrize(
    ("method", "path", "status", "name"),
    [
        ("GET", "/v1/nothing", 404, "not-found"),
        ("GET", "/v1/documents/7", 404, "not-found"),
        ("GET", "/v1/people/nobody", 404, "not-found"),
        ("GET", "/v1/definitions/nothing", 404, "not-found"),
        ("GET", "/v1/definitions/purchase?version=99", 404, "not-found"),
        ("DELETE", "/v1/documents", 405, "method-not-allowed"),
    ],
)
def test_what_is_not_there_is_a_problem_too(
    world: World, method: str, path: str, status: int, name: str
) -> None:
    before = world.events()
    answer = world.call(method, path, by="ann")
    assert (answer.status_code, answer.json["type"]) == (status, NAMESPACE + name)
    assert world.events() == before
    if status == 405:
        assert {"GET", "POST"} <= set(answer.headers["Allow"].split(", "))


def bearer(world: World, expires_at: datetime | None = None) -> tuple[str, str]:
    made = new_token()
    world.as_system(
        IssueToken("ann", expires_at=expires_at, token=made.token, token_hash=made.token_hash)
    )
    world.pump()
    return made.token, made.secret


def test_a_token_that_stands_for_nobody_is_refused_at_every_route(world: World) -> None:
    revoked, secret = bearer(world)
    world.do("DELETE", f"/v1/people/ann/tokens/{revoked}", by="ann")
    headers = [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Basic YW5uOmFubg=="},
        {"Authorization": "Bearer rt_unknown"},
        {"Authorization": f"Bearer {revoked}"},
        {"Authorization": f"Bearer {secret}"},
    ]
    for given in headers:
        for request in (("POST", "/v1/documents"), ("GET", "/v1/me"), ("POST", "/v1/tickets")):
            body = NEW if request[0] == "POST" else None
            refused(
                world,
                401,
                "unauthenticated",
                "Authorization",
                *request,
                body=body,
                headers=given,
            )
            answer = world.call(*request, headers=given)
            assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="ringi"')


OPEN = (
    "/",
    "/static/{name}",
    "/healthz",
    "/readyz",
    "/v1",
    "/v1/session",
    "/v1/definitions/schema",
)


def test_every_route_but_the_open_ones_asks_who(world: World) -> None:
    document = uuid4()
    for path, resource in routes(world.parts).items():
        real = (
            path.format_map(
                {"login": "a", "role": "r", "token": "t", "name": "n", "milestone": "m"}
                | {"document": document, "absence": "x"}
            )
            if "uuid" not in path
            else re.sub(r"{\w+:uuid}", str(document), path).replace("{milestone}", "m")
        )
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            if hasattr(resource, f"on_{method.lower()}"):
                status = world.call(method, real).status_code
                assert (status == 401) != (path in OPEN), path


def test_an_expired_token_is_refused(world: World) -> None:
    soon = datetime.now(UTC) + timedelta(days=1)  # noqa: TID251
    _, secret = bearer(world, soon)
    headers = {"Authorization": f"Bearer {secret}"}
    assert world.call("GET", "/v1/me", headers=headers).status_code == 200
    token = world.parts.generations.table("workspace", "token")
    with world.parts.writing.cursor() as cursor:
        cursor.execute(f"UPDATE {token} SET expires_at = UTC_TIMESTAMP(6) WHERE expires_at > 0")
    world.parts.remembered.forget()  # it was told of another end
    refused(world, 401, "unauthenticated", "Authorization", "GET", "/v1/me", headers=headers)


def test_somebody_who_was_deactivated_is_refused(world: World) -> None:
    world.add_person("eve")
    world.pump()
    assert world.call("GET", "/v1/me", by="eve").status_code == 200
    world.do("POST", "/v1/people/eve/deactivate", by="root")
    refused(world, 401, "unauthenticated", "Authorization", "GET", "/v1/me", by="eve")


def test_no_answer_and_no_log_shows_a_secret(
    world: World, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> None:
        raise RuntimeError("the password is hunter2")

    monkeypatch.setattr(world.parts.bus.log.recorder, "select_events", broken)
    answer = world.call("POST", f"/v1/documents/{uuid4()}/submit", by="ann")
    assert (answer.status_code, answer.json["type"]) == (500, NAMESPACE + "internal")
    assert "hunter2" not in answer.text
    assert answer.json["correlation_id"] in caplog.text
    assert "hunter2" in caplog.text  # whoever runs it must see what went wrong
    assert world.secrets["ann"] not in caplog.text
