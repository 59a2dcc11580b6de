"""A document does what the model says, whoever asks for whatever in whatever order.

Every command goes through the bus, on the in-memory log; the workspace follows in batches.
"""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from commands.bus import Bus, StaleVersionError
from commands.envelope import Envelope
from commands.ports import KeyReusedError, Outcome, Ports
from domain.actor import Actor
from domain.command import Command
from domain.definition.approvers import Approver, ApproverKind
from domain.definition.content import Content, Field, FieldKind, Milestone
from domain.definition.steps import SelfApproval, Step
from domain.document.commands import (
    AddComment,
    ApproveStep,
    CreateDocument,
    DiscardDocument,
    ReachMilestone,
    RejectStep,
    ReviseDocument,
    SubmitDocument,
    WithdrawDocument,
)
from domain.document.state import Document, evolve, fold
from domain.errors import RefusedError
from domain.events import EVENTS
from domain.values import plain, revision_of
from infra.codec import Codec
from projections.workspace import WORKSPACE, documents, inbox, timeline
from tests.builders import DOCUMENT, an_envelope, published
from tests.fakes import (
    InMemoryCalendars,
    InMemoryDefinitions,
    InMemoryDirectory,
    InMemoryEventLog,
    InMemoryRows,
    Known,
)
from tests.property.document_model import LOGINS, ROLES, Model, Plan, Rule, Stage, Team

CODEC = Codec(EVENTS)

who = st.sampled_from(LOGINS)
roles = st.sampled_from(ROLES)
sizes = st.integers(0, 4)
rules = st.one_of(
    st.builds(Rule, st.just("person"), who),
    st.builds(Rule, st.just("role"), roles),
    st.builds(Rule, st.just("field"), st.sampled_from(["boss", "desk"])),
    st.builds(Rule, st.just("manager")),
)
stages = st.builds(Stage, rules, st.none() | sizes)
plans = st.builds(
    Plan,
    st.lists(stages, min_size=1, max_size=4).map(tuple),
    st.lists(roles, max_size=3).map(tuple),
    st.booleans(),
)
titles = st.sampled_from([None, "desk", "chair"])
some_values = st.fixed_dictionaries(
    {"title": titles, "size": st.none() | sizes, "boss": st.none() | who, "desk": st.none() | roles}
)
full_values = st.fixed_dictionaries(
    {"title": st.just("desk"), "size": sizes, "boss": who, "desk": roles}
)
edits = st.one_of(
    st.tuples(st.just("title"), titles),
    st.tuples(st.just("size"), st.none() | sizes),
    st.tuples(st.just("boss"), st.none() | who),
    st.tuples(st.just("desk"), st.none() | roles),
)
texts = st.sampled_from(["", " ", "because", " so "])
named_steps = st.sampled_from(["", "", "s0", "s1", "s3"])


def content_of(plan: Plan) -> Content:
    kinds = {"person": FieldKind.PERSON, "role": FieldKind.ROLE}
    return Content(
        fields=(
            Field("title", FieldKind.TEXT, required=True),
            Field("size", FieldKind.INTEGER),
            Field("boss", kinds["person"]),
            Field("desk", kinds["role"]),
        ),
        steps=tuple(
            Step(
                f"s{number}",
                (Approver(ApproverKind(stage.rule.kind), stage.rule.name),),
                condition="" if stage.above is None else f"size > {stage.above}",
            )
            for number, stage in enumerate(plan.stages)
        ),
        milestones=tuple(
            Milestone(f"m{number}", role) for number, role in enumerate(plan.milestones)
        ),
        self_approval=SelfApproval.ALLOW if plan.own else SelfApproval.FORBID,
    )


