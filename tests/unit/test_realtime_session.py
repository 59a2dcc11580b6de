"""What a client may hear, hears, and is told when it cannot be told."""

from typing import Any

import pytest

from realtime import protocol
from realtime.access import Identity
from realtime.session import Session
from tests.gateway import DOCUMENT, Desk, FakeOutlet, a_desk, answered, heard, since

# Connecting


def test_the_welcome_says_where_the_client_is_and_what_it_may_do() -> None:
    desk, outlet = a_desk(), FakeOutlet()
    desk.tell(0, "x:y")
    session = Session("c-1", "gw-1", desk.hub, desk.access, outlet)
    desk.ask(session, connect={"ticket": "ticket-ann", "client": "dash"})
    (welcome,) = outlet.sent
    assert welcome["ok"]["login"] == "ann"
    assert welcome["ok"]["epoch"] == "e1"
    assert welcome["ok"]["place"] == {"0": 1, "1": 0}
    assert welcome["ok"]["limits"] == {"message_bytes": 65536, "topics": 100, "replay": 300}


@pytest.mark.parametrize(
    ("connect", "close"),
    [
        ({"token": "wrong"}, protocol.UNAUTHORIZED),
        ({"token": "token-nobody"}, protocol.UNAUTHORIZED),
        ({"ticket": "token-ann"}, protocol.UNAUTHORIZED),
        ({}, protocol.BAD_MESSAGE),
    ],
)
def test_who_cannot_say_who_they_are_is_sent_away(connect: Any, close: protocol.Close) -> None:
    desk, outlet = a_desk(), FakeOutlet()
    desk.ask(Session("c", "gw", desk.hub, desk.access, outlet), connect=connect)
    assert outlet.close is close
    assert outlet.sent == []


def test_a_ticket_works_once() -> None:
    desk, outlet = a_desk(), FakeOutlet()
    desk.ask(
        Session("c", "gw", desk.hub, desk.access, FakeOutlet()), connect={"ticket": "ticket-ann"}
    )
    desk.ask(Session("c", "gw", desk.hub, desk.access, outlet), connect={"ticket": "ticket-ann"})
    assert outlet.close is protocol.UNAUTHORIZED


def test_nothing_is_answered_before_the_client_has_connected() -> None:
    desk, outlet = a_desk(), FakeOutlet()
    desk.ask(Session("c", "gw", desk.hub, desk.access, outlet), subscribe={"topics": ["all"]})
    assert outlet.close is protocol.BAD_MESSAGE


def test_nobody_connects_twice() -> None:
    desk = a_desk()
    session, outlet = desk.session("ann")
    desk.ask(session, connect={"token": "token-eve"})
    assert outlet.close is protocol.BAD_MESSAGE


def test_a_database_that_is_away_sends_a_client_away_for_a_while() -> None:
    desk, outlet = a_desk(), FakeOutlet()
    desk.access.away = True
    desk.ask(Session("c", "gw", desk.hub, desk.access, outlet), connect={"token": "token-ann"})
    assert outlet.close is protocol.UNAVAILABLE


def test_who_asks_too_much_is_sent_away() -> None:
    desk = a_desk(request_burst=3)
    session, outlet = desk.session("ann")
    for _ in range(3):
        desk.ask(session, unsubscribe={"topics": []})
    assert outlet.close is protocol.TOO_FAST
    assert len(outlet.sent) == 2


def test_no_representation_of_an_identity_shows_its_token() -> None:
    assert "geheim" not in repr(Identity("ann", "geheim"))


# Subscribing


