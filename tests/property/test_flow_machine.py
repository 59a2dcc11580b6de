"""Random flows, directories and commands, legal and illegal: what holds for every document.

The outcome of each step is counted a second time from the log alone, by trying out every way in
which the votes that were open could have come out.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import product

from hypothesis import event, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from commands.bus import Bus
from commands.ports import Ports
from domain.actor import Actor
from domain.command import Command
from domain.conditions import holds
from domain.definition.approvers import Approver, ApproverKind
from domain.definition.content import Content, Field, FieldKind
from domain.definition.counting import Counting, Rejecting, Rule
from domain.definition.steps import (
    Duplicates,
    Missing,
    Rejection,
    Return,
    SelfApproval,
    Step,
    walk,
)
from domain.document.commands import (
    AbstainFromStep,
    ApproveStep,
    CreateDocument,
    RecallVote,
    RecuseFromStep,
    RejectStep,
    ReviseDocument,
    SubmitDocument,
    WithdrawDocument,
)
from domain.document.counting import Ballot, Vote, approves
from domain.document.events import (
    BlockStarted,
    DocumentApproved,
    DocumentSubmitted,
    FlowWentBack,
    Outcome,
    SlotAbstained,
    SlotApproved,
    SlotRecused,
    SlotRejected,
    SlotReopened,
    StepEnded,
    StepKept,
    StepSkipped,
    StepStarted,
)
from domain.document.state import Document, Status, fold
from domain.errors import RefusedError
from projections.workspace import WORKSPACE, documents, inbox
from tests.builders import DOCUMENT, an_envelope, published
from tests.fakes import (
    InMemoryCalendars,
    InMemoryDefinitions,
    InMemoryDirectory,
    InMemoryEventLog,
    InMemoryRows,
    Known,
)

LOGINS = ("ann", "bob", "cyd", "dee", "eve")
ROLES = ("red", "blue")
CONDITIONS = ("", "", "size > 1", "size > 2", 'title == "desk"')

who = st.sampled_from(LOGINS)
sources = st.builds(
    replace,
    st.one_of(
        st.builds(Approver, st.just(ApproverKind.PERSON), who),
        st.builds(Approver, st.just(ApproverKind.ROLE), st.sampled_from(ROLES)),
        st.builds(Approver, st.just(ApproverKind.MEMBERS), st.sampled_from(ROLES)),
        st.just(Approver(ApproverKind.MANAGER)),
        st.builds(Approver, st.just(ApproverKind.CHAIN), levels=st.integers(0, 2)),
    ),
    condition=st.sampled_from(CONDITIONS),
    group=st.sampled_from(["", "a", "b"]),
    weight=st.integers(0, 2),
    veto=st.integers(0, 5).map(lambda number: number == 0),
    mandatory=st.integers(0, 5).map(lambda number: number == 0),
)
countings = st.builds(
    Counting,
    st.sampled_from(Rule),
    number=st.integers(1, 2),
    percent=st.sampled_from(["50", "66.7", "100"]),
    rejecting=st.sampled_from(Rejecting),
    every_vote=st.booleans(),
    abstentions_count=st.booleans(),
)
single = st.builds(
    Step,
    st.just(""),
    st.lists(sources, min_size=1, max_size=3).map(tuple),
    condition=st.sampled_from(CONDITIONS),
    counting=st.one_of(st.just(Counting()), countings),
    in_order=st.booleans(),
    rejection=st.builds(
        Rejection, st.sampled_from([Return.REQUESTER, Return.END, Return.PREVIOUS])
    ),
    missing=st.sampled_from(Missing),
    watches=st.sampled_from([(), ("size",), ("title", "size")]),
)
blocks = st.builds(
    Step,
    st.just(""),
    condition=st.sampled_from(CONDITIONS),
    branches=st.lists(
        st.lists(single, min_size=1, max_size=2).map(tuple), min_size=1, max_size=3
    ).map(tuple),
)


def named(steps: Sequence[Step], prefix: str = "s") -> tuple[Step, ...]:
    """Give every step a name of its own."""
    return tuple(
        replace(
            step,
            name=f"{prefix}{number}",
            branches=tuple(
                named(branch, f"{prefix}{number}_{side}_")
                for side, branch in enumerate(step.branches)
            ),
        )
        for number, step in enumerate(steps)
    )


flows = st.builds(
    Content,
    st.just((Field("title", FieldKind.TEXT), Field("size", FieldKind.INTEGER, required=True))),
    st.lists(st.one_of(single, single, blocks), min_size=1, max_size=4).map(named),
    self_approval=st.sampled_from(SelfApproval),
    duplicates=st.sampled_from(Duplicates),
)
#: A team that most flows get through, and what may differ in it.
TEAM = {
    "ann": Known(manager="bob", roles=frozenset({"red"})),
    "bob": Known(manager="cyd", roles=frozenset({"red", "blue"})),
    "cyd": Known(manager="dee", roles=frozenset({"red"})),
    "dee": Known(roles=frozenset({"blue"})),
    "eve": Known(manager="dee", roles=frozenset({"blue"})),
}
teams = st.one_of(
    st.just(TEAM),
    st.builds(
        lambda login, differing: {**TEAM, login: differing},
        st.sampled_from(LOGINS[1:]),
        st.builds(
            Known,
            active=st.booleans(),
            manager=st.none() | who,
            roles=st.frozensets(st.sampled_from(ROLES)),
        ),
    ),
)


class FlowMachine(RuleBasedStateMachine):
    """One document of ann's."""

    @initialize(flow=flows, team=teams, size=st.integers(0, 4))
    def begin(self, flow: Content, team: dict[str, Known], size: int) -> None:
        self.flow, self.team = flow, dict(team)
        self.log = InMemoryEventLog()
        self.definitions = InMemoryDefinitions({"d": [published(flow, 1, "d")]})
        self.ports = Ports(InMemoryDirectory(self.team), self.definitions, InMemoryCalendars())
        self.bus = Bus(self.log, self.ports, lambda _: None)
        self.rows, self.shown = InMemoryRows(), 0
        self.do(CreateDocument(DOCUMENT, "d", {"title": "desk", "size": size}), "ann")
        self.do(SubmitDocument(DOCUMENT), "ann")
        event(f"submitted: {self.live.round > 0}")

    def do(self, command: Command, login: str) -> None:
        before = list(self.log.events)
        try:
            self.bus.handle(an_envelope(command, Actor(login, self.team[login].roles)))
        except RefusedError as refusal:
            note(f"{login} {command.NAME}: {refusal.message}")
            assert self.log.events == before
        else:
            note(
                f"{login} {command.NAME}: {[each.event for each in self.log.events[len(before) :]]}"
            )

    @property
    def live(self) -> Document:
        found = fold(each.event for each in self.log.events)
        assert found is not None
        return found

    def step(self, number: int) -> str:
        waiting = self.live.waiting
        return waiting[number % len(waiting)] if waiting else ""

    # ---- what people do

    @rule(by=who, number=st.integers(0, 3))
    def approve(self, by: str, number: int) -> None:
        self.do(ApproveStep(DOCUMENT, self.live.revision, self.step(number)), by)

    @rule(number=st.integers(0, 5), vote=st.sampled_from([ApproveStep, ApproveStep, RejectStep]))
    def vote_as_who_is_asked(self, number: int, vote: type[ApproveStep | RejectStep]) -> None:
        slots = self.live.open_slots
        if not slots:
            return
        slot = slots[number % len(slots)]
        able = [by for by in LOGINS if slot.assignee in {by, *self.team[by].roles}]
        reason = {"reason": "no"} if vote is RejectStep else {}
        for by in able[:1]:
            step = slot.id.split(".")[1]
            self.do(vote(DOCUMENT, revision=self.live.revision, step=step, **reason), by)

    @rule(by=who, number=st.integers(0, 3))
    def reject(self, by: str, number: int) -> None:
        self.do(RejectStep(DOCUMENT, self.live.revision, "no", self.step(number)), by)

    @rule(by=who, number=st.integers(0, 3))
    def abstain(self, by: str, number: int) -> None:
        self.do(AbstainFromStep(DOCUMENT, self.live.revision, self.step(number)), by)

    @rule(by=who, number=st.integers(0, 3))
    def recuse(self, by: str, number: int) -> None:
        self.do(RecuseFromStep(DOCUMENT, "not me", self.step(number)), by)

    @rule(by=who)
    def recall(self, by: str) -> None:
        self.do(RecallVote(DOCUMENT), by)

    @rule(name=st.sampled_from(["title", "size"]), size=st.integers(0, 4))
    def revise(self, name: str, size: int) -> None:
        value: object = size if name == "size" else ["desk", "chair"][size % 2]
        self.do(ReviseDocument(DOCUMENT, {name: value}), "ann")

    @rule()
    def submit(self) -> None:
        self.do(SubmitDocument(DOCUMENT), "ann")

    @rule(often=st.integers(0, 9))
    def withdraw(self, often: int) -> None:
        if not often:
            self.do(WithdrawDocument(DOCUMENT), "ann")

    @rule(login=who, manager=st.none() | who)
    def assign_manager(self, login: str, manager: str | None) -> None:
        self.team[login] = replace(self.team[login], manager=manager)
        self.ports.directory.people[login] = self.team[login]  # type: ignore[attr-defined]

    # ---- what holds

    @invariant()
    def the_inbox_is_the_open_slots(self) -> None:
        self.rows.run(WORKSPACE, self.log.events[self.shown :])
        self.shown = len(self.log.events)
        live = self.live
        tasks = self.rows.all(inbox.TASK)
        assert {key[1] for key in tasks} == {slot.id for slot in live.open_slots}
        row = self.rows.all(documents.DOCUMENT)[(DOCUMENT,)]
        assert (row["status"], row["waiting"]) == (live.status, list(live.waiting))
        assert set(row["blocked"]) == {  # type: ignore[call-overload]
            name for name in live.waiting if live.stages[name].standing == "blocked"
        }
        assert {key[1:] for key in self.rows.all(documents.PARTY)} == set(live.parties)

    @invariant()
    def only_a_pending_document_waits_and_it_always_does(self) -> None:
        live = self.live
        assert (live.status is Status.PENDING) == bool(live.waiting)
        assert live.status is Status.PENDING or not live.open_slots
        for name in live.waiting:
            stage = live.stages[name]
            if stage.standing == "blocked":
                continue
            assert stage.waiting, f"{name} waits for nobody"
            step = self.flow.step(name)
            assert step is not None
            ends = _ends(self.flow, name, [seat.ballot for seat in stage.seats])
            assert len(ends) > 1 or step.counting.every_vote, f"{name} is certain and waits"

    @invariant()
    def nobody_votes_twice_for_others_or_on_their_own(self) -> None:
        voted: set[str] = set()
        slots = {}
        for each in self.log.events:
            happened = each.event
            if isinstance(happened, StepStarted):
                slots.update({slot.id: slot for slot in happened.slots})
            if isinstance(happened, SlotReopened):
                voted.remove(happened.slot.id)
            if isinstance(happened, SlotApproved | SlotRejected | SlotAbstained):
                assert happened.slot not in voted
                voted.add(happened.slot)
                slot = slots[happened.slot]
                assert slot.assignee in {happened.by, *self.team[happened.by].roles}
                assert each.meta.actor == happened.by
                if self.flow.self_approval is not SelfApproval.ALLOW:
                    assert happened.by != "ann"

    @invariant()
    def every_outcome_is_what_the_votes_say(self) -> None:
        votes: dict[str, dict[str, Ballot]] = {}
        for each in self.log.events:
            happened = each.event
            match happened:
                case StepStarted():
                    votes[happened.step] = {slot.id: _open(slot) for slot in happened.slots}
                case SlotApproved() | SlotRejected() | SlotAbstained():
                    ballot = votes[happened.step][happened.slot]
                    vote = Vote(happened.TOPIC.removeprefix("document.slot_"))
                    votes[happened.step][happened.slot] = replace(
                        ballot, vote=vote, voter=happened.by
                    )
                case SlotRecused():
                    del votes[happened.step][happened.slot]
                case SlotReopened():
                    votes[happened.step][happened.slot.id] = _open(happened.slot)
                case StepEnded():
                    ends = _ends(self.flow, happened.step, list(votes[happened.step].values()))
                    assert ends == {happened.outcome is Outcome.APPROVED}
                case _:
                    pass

    @invariant()
    def it_is_approved_when_every_step_that_applies_was_and_only_then(self) -> None:
        settled: set[str] = set()
        for each in self.log.events:
            match each.event:
                case DocumentSubmitted():
                    settled = set()
                case StepEnded(step=step, outcome="approved"):
                    settled.add(step)
                case StepKept(step=step) | StepSkipped(step=step) | BlockStarted(step=step):
                    settled.add(step)
                case FlowWentBack(again=again):
                    settled -= set(again)
                case DocumentApproved():
                    values = self.live.values
                    for step in _applicable(self.flow, self.flow.steps, values):
                        assert step.name in settled, f"approved without {step.name}"


