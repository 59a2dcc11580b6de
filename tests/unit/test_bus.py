"""Handling commands: once for each key, decided anew after each conflict, and an end to that."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from commands.bus import ATTEMPTS, Bus, CrowdedError, StaleVersionError, digest
from commands.envelope import Envelope
from commands.ports import KeyReusedError, Outcome, Ports, Request
from domain.command import Command
from domain.definition.commands import PublishDefinition
from domain.definition.steps import SelfApproval
from domain.directory.commands import IssueToken
from domain.document.commands import AddComment, CreateDocument, SubmitDocument, WithdrawDocument
from domain.document.events import CommentAdded, DocumentWithdrawn
from domain.errors import Reason, RefusedError
from domain.metadata import Channel, Event, Meta, Recorded
from tests.builders import ANN, AT, BOB, DOCUMENT, MIA, ZOE, an_envelope, content, ports
from tests.documents import APPROVE, CREATE, DESK, SUBMIT
from tests.fakes import InMemoryEventLog

HELLO = AddComment(DOCUMENT, "hello")


class CrowdedLog(InMemoryEventLog):
    """A log where rivals append before one's own append, as often as they have something."""

    def __init__(self, rivals: Sequence[Callable[["CrowdedLog"], object]] = ()) -> None:
        super().__init__()
        self.rivals = list(rivals)

    def append(
        self, stream: UUID, version: int, events: Sequence[Event], meta: Meta, request: Request
    ) -> Outcome:
        if self.rivals:
            self.rivals.pop(0)(self)
        return super().append(stream, version, events, meta, request)


class Office:
    """A bus on a log, and whom it has told."""

    def __init__(self, log: InMemoryEventLog | None = None, world: Ports | None = None) -> None:
        self.log = log or InMemoryEventLog()
        self.told: list[Outcome] = []
        self.bus = Bus(self.log, world or ports(), self.told.append)

    def handle(self, *commands: Command) -> Outcome:
        """Handle each of these in ann's name, under keys of their own; return the last outcome."""
        return [self.bus.handle(an_envelope(command)) for command in commands][-1]

    @property
    def events(self) -> list[Event]:
        return [each.event for each in self.log.load(DOCUMENT)]


def rival(command: Command) -> Callable[[CrowdedLog], object]:
    """Somebody on another machine who handles `command` meanwhile."""

    def act(log: CrowdedLog) -> None:
        rivals, log.rivals = log.rivals, []
        Office(log).handle(command)
        log.rivals = rivals

    return act


def test_a_command_is_decided_on_what_the_log_holds_and_appended() -> None:
    office = Office()
    assert office.handle(CREATE) == Outcome(DOCUMENT, 1, 1)
    assert office.handle(SUBMIT) == Outcome(DOCUMENT, 3, 3)
    outcome = office.bus.handle(an_envelope(APPROVE, MIA))
    assert (outcome.version, len(office.log.load(DOCUMENT))) == (7, 7)


def test_every_event_carries_the_circumstances_of_its_command() -> None:
    office = Office()
    early = AT - timedelta(days=400)
    envelope = Envelope(
        CREATE, "import-7", ANN, AT, Channel.IMPORT, effective_at=early, correlation_id="batch-1"
    )
    office.bus.handle(envelope)
    (recorded,) = office.log.load(DOCUMENT)
    assert recorded.meta == Meta("ann", "import-7", "batch-1", AT, early, Channel.IMPORT)


def test_a_command_without_a_conversation_begins_one_and_happens_now() -> None:
    meta = an_envelope(CREATE, BOB, "key-of-bob").meta
    assert (meta.actor, meta.command_id, meta.correlation_id) == ("bob", "key-of-bob", "key-of-bob")
    assert meta.effective_at == meta.recorded_at == AT
    assert meta.on_behalf_of is None


def test_a_conflict_is_decided_anew() -> None:
    log = CrowdedLog()
    office = Office(log)
    office.handle(CREATE, SUBMIT)
    log.rivals = [rival(AddComment(DOCUMENT, "first"))]
    assert office.handle(HELLO).version == 5
    assert office.events[3:] == [CommentAdded("first"), CommentAdded("hello")]


