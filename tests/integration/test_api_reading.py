"""Lists, pages, places, positions, and who may read what."""

from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import UUID, uuid4

import pytest

from api import waiting
from domain.directory.commands import AssignManager
from infra.position import lane_of
from infra.projecting.rebuild import rebuild
from infra.stack import MariaDBServer
from projections.workspace import WORKSPACE
from tests.integration.api_world import PURCHASE, VALUES, World, a_company


@pytest.fixture(scope="module")
def world(server: MariaDBServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with a_company(server, Path(tmp_path_factory.mktemp("redis")), "api_reading") as world:
        for number in range(5):
            world.pending(pieces=number)
        world.draft("bob")
        world.draft("fay")
        yield world


def walked(world: World, path: str, by: str, limit: int) -> list[Any]:
    """Return the items of all pages."""
    found: list[Any] = []
    cursor = ""
    sign = "&" if "?" in path else "?"
    while True:
        page = world.ok("GET", f"{path}{sign}limit={limit}{cursor}", by=by)
        assert len(page["items"]) <= limit
        found += page["items"]
        if page["next"] is None:
            return found
        assert len(page["items"]) == limit
        cursor = f"&cursor={page['next']}"


@pytest.mark.parametrize(
    ("path", "by", "newest_first"),
    [
        ("/v1/documents", "root", True),
        ("/v1/documents", "ann", True),
        ("/v1/documents", "mia", True),
        ("/v1/documents?status=pending&requester=ann", "ivy", True),
        ("/v1/inbox", "mia", False),
        ("/v1/people", "bob", False),
    ],
)
def test_pages_of_any_size_are_the_list(
    world: World, path: str, by: str, newest_first: bool
) -> None:
    whole = walked(world, path, by, 200)
    assert len(whole) > 3
    numbers = [each["number"] for each in whole]
    assert numbers == sorted(set(numbers), reverse=newest_first)
    for limit in (1, 2, len(whole)):
        assert walked(world, path, by, limit) == whole


def test_a_page_goes_on_where_it_ended_though_newer_documents_came(world: World) -> None:
    first = world.ok("GET", "/v1/documents?limit=2", by="root")
    rest = walked(world, "/v1/documents", "root", 200)[2:]
    world.draft()
    second = world.ok("GET", f"/v1/documents?cursor={first['next']}", by="root")
    assert second["items"] == rest


def test_the_timeline_and_the_events_are_paged_by_version(world: World) -> None:
    document = walked(world, "/v1/inbox", "mia", 200)[0]["document"]
    for path in (f"/v1/documents/{document}/timeline", f"/v1/documents/{document}/events"):
        versions = [each["version"] for each in walked(world, path, "ann", 1)]
        assert versions == [1, 2, 3]


def test_people_read_their_own_documents_and_those_they_decide(world: World) -> None:
    def requesters(by: str) -> set[str]:
        return {each["requester"] for each in walked(world, "/v1/documents", by, 200)}

    assert requesters("root") == requesters("ivy") == {"ann", "bob", "fay"}
    assert requesters("ann") == requesters("mia") == {"ann"}
    assert requesters("bob") == {"bob"}
    assert requesters("fin") == set()  # no step of finance has been reached


@pytest.mark.parametrize("path", ["", "/timeline", "/events"])
def test_only_parties_and_auditors_read_a_document(world: World, path: str) -> None:
    document = walked(world, "/v1/inbox", "mia", 200)[0]["document"]
    for by, status in {"ann": 200, "mia": 200, "root": 200, "ivy": 200, "bob": 403}.items():
        answer = world.call("GET", f"/v1/documents/{document}{path}", by=by)
        assert answer.status_code == status, by
    assert world.call("GET", f"/v1/documents/{uuid4()}{path}", by="bob").status_code == 404


def test_an_inbox_is_for_its_owner_admins_and_auditors(world: World) -> None:
    own = walked(world, "/v1/inbox", "mia", 200)
    for by in ("root", "ivy", "mia"):
        assert walked(world, "/v1/inbox?person=mia", by, 200) == own
    assert world.call("GET", "/v1/inbox?person=mia", by="bob").status_code == 403
    assert world.call("GET", "/v1/inbox?person=nobody", by="root").status_code == 404


def test_an_inbox_has_the_tasks_of_roles_but_not_ones_own_requests(world: World) -> None:
    world.as_system(AssignManager("fay", "mia"))
    world.pump()
    document = world.pending("fay")
    body = {"revision": world.revision(document)}
    world.do("POST", f"/v1/documents/{document}/approve", by="mia", body=body)
    waiting = {
        by: [each["document"] for each in walked(world, "/v1/inbox", by, 200)]
        for by in ("fay", "fin")
    }
    assert document in waiting["fin"]
    assert document not in waiting["fay"]


def test_tokens_are_listed_to_their_owner_admins_and_auditors(world: World) -> None:
    for by, status in {"ann": 200, "root": 200, "ivy": 200, "bob": 403}.items():
        answer = world.call("GET", "/v1/people/ann/tokens", by=by)
        assert answer.status_code == status
        assert "hash" not in answer.text


def test_a_place_is_that_of_the_rows(world: World) -> None:
    for path in ("/v1/documents", "/v1/inbox", "/v1/people", "/v1/definitions", "/v1/me"):
        place = world.ok("GET", path, by="mia")["place"]
        heads = {str(lane): seq for lane, seq in world.parts.feed.heads().items()}
        assert place == {"epoch": world.parts.feed.epoch(), "lanes": heads}, path


def test_a_position_of_a_command_is_reached_when_its_effect_is_shown(world: World) -> None:
    body = {"definition": "purchase", "values": VALUES}
    created = world.ok("POST", "/v1/documents", by="ann", body=body)
    path = f"/v1/documents/{created['document']}?after_position={created['position']}"
    pump = Thread(target=world.pump)
    pump.start()
    found = world.ok("GET", path, by="ann")
    pump.join()
    assert found["version"] == 1
    assert found["position"] == created["position"]
    lane = str(lane_of(UUID(created["document"]), world.parts.lanes))
    listed = world.ok("GET", "/v1/documents", by="ann")
    assert listed["positions"][lane] == created["position"]


def test_a_command_is_decided_on_views_that_show_the_position_it_names(world: World) -> None:
    name = f"fresh_{uuid4().hex[:8]}"
    published = world.ok(
        "POST", "/v1/definitions", by="root", body={**PURCHASE, "definition": name}
    )
    body = {"definition": name, "values": VALUES}
    assert world.call("POST", "/v1/documents", by="ann", body=body).status_code == 404
    pump = Thread(target=world.pump)
    pump.start()
    path = f"/v1/documents?after_position={published['position']}"
    assert world.ok("POST", path, by="ann", body=body)["version"] == 1
    pump.join()


def test_a_position_that_is_not_shown_in_time_is_a_problem(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "LONGEST_WAIT_S", 0.05)
    body = {"definition": "purchase", "values": VALUES}
    created = world.ok("POST", "/v1/documents", by="ann", body=body)
    answer = world.call("GET", f"/v1/me?after_position={created['position']}", by="ann")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert answer.json["type"] == "urn:ringi:problem:not-yet-shown"
    world.pump()
    world.ok("GET", f"/v1/me?after_position={created['position']}", by="ann")


def test_reads_that_wait_leave_threads_to_the_others(world: World) -> None:
    body = {"definition": "purchase", "values": VALUES}
    created = world.ok("POST", "/v1/documents", by="ann", body=body)
    path = f"/v1/me?after_position={created['position']}"
    answers: list[int] = []
    ask = [
        Thread(target=lambda: answers.append(world.call("GET", path, by="ann").status_code))
        for _ in range(3)
    ]
    for thread in ask:
        thread.start()
    # One may wait where there are two threads: the others are sent away at once.
    for thread in ask:
        thread.join(1.0)
    assert answers == [503, 503]
    world.pump()
    for thread in ask:
        thread.join()
    assert answers == [503, 503, 200]


def test_a_position_of_another_history_is_a_problem(world: World) -> None:
    answer = world.call("GET", "/v1/me?after_position=00000000.0.1", by="ann")
    assert (answer.status_code, answer.json["type"]) == (409, "urn:ringi:problem:other-epoch")


def test_rows_and_place_stay_together_when_the_tables_are_replaced(world: World) -> None:
    """Old rows must not go with the new tables' place: the changes between would be lost."""
    before = world.ok("GET", "/v1/documents", by="root")
    rebuild(
        WORKSPACE,
        world.parts.writing,
        world.parts.recorder,
        world.parts.codec.recorded,
        lambda _: None,
    )
    assert world.ok("GET", "/v1/documents", by="root") == before


def test_old_tables_that_are_still_there_are_not_read(world: World) -> None:
    before = world.ok("GET", "/v1/documents", by="root")
    views = world.store.views
    with world.parts.writing.cursor() as cursor:
        cursor.execute(f"SELECT generation FROM {views}.projection WHERE name = 'workspace'")
        ((generation,),) = cursor.fetchall()
        for table in WORKSPACE.tables:
            old, new = (f"{views}.workspace_{table.name}_{generation + at}" for at in (0, 1))
            cursor.execute(f"CREATE TABLE {new} LIKE {old}")
            cursor.execute(f"INSERT INTO {new} SELECT * FROM {old}")
            if table.name == "document":
                cursor.execute(f"DELETE FROM {old}")
        cursor.execute(f"UPDATE {views}.checkpoint SET generation = generation + 1")
        cursor.execute(f"UPDATE {views}.projection SET generation = generation + 1")
    assert world.ok("GET", "/v1/documents", by="root") == before
    world.parts.generations.refresh()