def _applicable(flow: Content, steps: Sequence[Step], values: object) -> list[Step]:
    found = []
    for step in steps:
        if not step.condition or holds(step.condition, flow.fields, values):  # type: ignore[arg-type]
            found.append(step)
            for branch in step.branches:
                found += _applicable(flow, branch, values)
    return found


def _open(slot: object) -> Ballot:
    return Ballot(
        group=slot.group,  # type: ignore[attr-defined]
        weight=slot.weight,  # type: ignore[attr-defined]
        veto=slot.veto,  # type: ignore[attr-defined]
        mandatory=slot.mandatory,  # type: ignore[attr-defined]
    )


def _ends(flow: Content, name: str, ballots: Sequence[Ballot]) -> set[bool]:
    """Return every outcome that the open votes can still give."""
    (step,) = (each for each in walk(flow.steps) if each.name == name)
    cast = [Vote.APPROVED, Vote.REJECTED, Vote.ABSTAINED]
    ways = product(
        *(
            [replace(each, vote=vote, voter=f"#{number}") for vote in cast]
            if each.vote is Vote.OPEN
            else [each]
            for number, each in enumerate(ballots)
        )
    )
    return {approves(step.counting, way) for way in ways}


TestFlow: Callable[[], object] = FlowMachine.TestCase
#: Flows are many things at once, so more of them are tried than elsewhere.
TestFlow.settings = settings(max_examples=4 * settings.default.max_examples)  # type: ignore[attr-defined, union-attr]