def test_a_rival_may_make_a_command_refused() -> None:
    log = CrowdedLog()
    office = Office(log)
    office.handle(CREATE, SUBMIT)
    log.rivals = [rival(WithdrawDocument(DOCUMENT))]
    with pytest.raises(RefusedError) as refused:
        office.bus.handle(an_envelope(APPROVE, MIA))
    assert refused.value.reason is Reason.WRONG_STATUS
    assert isinstance(office.events[-1], DocumentWithdrawn)
    assert len(office.told) == 2


def test_a_crowd_has_an_end() -> None:
    crowd = [rival(AddComment(DOCUMENT, f"number {number}")) for number in range(ATTEMPTS)]
    log = CrowdedLog()
    office = Office(log)
    office.handle(CREATE)
    log.rivals = list(crowd)
    with pytest.raises(CrowdedError):
        office.handle(HELLO)
    assert CommentAdded("hello") not in office.events
    assert len(office.told) == 1
    log.rivals = crowd[1:]
    office.handle(HELLO)
    assert office.events[-1] == CommentAdded("hello")


def test_a_client_that_saw_the_latest_version_is_served() -> None:
    office = Office()
    office.handle(CREATE)
    office.bus.handle(an_envelope(SUBMIT, expected_version=1))
    office.bus.handle(an_envelope(CreateDocument(uuid4(), "purchase"), expected_version=0))


@pytest.mark.parametrize("expected", [0, 1, 2, 4])
def test_a_client_that_saw_another_version_is_told_what_happened_since(expected: int) -> None:
    office = Office()
    office.handle(CREATE, SUBMIT)
    with pytest.raises(StaleVersionError) as stale:
        office.bus.handle(an_envelope(HELLO, expected_version=expected))
    assert (stale.value.expected, stale.value.version) == (expected, 3)
    assert stale.value.since == office.log.load(DOCUMENT)[expected:]
    assert len(office.log.load(DOCUMENT)) == 3


def test_a_conflict_is_not_retried_for_a_client_that_named_a_version() -> None:
    log = CrowdedLog()
    office = Office(log)
    office.handle(CREATE)
    log.rivals = [rival(AddComment(DOCUMENT, "first"))]
    with pytest.raises(StaleVersionError) as stale:
        office.bus.handle(an_envelope(HELLO, expected_version=1))
    assert [each.event for each in stale.value.since] == [CommentAdded("first")]


def test_a_repetition_returns_the_first_outcome_and_tells_nobody() -> None:
    office = Office()
    office.handle(CREATE)
    comment = an_envelope(HELLO)
    first = office.bus.handle(comment)
    assert office.bus.handle(comment) == replace(first, repeated=True)
    office.handle(SUBMIT)
    assert office.bus.handle(comment) == replace(first, repeated=True)
    assert office.events.count(CommentAdded("hello")) == 1
    assert len(office.told) == 3
    assert not any(outcome.repeated for outcome in office.told)


@pytest.mark.parametrize("expected", [None, 1])
def test_a_repetition_that_would_be_refused_by_now_returns_the_first_outcome(expected) -> None:
    office = Office()
    office.handle(CREATE)
    submit = an_envelope(SUBMIT, expected_version=expected)
    first = office.bus.handle(submit)
    assert office.bus.handle(submit) == replace(first, repeated=True)
    with pytest.raises((RefusedError, StaleVersionError)):
        office.bus.handle(replace(submit, command_id="another"))


def test_a_repetition_from_another_machine_meets_the_first_one() -> None:
    log = CrowdedLog()
    office = Office(log)
    office.handle(CREATE)
    comment = an_envelope(HELLO)
    log.rivals = [lambda shared: Bus(shared, ports(), lambda _: None).handle(comment)]
    assert office.bus.handle(comment).repeated
    assert office.events.count(CommentAdded("hello")) == 1