@pytest.mark.parametrize(
    ("login", "topic", "allowed"),
    [
        ("ann", "inbox:ann", True),
        ("ann", "inbox:bob", False),
        ("joe", "inbox:ann", True),
        ("joe", "inbox:nobody", False),
        ("ann", f"document:{DOCUMENT}", True),
        ("bob", f"document:{DOCUMENT}", False),
        ("ann", f"document:{{{DOCUMENT}}}", False),
        ("joe", "document:x", False),
        ("joe", "type:invoice", True),
        ("ann", "type:invoice", False),
        ("joe", "type:In voice", False),
        ("eve", "all", True),
        ("ann", "all", False),
        ("eve", "person:ann", False),
        ("eve", "role:clerk", False),
        ("eve", "directory:ann", False),
        ("eve", "definition:invoice", False),
        ("eve", "", False),
        ("eve", "inbox:", False),
        ("eve", "all:", False),
    ],
)
def test_only_what_is_named_may_be_subscribed_to(login: str, topic: str, allowed: bool) -> None:
    desk = a_desk()
    session, outlet = desk.session(login)
    desk.ask(session, 7, subscribe={"topics": [topic]})
    (answer,) = outlet.take()
    assert answer["id"] == 7
    assert ("ok" in answer) is allowed
    if not allowed:
        assert answer["error"] == {"code": "forbidden", "topics": [topic], "temporary": False}


def test_one_topic_that_is_not_allowed_refuses_the_request_and_is_named() -> None:
    desk = a_desk()
    session, outlet = desk.session("ann")
    desk.ask(session, subscribe={"topics": ["inbox:ann", "inbox:bob", "all"]})
    desk.tell(0, "person:ann")
    (answer,) = outlet.take()
    assert answer["error"]["topics"] == ["inbox:bob", "all"]


def test_an_inbox_takes_in_the_person_and_their_roles_and_no_row_that_excludes_them() -> None:
    desk = a_desk()
    session, outlet = desk.session("ann")
    desk.ask(session, subscribe={"topics": ["inbox:ann"]})
    outlet.take()
    desk.tell(0, "person:ann")
    desk.tell(1, "role:clerk")
    desk.tell(1, "role:clerk", "person:ann", excluded=["ann"])
    desk.tell(0, "person:bob", "role:manager")
    assert heard(outlet) == [(["inbox:ann"], 0, 1), (["inbox:ann"], 1, 1)]


def test_a_row_that_matches_two_subscriptions_comes_once_and_names_both() -> None:
    desk = a_desk()
    session, outlet = desk.session("eve")
    desk.ask(session, subscribe={"topics": ["inbox:ann", "all", "type:invoice"]})
    other, others = desk.session("eve")
    desk.ask(other, subscribe={"topics": ["all"]})
    outlet.take()
    others.take()
    desk.tell(0, "role:clerk", "type:invoice")
    desk.tell(0, "type:invoice", "role:clerk", excluded=["ann"])
    assert heard(outlet) == [
        (["all", "inbox:ann", "type:invoice"], 0, 1),
        (["all", "type:invoice"], 0, 2),
    ]
    assert heard(others) == [(["all"], 0, 1), (["all"], 0, 2)]


def test_more_subscriptions_than_the_bound_are_refused() -> None:
    desk = a_desk(topics=2)
    session, outlet = desk.session("eve")
    desk.ask(session, subscribe={"topics": ["all", "inbox:ann"]})
    desk.ask(session, subscribe={"topics": ["all", "inbox:ann"]})
    desk.ask(session, subscribe={"topics": ["inbox:bob"]})
    answers = outlet.take()
    assert [("ok" in answer) for answer in answers] == [True, True, False]
    assert answers[2]["error"]["code"] == "too_many_topics"


def test_what_was_unsubscribed_is_not_heard() -> None:
    desk = a_desk()
    session, outlet = desk.session("eve")
    desk.ask(session, subscribe={"topics": ["all", "type:invoice"]})
    desk.ask(session, unsubscribe={"topics": ["all", "unknown"]})
    outlet.take()
    desk.tell(0, "type:invoice")
    desk.tell(0, "type:order")
    assert heard(outlet) == [(["type:invoice"], 0, 1)]


def test_a_closed_session_leaves_nothing_behind() -> None:
    desk = a_desk()
    session, outlet = desk.session("eve")
    desk.ask(session, subscribe={"topics": ["all", "inbox:ann"]})
    session.closed()
    outlet.take()
    desk.tell(0, "directory:eve", "directory:ann", "role:clerk")
    assert (outlet.sent, outlet.reviews) == ([], 0)
    assert not desk.hub._watchers
    assert not desk.hub._index._by_key