class DocumentMachine(RuleBasedStateMachine):
    """One document, four people, three roles."""

    @initialize(
        plan=plans,
        holders=st.fixed_dictionaries({role: st.sets(who, min_size=1) for role in ROLES}),
        managers=st.lists(who, min_size=len(LOGINS), max_size=len(LOGINS)),
        draft=st.none() | full_values,
    )
    def begin(
        self,
        plan: Plan,
        holders: dict[str, set[str]],
        managers: list[str],
        draft: dict[str, object] | None,
    ) -> None:
        self.team = Team()
        for role, logins in holders.items():
            for login in logins:
                self.team.members[login].roles.add(role)
        for login, manager in zip(LOGINS, managers, strict=True):
            self.team.members[login].manager = manager
        self.model = Model(self.team, [plan])
        self.log = InMemoryEventLog()
        self.directory = InMemoryDirectory({})
        self.definitions = InMemoryDefinitions({"d": [published(content_of(plan), 1, "d")]})
        self.told: list[Outcome] = []
        ports = Ports(self.directory, self.definitions, InMemoryCalendars())
        self.bus = Bus(self.log, ports, self.told.append)
        self.live: Document | None = None
        self.rows = InMemoryRows()
        self.shown = 0
        self.done: list[tuple[Envelope, Outcome]] = []
        self.revisions = ["", "0" * 64]
        if draft is not None:
            self.create("ann", draft)

    # ---- the one way to ask for anything

    def attempt(self, command: Command, by: str, refusal: str | None) -> None:
        """Ask; what happens is what the model said, and a refusal changes nothing."""
        note(f"{by} {command} -> {refusal or 'done'}")
        self._look_up()
        envelope = an_envelope(command, self._actor(by))
        before = list(self.log.events)
        if refusal is not None:
            with pytest.raises(RefusedError) as refused:
                self.bus.handle(envelope)
            assert refused.value.reason == refusal, refused.value.message
            assert refused.value.message
            assert self.log.events == before
            return
        outcome = self.bus.handle(envelope)
        self.done.append((envelope, outcome))
        news = self.log.events[len(before) :]
        assert news
        assert outcome == Outcome(DOCUMENT, len(self.log.events), len(self.log.events))
        for each in news:
            self.live = evolve(self.live, each.event)
            again = CODEC.recorded(CODEC.stored(each.stream, each.version, each.event, each.meta))
            assert again == replace(each, position=None)
        assert self.live is not None
        self.revisions.append(self.live.revision)

    def _actor(self, login: str) -> Actor:
        return Actor(login, frozenset(self.team.members[login].roles))

    def _look_up(self) -> None:
        self.directory.people = {
            login: Known(member.active, member.manager, frozenset(member.roles))
            for login, member in self.team.members.items()
        }

    # ---- commands

    @rule(by=who, values=some_values)
    def create(self, by: str, values: dict[str, object]) -> None:
        self.attempt(CreateDocument(DOCUMENT, "d", values), by, self.model.create(by, values))

    @rule(by=who, edit=edits)
    def revise(self, by: str, edit: tuple[str, object]) -> None:
        self.attempt(ReviseDocument(DOCUMENT, dict([edit])), by, self.model.revise(by, *edit))

    @rule(edit=edits)
    def revise_ones_own(self, edit: tuple[str, object]) -> None:
        self.revise(self.model.requester or "ann", edit)

    @rule(by=who)
    def submit(self, by: str) -> None:
        self.attempt(SubmitDocument(DOCUMENT), by, self.model.submit(by))

    @rule(values=full_values, requester=who, times=st.integers(1, 5), data=st.data())
    def go_on(
        self, values: dict[str, object], requester: str, times: int, data: st.DataObject
    ) -> None:
        """Do what comes next, as people do."""
        for _ in range(times):
            status = self.model.status
            if status == "absent":
                self.create(requester, values)
            elif status == "pending":
                data.draw(st.sampled_from([self._approved, self._rejected, self._taken_back]))(data)
            elif status == "approved":
                self.reach(data.draw(who), data.draw(st.integers(0, 2)))
            else:
                self.submit(self.model.requester)

    @rule(values=full_values)
    def mend_and_submit(self, values: dict[str, object]) -> None:
        """Fill every field, make everybody able to decide, submit."""
        for login, above in zip(LOGINS, LOGINS[1:] + LOGINS[:1], strict=True):
            self.team.members[login].active = True
            self.team.members[login].manager = above
        requester = self.model.requester or "ann"
        for name, value in values.items():
            self.revise(requester, (name, value))
        self.submit(requester)

    @rule(by=who, step=named_steps, pick=st.integers(-3, -1), comment=texts)
    def approve(self, by: str, step: str, pick: int, comment: str) -> None:
        revision = self._revision(pick)
        refusal = self.model.approve(by, self._is_fresh(revision), step)
        self.attempt(ApproveStep(DOCUMENT, revision, step, comment), by, refusal)

    def _approved(self, data: st.DataObject) -> None:
        self.approve(data.draw(st.sampled_from(self._deciders())), "", -1, "")

    def _rejected(self, data: st.DataObject) -> None:
        self.reject(data.draw(st.sampled_from(self._deciders())), "", -1, "no")

    def _taken_back(self, _: st.DataObject) -> None:
        self.withdraw(self.model.requester, "")

    @rule(data=st.data(), times=st.integers(1, 4))
    def approve_by_whom_it_waits_for(self, data: st.DataObject, times: int) -> None:
        for _ in range(times):
            self._approved(data)

    @rule(data=st.data())
    def approve_after_everybody_else_has_left(self, data: st.DataObject) -> None:
        by = data.draw(st.sampled_from(self._deciders()))
        self.everybody_leaves_but(by)
        self.approve(by, "", -1, "")

    @rule(by=who, step=named_steps, pick=st.integers(-3, -1), reason=texts)
    def reject(self, by: str, step: str, pick: int, reason: str) -> None:
        revision = self._revision(pick)
        refusal = self.model.reject(by, self._is_fresh(revision), step, reason)
        self.attempt(RejectStep(DOCUMENT, revision, reason, step), by, refusal)

    @rule(by=who, reason=texts)
    def withdraw(self, by: str, reason: str) -> None:
        self.attempt(WithdrawDocument(DOCUMENT, reason), by, self.model.withdraw(by))

    @rule(by=who)
    def discard(self, by: str) -> None:
        self.attempt(DiscardDocument(DOCUMENT), by, self.model.discard(by))

    @rule(by=who, text=texts)
    def comment(self, by: str, text: str) -> None:
        self.attempt(AddComment(DOCUMENT, text), by, self.model.comment(by, text))

    @rule(by=who, number=st.integers(0, 3))
    def reach(self, by: str, number: int) -> None:
        self.attempt(ReachMilestone(DOCUMENT, f"m{number}"), by, self.model.reach(by, number))

    def _revision(self, pick: int) -> str:
        """The latest revision of which somebody knows, or one before it."""
        known = list(dict.fromkeys(reversed(self.revisions)))
        return known[min(-1 - pick, len(known) - 1)]

    def _is_fresh(self, revision: str) -> bool:
        return self.live is not None and revision == self.live.revision

    def _deciders(self) -> list[str]:
        kind, name = self.model.waiting or ("", "")
        holders = [login for login in LOGINS if name in self.model.roles(login)]
        return ([name] if kind == "person" else holders) or list(LOGINS)

    # ---- repetitions and stale clients

    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        if not self.done:
            return
        self._look_up()
        envelope, first = data.draw(st.sampled_from(self.done))
        before = len(self.log.events)
        assert self.bus.handle(envelope) == replace(first, repeated=True)
        other = replace(envelope, command=AddComment(DOCUMENT, "something else"))
        with pytest.raises(KeyReusedError):
            self.bus.handle(other)
        assert len(self.log.events) == before

    @rule(by=who, behind=st.integers(1, 3))
    def ask_by_what_one_saw_before(self, by: str, behind: int) -> None:
        self._look_up()
        version = len(self.log.events)
        expected = max(version - behind, 0)
        if expected == version:
            return
        command = AddComment(DOCUMENT, "late")
        with pytest.raises(StaleVersionError) as stale:
            self.bus.handle(an_envelope(command, self._actor(by), expected_version=expected))
        assert stale.value.since == self.log.events[expected:]
        assert len(self.log.events) == version

    # ---- the world changes meanwhile

    @rule(login=who, role=roles)
    def grant_or_revoke(self, login: str, role: str) -> None:
        self.team.members[login].roles ^= {role}

    @rule(role=roles)
    def nobody_holds_it_any_more(self, role: str) -> None:
        for member in self.team.members.values():
            member.roles.discard(role)

    @rule(login=who)
    def deactivate_or_reactivate(self, login: str) -> None:
        self.team.members[login].active ^= True

    @rule(login=who)
    def everybody_leaves_but(self, login: str) -> None:
        for each, member in self.team.members.items():
            member.active = each == login

    @rule(login=who, manager=st.none() | who)
    def assign_manager(self, login: str, manager: str | None) -> None:
        self.team.members[login].manager = manager

    @rule(plan=plans)
    def publish(self, plan: Plan) -> None:
        self.model.plans.append(plan)
        versions = self.definitions.versions["d"]
        versions.append(published(content_of(plan), len(versions) + 1, "d"))

    # ---- what always holds

    @rule(size=st.integers(1, 9))
    def show(self, size: int) -> None:
        """Project what is new, in batches of this size."""
        while self.shown < len(self.log.events):
            batch = self.log.events[self.shown : self.shown + size]
            self.rows.run(WORKSPACE, batch)
            self.shown += len(batch)

    @invariant()
    def the_log_folds_to_what_it_is(self) -> None:
        assert fold(each.event for each in self.log.events) == self.live

    @invariant()
    def it_is_as_the_model_says(self) -> None:
        model, found = self.model, self.live
        if found is None:
            assert model.status == "absent"
            return
        assert (found.requester, found.status, found.round, found.definition_version) == (
            model.requester,
            model.status,
            model.round,
            model.plan,
        )
        assert found.values == model.values
        assert found.revision == revision_of(found.values)
        assert found.waiting == (() if model.stage is None else (f"s{model.stage}",))
        assert [(slot.kind, slot.assignee) for slot in found.open_slots] == (
            [model.waiting] if model.waiting else []
        )
        assert found.parties == model.parties
        assert found.milestones == tuple(f"m{number}" for number in range(model.reached))

    @invariant()
    def every_append_was_told_once(self) -> None:
        assert self.told == [outcome for _, outcome in self.done]

    @invariant()
    def the_views_agree_with_the_document(self) -> None:
        if self.shown == len(self.log.events):
            self._views_agree(self.rows)

    def _views_agree(self, rows: InMemoryRows) -> None:
        found = self.live
        if found is None:
            assert rows.all(documents.DOCUMENT) == {}
            return
        row = rows.all(documents.DOCUMENT)[(DOCUMENT,)]
        assert row["values"] == {name: plain(value) for name, value in found.values.items()}
        for name in ("definition", "definition_version", "requester", "revision", "status"):
            assert row[name] == getattr(found, name), name
        assert (row["round"], row["waiting"]) == (found.round, list(found.waiting))
        assert row["milestones"] == list(found.milestones)
        assert bool(row["blocked"]) == bool(found.waiting and not found.open_slots)
        assert row["version"] == len(self.log.events)
        assert {key[1] for key in rows.all(inbox.TASK)} == {slot.id for slot in found.open_slots}
        for slot in found.open_slots:
            task = rows.all(inbox.TASK)[(DOCUMENT, slot.id)]
            assert (task["kind"], task["assignee"], task["excluded"]) == (
                slot.kind,
                slot.assignee,
                list(slot.excluded),
            )
        assert {key[1:] for key in rows.all(documents.PARTY)} == set(found.parties)
        assert len(rows.all(timeline.ENTRY)) == len(self.log.events)

    def teardown(self) -> None:
        if not hasattr(self, "log"):
            return
        self.show(4)
        at_once = InMemoryRows()
        at_once.run(WORKSPACE, self.log.events)
        for table in WORKSPACE.tables:
            assert at_once.all(table) == self.rows.all(table), table.name
        self._views_agree(at_once)


TestDocument: Callable[[], object] = DocumentMachine.TestCase
