"""Questions go to a replica that may answer; no answer is older than what was asked for."""

import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from threading import Event, Thread
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.engine import URL, make_url

from infra.projecting.place import wait_for
from infra.projecting.rebuild import rebuild
from infra.replicas.counters import Why
from infra.replicas.report import replica_rows
from infra.stack import MariaDBServer
from infra.views.tables import Tables
from projections.workspace import WORKSPACE
from tests.integration.api_world import PURCHASE, VALUES
from tests.integration.observing import rows, wait_until
from tests.replica_world import (
    Replicated,
    read_through,
    replicated_company,
    standing_still,
    url_of,
)
from tests.servers import ReplicaPair, TestStore

NEW = {"definition": "purchase", "values": VALUES}


@pytest.fixture(scope="module")
def world(pair: ReplicaPair, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replicated]:
    with replicated_company(pair, Path(tmp_path_factory.mktemp("redis")), "replicas") as world:
        for _ in range(3):
            world.pending()
        yield world


@pytest.fixture
def used(world: Replicated) -> Replicated:
    """Give the company with a replica that lacks nothing and is asked."""
    world.wait_until_used()
    return world


PATHS = ["/v1/documents", "/v1/inbox", "/v1/people", "/v1/definitions", "/v1/calendars", "/v1/me"]


@pytest.mark.parametrize("path", [*PATHS, "{document}", "{document}/timeline", "{document}/events"])
def test_a_question_is_answered_by_the_replica_as_by_the_primary(
    used: Replicated, path: str
) -> None:
    document = used.ok("GET", "/v1/inbox", by="mia")["items"][0]["document"]
    path = path.format(document=f"/v1/documents/{document}")
    reads = used.reads
    found = used.ok("GET", path, by="mia")
    assert used.reads == reads + 1
    plain = read_through(used, used.pair, ())
    assert plain.ok("GET", path, by="mia") == found
    plain.parts.close()


def test_without_a_wish_an_answer_may_be_as_old_as_the_replica(used: Replicated) -> None:
    document = used.draft()
    wait_until(used.level, "the replica has it")
    with standing_still(used.server):
        used.do("POST", f"/v1/documents/{document}/submit", by="ann")
        assert used.shown(document)["status"] == "draft"


