"""What a client may hear, hears, and is told when it cannot be told."""

from contextlib import suppress
from typing import Any

import pytest

from realtime import protocol
from realtime.access import Identity
from realtime.index import Grant, Index
from realtime.limits import Limits
from realtime.row import Row
from realtime.session import Session
from realtime.steps import Steps
from tests.gateway import DOCUMENT, Desk, FakeOutlet, a_message, answered


def a_desk(**limits: Any) -> Desk:
    desk = Desk(Limits(**limits), ann={"clerk"}, bob=set(), eve={"admin"}, joe={"auditor"})
    desk.access.readable.add(("ann", DOCUMENT))
    return desk


def heard(outlet: FakeOutlet) -> list[tuple[list[str], int, int]]:
    return [(m["topics"], *m["at"]) for m in outlet.take() if "at" in m]


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


def since(epoch: str = "e1", **lanes: int) -> dict[str, Any]:
    return {"epoch": epoch, "lanes": {name[1:]: seq for name, seq in lanes.items()}}


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


# Rights


def answer_to(steps: Steps[None], answer: object) -> None:
    """Give an outdated answer, and then those to all further questions."""
    with suppress(StopIteration):
        while True:
            answer = steps.send(answer)()  # type: ignore[arg-type]


def a_follower(login: str, *topics: str) -> tuple[Desk, Session, FakeOutlet]:
    desk = a_desk()
    session, outlet = desk.session(login)
    desk.ask(session, subscribe={"topics": topics})
    outlet.take()
    return desk, session, outlet


def test_who_may_have_lost_a_right_hears_nothing_before_it_was_looked_at() -> None:
    desk, session, outlet = a_follower("ann", "inbox:ann", f"document:{DOCUMENT}")
    desk.access.people["ann"] = frozenset()
    desk.access.readable.clear()
    desk.tell(0, "directory:ann")
    desk.tell(1, "role:clerk")
    desk.tell(1, f"document:{DOCUMENT}")
    desk.tell(1, "person:ann")
    assert outlet.sent == []
    assert outlet.reviews == 1
    assert not session.follows
    answered(session.review())
    ended, notice, push = outlet.take()
    assert ended == {"topic": f"document:{DOCUMENT}", "ended": {"code": "forbidden"}}
    held = {"epoch": "e1", "lanes": {"0": 0, "1": 0}}
    assert notice == {"topic": "inbox:ann", "resync": {"reason": "rights_changed", "since": held}}
    assert push["at"] == [1, 3]
    assert session.follows


def test_a_change_that_takes_no_right_loses_no_row() -> None:
    desk, session, outlet = a_follower("ann", "inbox:ann")
    desk.tell(0, "directory:ann")
    desk.tell(0, "person:ann")
    answered(session.review())
    desk.tell(0, "role:clerk")
    assert heard(outlet) == [(["inbox:ann"], 0, 2), (["inbox:ann"], 0, 3)]


def test_a_change_of_tokens_takes_no_snapshot_and_one_of_roles_does_even_if_undone() -> None:
    desk, session, outlet = a_follower("ann", "inbox:ann")
    desk.tell(0, "directory:ann", type="person.token_issued")
    answered(session.review())
    assert outlet.take() == []
    desk.tell(0, "directory:ann", type="person.role_revoked")
    desk.tell(0, "directory:ann", type="person.role_granted")
    answered(session.review())
    (notice,) = outlet.take()
    assert notice["resync"]["reason"] == "rights_changed"
    answered(session.review())
    assert outlet.take() == []


def test_rights_are_looked_at_again_when_rows_were_lost() -> None:
    desk, session, outlet = a_follower("ann", "inbox:ann")
    desk.access.people["ann"] = frozenset()
    desk.feed.add(0, "directory:ann")
    desk.feed.add(0, "x:y")
    desk.feed.trim(0, below=2)
    answered(desk.hub.refresh())
    desk.tell(1, "role:clerk")
    answered(session.review())
    notices = [message["resync"]["reason"] for message in outlet.take()]
    assert notices == ["too_old", "rights_changed"]


def test_a_new_role_widens_the_inbox_also_for_whoever_else_watches_it() -> None:
    desk, session, outlet = a_follower("eve", "inbox:bob", "all")
    desk.access.people["bob"] = frozenset({"clerk"})
    desk.tell(0, "directory:bob")
    answered(session.review())
    desk.tell(0, "role:clerk")
    notice, *pushes = outlet.take()
    assert notice["topic"] == "inbox:bob"
    assert [(push["topics"], push["at"]) for push in pushes] == [
        (["all"], [0, 1]),
        (["all", "inbox:bob"], [0, 2]),
    ]


def test_who_may_no_longer_act_is_sent_away_for_good() -> None:
    desk, session, outlet = a_follower("ann", "inbox:ann")
    del desk.access.people["ann"]
    desk.tell(0, "directory:ann", "person:ann")
    answered(session.review())
    assert outlet.close is protocol.DEACTIVATED
    assert outlet.sent == []


def test_whose_token_was_revoked_is_sent_away_for_good() -> None:
    desk, session, outlet = a_follower("ann", "inbox:ann")
    desk.access.void.add("token-ann")
    desk.tell(0, "directory:ann", "person:ann")
    answered(session.review())
    assert outlet.close is protocol.REVOKED
    assert outlet.sent == []


