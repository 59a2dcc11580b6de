"""A substitute sees, reads and decides what waits for somebody who is away, and nothing else."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from infra.stack import MariaDBServer
from tests.integration.api_world import VALUES, World, a_company

TODAY = datetime.now(UTC).date()  # noqa: TID251  # the test is the entrypoint here


@pytest.fixture(scope="module")
def world(server: MariaDBServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with a_company(server, Path(tmp_path_factory.mktemp("redis")), "api_subst") as world:
        yield world


@pytest.fixture
def pair(world: World) -> tuple[str, str]:
    """Give somebody who decides, and somebody else."""
    boss, other = f"b{uuid4().hex[:8]}", f"s{uuid4().hex[:8]}"
    for login in (boss, other):
        world.add_person(login)
    world.pump()
    return boss, other


def waits_for(world: World, boss: str, definition: str = "") -> str:
    """Return a document that waits for the boss alone."""
    name = definition or f"d{uuid4().hex[:8]}"
    if not definition:
        publish(world, name, boss)
    body = {"definition": name, "values": {"title": VALUES["title"]}}
    document = str(world.do("POST", "/v1/documents", by="ann", body=body)["document"])
    world.do("POST", f"/v1/documents/{document}/submit", by="ann")
    return document


def publish(world: World, name: str, boss: str) -> None:
    body = {
        "definition": name,
        "fields": [{"name": "title", "kind": "text"}],
        "steps": [{"name": "boss", "approver": {"person": boss}}],
    }
    world.do("POST", "/v1/definitions", by="root", body=body)


def away(world: World, boss: str, substitute: str, **more: object) -> str:
    """Let the boss be away from yesterday on; return the absence."""
    first, last = TODAY - timedelta(days=1), TODAY + timedelta(days=3)
    body = {"first": f"{first}", "last": f"{last}", "substitute": substitute, **more}
    world.do("POST", f"/v1/people/{boss}/absences", by="root", body=body)
    absences = world.ok("GET", f"/v1/people/{boss}", by="root")["absences"]
    return str(absences[-1]["absence"])


def inbox(world: World, by: str) -> list[str]:
    return [task["document"] for task in world.ok("GET", "/v1/inbox", by=by)["items"]]


def readable(world: World, document: str, by: str) -> set[int]:
    path = f"/v1/documents/{document}"
    return {
        world.call("GET", each, by=by).status_code
        for each in (path, f"{path}/timeline", f"{path}/events")
    }


def test_a_substitute_decides_for_who_is_away(world: World, pair: tuple[str, str]) -> None:
    boss, other = pair
    document = waits_for(world, boss)
    assert (inbox(world, other), readable(world, document, other)) == ([], {403})
    away(world, boss, other)
    assert (inbox(world, other), inbox(world, boss)) == ([document], [document])
    assert readable(world, document, other) == {200}
    body = {"revision": world.revision(document)}
    world.do("POST", f"/v1/documents/{document}/approve", by=other, body=body)
    events = world.ok("GET", f"/v1/documents/{document}/events", by=other)["items"]
    (vote,) = [each["data"] for each in events if each["topic"] == "document.slot_approved"]
    assert (vote["by"], vote["on_behalf_of"]) == (other, boss)
    assert (inbox(world, other), inbox(world, boss)) == ([], [])
    assert readable(world, document, other) == {200}, "who decided stays a party"


def test_who_is_back_is_represented_no_longer(world: World, pair: tuple[str, str]) -> None:
    boss, other = pair
    document = waits_for(world, boss)
    absence = away(world, boss, other)
    assert inbox(world, other) == [document]
    world.do("DELETE", f"/v1/people/{boss}/absences/{absence}", by=boss)
    assert (inbox(world, other), readable(world, document, other)) == ([], {403})
    body = {"revision": world.revision(document)}
    answer = world.call("POST", f"/v1/documents/{document}/approve", by=other, body=body)
    assert answer.status_code == 403


def test_a_substitute_sees_only_what_the_absence_is_for(
    world: World, pair: tuple[str, str]
) -> None:
    boss, other = pair
    names = [f"d{uuid4().hex[:8]}" for _ in range(2)]
    for name in names:
        publish(world, name, boss)
    wanted, unwanted = (waits_for(world, boss, name) for name in names)
    away(world, boss, other, definitions=names[:1])
    assert inbox(world, other) == [wanted]
    assert (readable(world, wanted, other), readable(world, unwanted, other)) == ({200}, {403})


def test_what_waited_before_may_be_left_to_who_is_away(world: World, pair: tuple[str, str]) -> None:
    boss, other = pair
    document = waits_for(world, boss)
    second = f"s{uuid4().hex[:8]}"
    world.add_person(second)
    world.do(
        "POST",
        f"/v1/people/{boss}/absences",
        by="root",
        body={"substitute": other, "open_tasks": False},
    )
    (absence,) = world.ok("GET", f"/v1/people/{boss}", by="root")["absences"]
    path = f"/v1/people/{boss}/absences/{absence['absence']}/take_over"
    world.do("POST", path, by=other)
    assert (inbox(world, other), readable(world, document, other)) == ([], {403})
    later = waits_for(world, boss)
    assert (inbox(world, other), readable(world, later, other)) == ([later], {200})


def test_nobody_decides_on_their_own_request_as_a_substitute(
    world: World, pair: tuple[str, str]
) -> None:
    boss, _ = pair
    document = waits_for(world, boss)
    away(world, boss, "ann")
    assert document not in inbox(world, "ann")
    body = {"revision": world.revision(document)}
    answer = world.call("POST", f"/v1/documents/{document}/approve", by="ann", body=body)
    assert answer.json["type"] == "urn:ringi:problem:self-approval"


def test_pages_of_an_inbox_hold_each_task_once(world: World, pair: tuple[str, str]) -> None:
    boss, other = pair
    own, name = f"d{uuid4().hex[:8]}", f"d{uuid4().hex[:8]}"
    publish(world, own, other)
    publish(world, name, boss)
    documents = [waits_for(world, boss, each) for each in (own, name, own, name, name)]
    away(world, boss, other)
    found, query = list[str](), "?limit=2"
    while query:
        page = world.ok("GET", f"/v1/inbox{query}", by=other)
        found += [task["document"] for task in page["items"]]
        query = page["next"] and f"?limit=2&cursor={page['next']}"
    assert found == documents