def test_a_question_without_an_answer_is_an_error_that_passes() -> None:
    desk = a_desk()
    session, outlet = desk.session("ann")
    desk.access.away = True
    desk.ask(session, subscribe={"topics": ["inbox:ann"]})
    assert outlet.take()[0]["error"] == {
        "code": "unavailable",
        "topics": ["inbox:ann"],
        "temporary": True,
    }


# Resuming


@pytest.mark.parametrize("ring_rows", [1000, 3, 1])
def test_what_was_missed_comes_once_in_order_then_live(ring_rows: int) -> None:
    desk = a_desk(ring_rows=ring_rows)
    for number in range(20):
        desk.tell(number % 2, "type:invoice" if number % 3 else "type:order")
    session, outlet = desk.session("eve")
    desk.ask(session, subscribe={"topics": ["type:invoice"], "since": since(l0=2, l1=4)})
    desk.tell(0, "type:invoice")
    answer, *pushes = outlet.take()
    assert answer["ok"] == {
        "epoch": "e1",
        "place": {"0": 10, "1": 10},
        "recovered": True,
        "replay": len(pushes) - 1,
    }
    expected = [(n % 2, n // 2 + 1) for n in range(20) if n % 3]
    missed = sorted((lane, seq) for lane, seq in expected if seq > (2, 4)[lane])
    for lane in (0, 1):
        told = [tuple(push["at"]) for push in pushes if push["at"][0] == lane]
        assert told == [at for at in [*missed, (0, 11)] if at[0] == lane]
    assert pushes[-1]["at"] == [0, 11]


def test_a_lane_that_the_place_does_not_name_is_told_from_its_beginning() -> None:
    desk = a_desk()
    desk.tell(0, "type:a")
    desk.tell(1, "type:a")
    session, outlet = desk.session("eve")
    desk.ask(session, subscribe={"topics": ["all"], "since": since(l1=1)})
    assert heard(outlet) == [(["all"], 0, 1)]


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        (since("e0", l0=5, l1=0), "epoch"),
        (since(l0=5, l1=0, l7=1), "epoch"),
        (since(l0=41, l1=0), "epoch"),
        (since(l0=5, l1=0), "too_old"),
        (since(l0=29, l1=0), "too_many"),
    ],
)
def test_a_place_that_cannot_be_continued_is_said_to_be_so(place: Any, reason: str) -> None:
    desk = a_desk(ring_rows=4, replay_messages=10)
    for _ in range(40):
        desk.tell(0, "type:a")
    desk.feed.trim(0, below=20)
    session, outlet = desk.session("eve")
    desk.ask(session, subscribe={"topics": ["all"], "since": place})
    desk.tell(0, "type:a")
    answer, *pushes = outlet.take()
    assert answer["ok"] == {
        "epoch": "e1",
        "place": {"0": 40, "1": 0},
        "recovered": False,
        "replay": 0,
        "reason": reason,
    }
    assert [push["at"] for push in pushes] == [[0, 41]]


def test_no_more_rows_are_looked_through_than_the_bound() -> None:
    desk = a_desk(ring_rows=1, replay_scan=5)
    for _ in range(7):
        desk.tell(0, "type:a")
    session, outlet = desk.session("eve")
    desk.feed.reads = 0
    desk.ask(session, subscribe={"topics": ["type:b"], "since": since(l0=1)})
    desk.ask(session, subscribe={"topics": ["type:b"], "since": since(l0=2)})
    assert [answer["ok"].get("reason") for answer in outlet.take()] == ["too_many", None]
    assert desk.feed.reads == 1


def test_a_snapshot_that_is_ahead_of_the_gateway_is_caught_up_with() -> None:
    desk = a_desk()
    desk.feed.add(0, "type:a")
    late = desk.feed.add(0, "type:a")
    session, outlet = desk.session("eve")
    desk.ask(session, subscribe={"topics": ["all"], "since": since(l0=2, l1=0)})
    desk.publish(late)
    desk.tell(0, "type:a")
    answer, push = outlet.take()
    assert answer["ok"]["recovered"] is True
    assert push["at"] == [0, 3]


# The hub


