"""Rights that change under open connections, and whoever asks about them meanwhile."""

from contextlib import suppress

from realtime import protocol
from realtime.index import Grant, Index
from realtime.row import Row
from realtime.session import Session
from realtime.steps import Steps
from tests.gateway import DOCUMENT, Desk, FakeOutlet, a_desk, a_message, answered, heard, since


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


def test_a_ticket_counts_no_longer_than_what_it_was_fetched_by() -> None:
    desk = a_desk()
    outlet = FakeOutlet()
    session = Session("c", "gw", desk.hub, desk.access, outlet)
    desk.ask(session, connect={"ticket": "ticket-ann"})
    desk.access.void.add("token-ann")
    answered(session.review())
    assert outlet.close is protocol.REVOKED
    late = FakeOutlet()
    desk.ask(Session("d", "gw", desk.hub, desk.access, late), connect={"ticket": "ticket-ann"})
    assert late.close is protocol.UNAUTHORIZED


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


def test_a_job_is_followed_by_who_asked_also_in_the_inbox_and_by_nobody_else() -> None:
    desk, session, outlet = a_follower("ann", f"job:{DOCUMENT}", "inbox:ann")
    desk.tell(0, f"job:{DOCUMENT}", "person:ann", type="job.succeeded")
    assert heard(outlet) == [(["inbox:ann", f"job:{DOCUMENT}"], 0, 1)]
    stranger, told = desk.session("bob")
    desk.ask(stranger, subscribe={"topics": [f"job:{DOCUMENT}"]})
    assert told.take()[-1]["error"]["code"] == "forbidden"
    desk.ask(session, subscribe={"topics": ["job:no-uuid"]})
    assert outlet.take()[-1]["error"]["code"] == "forbidden"