@pytest.mark.parametrize("path", ["{document}", "{document}/timeline", "{document}/events"])
def test_what_was_asked_for_is_shown_by_the_primary_while_the_replica_lacks_it(
    used: Replicated, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.waiting.REPLICA_WAIT_S", 0.05)
    document = f"/v1/documents/{used.draft()}"
    wait_until(used.level, "the replica has it")
    before = used.fallbacks(Why.BEHIND)
    with standing_still(used.server):
        done = used.do("POST", f"{document}/submit", by="ann")
        found = used.ok(
            "GET", f"{path.format(document=document)}?after_position={done['position']}", by="ann"
        )
    newest = found if "version" in found else found["items"][-1]
    assert newest["version"] == done["version"]
    assert used.fallbacks(Why.BEHIND) == before + 1


def test_a_question_waits_until_the_replica_itself_shows_the_position(
    used: Replicated, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.waiting.REPLICA_WAIT_S", 20.0)
    waiting = Event()

    def observed(*arguments: Any) -> bool:
        if arguments[-1]:  # it may wait
            waiting.set()
        return wait_for(*arguments)

    monkeypatch.setattr("infra.replicas.router.wait_for", observed)
    document = used.draft()
    wait_until(used.level, "the replica has it")
    reads, before = used.reads, used.fallbacks()
    found: list[Any] = []
    with standing_still(used.server):
        done = used.do("POST", f"/v1/documents/{document}/submit", by="ann")
        path = f"/v1/documents/{document}?after_position={done['position']}"
        asking = Thread(target=lambda: found.append(used.ok("GET", path, by="ann")))
        asking.start()
        assert waiting.wait(20)
    asking.join()
    assert found[0]["version"] == done["version"]
    assert (used.reads, used.fallbacks()) == (reads + 1, before)


def test_those_who_may_not_wait_are_answered_by_the_primary_at_once(used: Replicated) -> None:
    document = used.draft()
    wait_until(used.level, "the replica has it")
    with standing_still(used.server):
        done = used.do("POST", f"/v1/documents/{document}/submit", by="ann")
        path = f"/v1/documents/{document}?after_position={done['position']}"
        answers: list[int] = []
        asking = [
            Thread(target=lambda: answers.append(used.ok("GET", path, by="ann")["version"]))
            for _ in range(4)  # half of two threads may wait
        ]
        for each in asking:
            each.start()
        for each in asking:
            each.join()
    assert answers == [done["version"]] * 4


def test_a_command_is_decided_on_what_the_primary_shows(used: Replicated) -> None:
    name = f"fresh_{uuid4().hex[:8]}"
    with standing_still(used.server):
        body = {**PURCHASE, "definition": name}
        published = used.do("POST", "/v1/definitions", by="root", body=body)
        path = f"/v1/documents?after_position={published['position']}"
        made = used.ok("POST", path, by="ann", body={"definition": name, "values": VALUES})
        used.pump()
    assert made["version"] == 1


@pytest.mark.parametrize("events", [False, True])
def test_a_next_page_is_never_from_before_the_page_that_led_to_it(
    used: Replicated, events: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.waiting.REPLICA_WAIT_S", 0.05)
    document = used.draft()
    wait_until(used.level, "the replica has it")
    with standing_still(used.server):
        done = used.do("POST", f"/v1/documents/{document}/submit", by="ann")
        path = f"/v1/documents/{document}/{'events' if events else 'timeline'}?limit=1"
        first = used.ok("GET", f"{path}&after_position={done['position']}", by="ann")
        second = used.ok("GET", f"{path}&cursor={first['next']}", by="ann")
        third = used.ok("GET", f"{path}&cursor={second['next']}", by="ann")
    assert [page["items"][0]["version"] for page in (first, second, third)] == [1, 2, 3]
    wait_until(used.level, "the replica has it")
    reads = used.reads
    assert used.ok("GET", f"{path}&cursor={first['next']}", by="ann") == second
    assert used.reads == reads + 1


@pytest.mark.parametrize("shown", ["x", "1.x", "a.b.c", "-1", ".", "01234567fedcba98.12"])
def test_a_cursor_that_no_page_gave_is_refused(used: Replicated, shown: str) -> None:
    page = used.ok("GET", "/v1/documents?limit=1", by="root")
    cursor = page["next"].partition(".")[0]
    answer = used.call("GET", f"/v1/documents?cursor={cursor}.{shown}", by="root")
    assert (answer.status_code, answer.json["place"]) == (400, "cursor")


def test_a_place_is_that_of_the_rows_so_a_subscription_misses_nothing(used: Replicated) -> None:
    document = used.draft()
    wait_until(used.level, "the replica has it")
    with standing_still(used.server):
        used.do("POST", f"/v1/documents/{document}/submit", by="ann")
        found = used.ok("GET", f"/v1/documents/{document}", by="ann")
    assert found["status"] == "draft"
    place = found["place"]
    assert place["epoch"] == used.parts.feed.epoch()
    missed = [
        row
        for lane, seq in place["lanes"].items()
        for row in used.parts.feed.since(int(lane), seq, 10)
    ]
    told = [document.encode() in row.message for row in missed]
    assert told
    assert all(told)


def test_a_replica_that_lacks_something_for_too_long_is_left_out_and_taken_back(
    used: Replicated,
) -> None:
    impatient = read_through(used, used.pair, (url_of(used.server),), lag_s=1)
    impatient.wait_until_used()
    with standing_still(used.server):
        document = used.draft()
        wait_until(lambda: not impatient.in_use(), "it is left out")
        assert impatient.replica.state.lag_s > 1
        assert "for more than 1 s" in impatient.replica.state.reason
        assert impatient.shown(document)["status"] == "draft"  # by the primary
        assert impatient.fallbacks(Why.NONE_IN_USE) == 1
    wait_until(impatient.in_use, "it is in use again")
    reads = impatient.reads
    assert impatient.shown(document)["status"] == "draft"
    assert impatient.reads == reads + 1
    impatient.parts.close()


def test_a_rebuild_is_read_through_the_replica_without_an_error(used: Replicated) -> None:
    before = used.ok("GET", "/v1/documents", by="root")
    parts = used.parts
    rebuild(WORKSPACE, parts.writing, parts.recorder, parts.codec.recorded, lambda _: None)
    assert used.ok("GET", "/v1/documents", by="root") == before
    wait_until(used.level, "the replica has it")
    reads = used.reads
    assert used.ok("GET", "/v1/documents", by="root") == before
    assert used.reads == reads + 1


def spoil(world: Replicated) -> None:
    """Let a row be wrong, here and there, as after a mistake in a fold that was mended since."""
    tables = Tables(world.parts.writing, world.parts.generations, WORKSPACE)
    with world.parts.writing.cursor() as cursor:
        cursor.execute(f"UPDATE {tables['document']} SET status = 'WRONG'")
    wait_until(world.level, "the replica has it")


def mend(world: Replicated) -> None:
    parts = world.parts
    rebuild(WORKSPACE, parts.writing, parts.recorder, parts.codec.recorded, lambda _: None)


def test_a_replica_that_lacks_a_rebuild_for_too_long_is_left_out_and_taken_back(
    used: Replicated,
) -> None:
    document = used.draft()
    impatient = read_through(used, used.pair, (url_of(used.server),), lag_s=1)
    impatient.wait_until_used()
    spoil(used)
    with standing_still(used.server):
        mend(used)
        wait_until(lambda: not impatient.in_use(), "it is left out")
        assert "for more than 1 s" in impatient.replica.state.reason
        assert impatient.shown(document)["status"] == "draft"
        fresh = read_through(used, used.pair, (url_of(used.server),))
        (row,) = replica_rows(fresh.parts.router)
        fresh.parts.close()
        assert (row["lag_events"], row["lag_s"]) == (0, None)
        assert "nobody saw since when" in str(row["state"])
    wait_until(impatient.in_use, "it is in use again")
    impatient.parts.close()


def test_who_requires_the_present_gets_what_a_rebuild_has_mended(used: Replicated) -> None:
    document = used.draft()
    spoil(used)
    with standing_still(used.server):
        mend(used)
        assert used.shown(document)["status"] == "WRONG", "without a wish"
        root = used.parts.access.actor("root")
        assert root is not None
        used.parts.router.begin("root")
        used.parts.router.require_present()
        found = used.parts.queries.documents.one(UUID(document), root).row
        assert found is not None
        assert found["status"] == "draft"


def test_who_requires_the_present_gets_no_less_from_log_and_views(used: Replicated) -> None:
    """As a job does, which was asked for before, and of another process."""
    document = used.draft()
    wait_until(used.level, "the replica has it")
    router, queries = used.parts.router, used.parts.queries
    ann = used.parts.access.actor("ann")
    assert ann is not None
    with standing_still(used.server):
        done = used.do("POST", f"/v1/documents/{document}/submit", by="ann")
        used.parts.settle()
        router.begin("ann")
        assert queries.documents.one(UUID(document), ann).row["status"] == "draft"  # type: ignore[index]
        router.require_present()
        assert queries.documents.one(UUID(document), ann).row["status"] == "pending"  # type: ignore[index]
        assert len(used.parts.history.of(UUID(document))) == done["version"]


# ---- what is no replica


def nowhere(_world: Replicated) -> URL:
    return make_url("mysql+pymysql://clerk:hunter2@localhost/?unix_socket=/nowhere/the.sock")


def wrong_secret(world: Replicated) -> URL:
    return world.server.url("ringi_application", "hunter2")


def bad_parameter(world: Replicated) -> URL:
    return url_of(world.server).update_query_dict({"no_such_parameter": "hunter2"})


def the_primary(world: Replicated) -> URL:
    return url_of(world.store.server)


REFUSED: Mapping[str, tuple[Any, str]] = {
    "nowhere": (nowhere, "UnreachableError"),
    "wrong secret": (wrong_secret, "Access denied"),
    "bad parameter": (bad_parameter, "no_such_parameter"),
    "the primary": (the_primary, "it is the primary itself"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_server_that_is_no_replica_of_this_log_is_said_and_never_asked(
    used: Replicated, case: str, caplog: pytest.LogCaptureFixture
) -> None:
    make, reason = REFUSED[case]
    caplog.set_level(logging.INFO, "ringi.replicas")
    other = read_through(used, used.pair, (make(used),))
    assert other.ok("GET", "/v1/me", by="ann")["login"] == "ann"
    (row,) = replica_rows(other.parts.router)
    assert reason in str(row["state"])
    assert (other.reads, other.fallbacks(Why.NONE_IN_USE)) == (0, 1)
    assert reason in caplog.text
    assert "hunter2" not in str(row) + caplog.text
    other.parts.close()


def test_a_primary_given_as_replica_is_refused(used: Replicated, server: MariaDBServer) -> None:
    """One that has a log of its own, and one that somebody made of our replica."""
    store = TestStore(server, "replicas")
    factory = store.factory()
    factory.application_recorder()
    factory.tracking_recorder()
    other = read_through(used, used.pair, (url_of(server), url_of(used.server)))
    rows(used.server, "SET GLOBAL read_only = 0")
    try:
        assert other.ok("GET", "/v1/me", by="ann")["login"] == "ann"
        states = [str(row["state"]) for row in replica_rows(other.parts.router)]
    finally:
        rows(used.server, "SET GLOBAL read_only = 1")
    assert "another history of the log" in states[0]
    assert "it takes writes" in states[1]
    assert other.reads == 0
    wait_until(lambda: other.parts.router.replicas[1].state.is_usable, "it is taken back")
    other.parts.close()
    store.drop()


# ---- what a status shows


def test_a_status_shows_how_far_each_replica_is(used: Replicated) -> None:
    router = used.parts.router
    (row,) = replica_rows(router)
    assert (row["state"], row["lag_events"], row["lag_s"]) == ("in use", 0, 0.0)
    with standing_still(used.server):
        used.draft()
        (behind,) = replica_rows(router)
        with used.parts.writing.cursor() as cursor:
            cursor.execute(f"SELECT MAX(position) FROM {used.store.log}.event")
            ((newest,),) = cursor.fetchall()
    assert behind["lag_events"] == 1
    assert 0 < behind["lag_s"] < 60  # type: ignore[operator]
    assert behind["positions"] == row["positions"]
    wait_until(used.level, "the replica has it")
    (after,) = replica_rows(router)
    assert max(after["positions"].values()) == newest == after["mark"]  # type: ignore[attr-defined]
    assert after["lag_events"] == 0