def test_a_hole_is_noticed_and_filled_and_nothing_comes_twice() -> None:
    desk = a_desk()
    session, outlet = desk.session("eve")
    desk.ask(session, subscribe={"topics": ["all"]})
    outlet.take()
    lost, late = desk.feed.add(0, "type:a"), desk.feed.add(0, "type:b")
    assert desk.publish(late) is False
    assert heard(outlet) == []
    answered(desk.hub.refresh())
    desk.publish(lost)
    desk.publish(late)
    assert heard(outlet) == [(["all"], 0, 1), (["all"], 0, 2)]


def test_a_lost_last_row_is_found_by_the_heads() -> None:
    desk = a_desk()
    session, outlet = desk.session("eve")
    desk.ask(session, subscribe={"topics": ["all"]})
    outlet.take()
    desk.feed.add(1, "type:a")
    answered(desk.hub.refresh())
    assert heard(outlet) == [(["all"], 1, 1)]


def test_a_lane_that_is_new_is_told_from_its_beginning() -> None:
    desk = a_desk()
    session, outlet = desk.session("eve")
    desk.ask(session, subscribe={"topics": ["all"]})
    outlet.take()
    desk.feed.rows[2], desk.feed.trimmed[2] = [], 0
    assert desk.tell(2, "type:a") is False
    answered(desk.hub.refresh())
    assert heard(outlet) == [(["all"], 2, 1)]


def test_rows_that_were_trimmed_before_the_gateway_saw_them_are_owned_up_to() -> None:
    desk = a_desk()
    session, outlet = desk.session("eve")
    desk.ask(session, subscribe={"topics": ["all", "type:a"]})
    outlet.take()
    for _ in range(5):
        desk.feed.add(0, "type:a")
    desk.feed.trim(0, below=4)
    answered(desk.hub.refresh())
    answered(session.review())
    notices = [message for message in outlet.sent if "resync" in message]
    assert [notice["topic"] for notice in notices] == ["all", "type:a"]
    place = {"epoch": "e1", "lanes": {"0": 3, "1": 0}}
    assert notices[0]["resync"] == {"reason": "too_old", "since": place}
    assert heard(outlet) == [(["all", "type:a"], 0, 4), (["all", "type:a"], 0, 5)]


def test_a_feed_that_began_anew_is_owned_up_to() -> None:
    desk = a_desk()
    session, outlet = desk.session("eve")
    desk.ask(session, subscribe={"topics": ["all"]})
    desk.tell(0, "type:a")
    outlet.take()
    desk.feed.renew()
    answered(desk.hub.refresh())
    answered(session.review())
    desk.tell(0, "type:a")
    notice, push = outlet.take()
    place = {"epoch": "e2", "lanes": {"0": 0, "1": 0}}
    assert notice == {"topic": "all", "resync": {"reason": "epoch", "since": place}}
    assert push["at"] == [0, 1]


def test_a_row_that_cannot_be_read_is_logged_and_holds_nobody_up(
    caplog: pytest.LogCaptureFixture,
) -> None:
    desk = a_desk()
    session, outlet = desk.session("eve")
    desk.ask(session, subscribe={"topics": ["all"]})
    outlet.take()
    bad = desk.feed.add(0, "type:a")
    desk.feed.rows[0][0] = type(bad)(0, 1, b"not JSON")
    desk.feed.add(0, "type:b")
    answered(desk.hub.refresh())
    assert heard(outlet) == [(["all"], 0, 2)]
    assert "lane 0, row 1 cannot be read" in caplog.text


def test_a_gateway_that_starts_knows_the_newest_rows() -> None:
    desk = a_desk()
    for _ in range(5):
        desk.feed.add(0, "type:a")
    desk.feed.trim(0, below=3)
    fresh = Desk(eve={"admin"})
    fresh.feed = fresh.hub.feed = desk.feed
    fresh.hub.epoch = ""
    answered(fresh.hub.refresh())
    desk.feed.reads = 0
    session, outlet = fresh.session("eve")
    fresh.ask(session, subscribe={"topics": ["all"], "since": since(l0=2, l1=0)})
    assert heard(outlet) == [(["all"], 0, 3), (["all"], 0, 4), (["all"], 0, 5)]
    assert desk.feed.reads == 0