def test_a_key_stands_for_one_request() -> None:
    office = Office()
    office.bus.handle(an_envelope(CREATE, command_id="mine"))
    for command, by in ((CREATE, BOB), (HELLO, ANN), (SUBMIT, MIA)):
        with pytest.raises(KeyReusedError):
            office.bus.handle(an_envelope(command, by, "mine"))
    assert len(office.told) == 1


def test_a_refusal_leaves_nothing_behind() -> None:
    office = Office()
    envelope = an_envelope(SUBMIT)
    with pytest.raises(RefusedError):
        office.bus.handle(envelope)
    assert office.log.first_outcome(Request(envelope.command_id, digest(envelope))) is None
    assert office.told == []
    office.handle(CREATE)
    assert not office.bus.handle(envelope).repeated


def test_the_log_has_grown_by_the_time_somebody_is_told() -> None:
    log = InMemoryEventLog()
    seen: list[Sequence[Recorded]] = []
    Bus(log, ports(), lambda outcome: seen.append(log.load(outcome.stream))).handle(
        an_envelope(CREATE)
    )
    assert [len(each) for each in seen] == [1]


# ---- the name of a request


def names(*commands: Command) -> set[bytes]:
    return {digest(an_envelope(command)) for command in commands}


def test_whoever_asks_for_the_same_has_the_same_request() -> None:
    one, other = an_envelope(CREATE), an_envelope(CREATE, expected_version=3)
    assert digest(one) == digest(other)
    assert digest(replace(one, at=AT + timedelta(days=1), channel=Channel.CLI)) == digest(one)
    turned = CreateDocument(DOCUMENT, "purchase", dict(reversed(DESK.items())))
    assert names(CREATE, turned) == {digest(one)}
    assert len(digest(one)) == 32


def test_whoever_asks_for_something_else_has_another() -> None:
    assert digest(an_envelope(CREATE, BOB)) != digest(an_envelope(CREATE, ANN))
    other = CreateDocument(DOCUMENT, "purchase", {**DESK, "pieces": 1})
    text = CreateDocument(DOCUMENT, "purchase", {**DESK, "pieces": "1"})
    assert len(names(CREATE, other, text, SUBMIT, WithdrawDocument(DOCUMENT))) == 5
    assert len(names(SUBMIT, SubmitDocument(uuid4()))) == 2
    contents = (content(), content(milestones=()), content(self_approval=SelfApproval.ALLOW))
    assert len(names(*(PublishDefinition("purchase", each) for each in contents))) == 3


def test_a_fresh_secret_makes_no_other_request() -> None:
    def issue(token: str, expires: int) -> Command:
        return IssueToken("ann", AT + timedelta(days=expires), "laptop", token, token * 64)

    assert len(names(issue("a", 1), issue("b", 1))) == 1
    assert len(names(issue("a", 1), issue("a", 2))) == 2


def test_a_command_says_what_it_is_about_but_no_secret() -> None:
    shown = repr(an_envelope(IssueToken("ann", token="t1", token_hash="f" * 64), ZOE))
    assert "ann" in shown
    assert "f" * 64 not in shown


class CountingLog(CrowdedLog):
    """A log that counts how often it was read."""

    loads = 0

    def load(self, stream: UUID) -> Sequence[Recorded]:
        self.loads += 1
        return super().load(stream)


def test_a_document_begins_without_a_look_at_what_is_not_there() -> None:
    log = CountingLog()
    Office(log).handle(CREATE)
    assert log.loads == 0


def test_a_document_that_is_there_does_not_begin_again() -> None:
    log = CountingLog()
    office = Office(log)
    office.handle(CREATE)
    with pytest.raises(RefusedError) as refusal:
        office.handle(CREATE)
    assert refusal.value.reason is Reason.ALREADY_EXISTS
    assert log.loads == 1
    assert len(office.events) == 1


def test_who_names_a_version_of_what_begins_is_told_where_it_stands() -> None:
    office = Office(CountingLog())
    with pytest.raises(StaleVersionError):
        office.bus.handle(replace(an_envelope(CREATE), expected_version=3))
    assert office.events == []