def test_who_cannot_be_judged_may_not_go_on() -> None:
    desk, session, outlet = a_follower("ann", "inbox:ann")
    desk.access.away = True
    desk.tell(0, "directory:ann")
    answered(session.review())
    assert outlet.close is protocol.UNAVAILABLE


def test_a_review_without_a_cause_changes_nothing_and_needs_no_answer() -> None:
    desk, session, outlet = a_follower("ann", "inbox:ann")
    answered(session.review())
    desk.access.away = True
    answered(session.review())
    desk.tell(0, "person:ann")
    assert outlet.close is None
    assert heard(outlet) == [(["inbox:ann"], 0, 1)]


def test_a_review_finds_a_token_that_expired_without_an_event() -> None:
    desk, session, outlet = a_follower("ann", "inbox:ann")
    desk.access.void.add("token-ann")
    answered(session.review())
    assert outlet.close is protocol.REVOKED


def test_who_resumes_over_a_change_of_their_roles_is_told_to_fetch_a_snapshot() -> None:
    desk = a_desk()
    desk.tell(0, "type:a")
    desk.tell(0, "directory:ann")
    desk.tell(0, "person:ann")
    session, outlet = desk.session("ann")
    desk.ask(session, subscribe={"topics": ["inbox:ann"], "since": since(l0=1, l1=0)})
    desk.ask(session, subscribe={"topics": ["inbox:ann"], "since": since(l0=2, l1=0)})
    first, second, push = outlet.take()
    assert first["ok"]["reason"] == "rights_changed"
    assert second["ok"]["recovered"] is True
    assert push["at"] == [0, 3]


def test_rights_that_change_while_they_are_looked_at_are_looked_at_again() -> None:
    desk = a_desk()
    session, outlet = desk.session("ann")
    steps = session.handle(b'{"id":1,"subscribe":{"topics":["inbox:ann"]}}', 0.0)
    verdict = next(steps)()
    desk.access.people["ann"] = frozenset()
    desk.tell(0, "directory:ann")
    answer_to(steps, verdict)
    desk.tell(0, "role:clerk")
    desk.tell(0, "person:ann")
    answer, push = outlet.take()
    assert "ok" in answer
    assert push["at"] == [0, 3]


def test_rights_that_never_rest_are_given_up() -> None:
    desk = a_desk()
    session, outlet = desk.session("ann")
    steps = session.handle(b'{"id":1,"subscribe":{"topics":["inbox:ann"]}}', 0.0)
    question, questions = next(steps), 0
    while question is not None:
        answer = question()
        desk.tell(0, "directory:ann")
        questions += 1
        assert questions < 1000
        try:
            question = steps.send(answer)
        except StopIteration:
            question = None
    assert outlet.take()[0]["error"]["code"] == "unavailable"


def test_rights_that_change_while_a_review_runs_are_looked_at_again() -> None:
    desk, session, outlet = a_follower("ann", "inbox:ann")
    desk.access.people["ann"] = frozenset({"manager"})
    desk.tell(0, "directory:ann")
    steps = session.review()
    verdict = next(steps)()
    desk.hub.lanes[0].append(Row.parse(a_message(0, 2, [])))  # so that the review must read
    desk.hub.lanes[0] = type(desk.hub.lanes[0])(2, 10, 10_000)
    reading = steps.send(verdict)
    rows = reading()
    desk.access.people["ann"] = frozenset()
    desk.feed.add(0, "x:y")
    desk.tell(0, "directory:ann")
    answer_to(steps, rows)
    outlet.take()
    desk.tell(0, "role:manager")
    assert heard(outlet) == []
    assert session.follows


def test_a_feed_that_begins_anew_while_it_is_read_is_not_mixed_with_the_old_one() -> None:
    desk = a_desk(ring_rows=1)
    for _ in range(5):
        desk.tell(0, "type:a")
    session, outlet = desk.session("eve")
    text = b'{"id":1,"subscribe":{"topics":["all"],"since":{"epoch":"e1","lanes":{"0":1,"1":0}}}}'
    steps = session.handle(text, 0.0)
    reading = steps.send(next(steps)())
    rows = reading()
    desk.feed.renew()
    for _ in range(5):
        desk.feed.add(0, "type:b")
    answered(desk.hub.refresh())
    answer_to(steps, rows)
    answer = outlet.take()[-1]["ok"]
    assert (answer["recovered"], answer["reason"], answer["epoch"]) == (False, "epoch", "e2")


def test_the_newest_grant_of_a_topic_is_everybodys() -> None:
    index: Index[str] = Index()
    index.add("first", Grant("inbox:ann", frozenset({"person:ann", "role:clerk"}), "ann"))
    index.add("second", Grant("inbox:ann", frozenset({"person:ann", "role:manager"}), "ann"))
    clerk, manager = (Row.parse(a_message(0, 1, [f"role:{r}"])) for r in ("clerk", "manager"))
    assert list(index.audience(clerk)) == []
    assert [(t, set(who)) for t, who in index.audience(manager)] == [
        (("inbox:ann",), {"first", "second"})
    ]
