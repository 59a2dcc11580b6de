"""What a document does, said a second time: plain facts and no code of the aggregate's.

A model answers each request with the reason of its refusal, or None and does it.
"""

from dataclasses import dataclass, field

#: Who there is. `ann` is a role's name as well.
LOGINS = ("ann", "bob", "cyd", "dee")
ROLES = ("red", "blue", "ann")

#: What the fields of every definition here are called.
FIELDS = ("title", "size", "boss", "desk")

Values = dict[str, object]


@dataclass(frozen=True)
class Rule:
    """Who decides a step: a `person`, a `role`, whom a `field` names, or the `manager`."""

    kind: str
    name: str = ""


@dataclass(frozen=True)
class Stage:
    """A step, needed where `size` is above `above`; None: always."""

    rule: Rule
    above: int | None = None


@dataclass(frozen=True)
class Plan:
    """A version of the definition."""

    stages: tuple[Stage, ...]
    milestones: tuple[str, ...] = ()
    """The role that reports each; they are called m0, m1, …"""
    own: bool = False
    """May requesters decide?"""


@dataclass
class Member:
    active: bool = True
    manager: str | None = None
    roles: set[str] = field(default_factory=set)


@dataclass
class Team:
    """The directory."""

    members: dict[str, Member] = field(default_factory=lambda: {name: Member() for name in LOGINS})

    def active(self, login: str) -> bool:
        return login in self.members and self.members[login].active

    def somebody_holds(self, role: str, but_not: str) -> bool:
        return any(
            member.active and role in member.roles and login != but_not
            for login, member in self.members.items()
        )


Waiting = tuple[str, str]
"""`person` or `role`, and its name."""


@dataclass
class Model:
    team: Team
    plans: list[Plan]
    requester: str = ""
    status: str = "absent"
    values: Values = field(default_factory=dict)
    plan: int = 0
    """The version, from 1, under which it was created or submitted last."""
    round: int = 0
    stage: int | None = None
    """Which stage of the plan is open."""
    waiting: Waiting | None = None
    """Whom it waits for; None at an open stage: it is blocked."""
    parties: set[Waiting] = field(default_factory=set)
    reached: int = 0

    # ---- requests

    def create(self, who: str, values: Values) -> str | None:
        if self.status != "absent":
            return "already_exists"
        self.requester, self.status, self.plan = who, "draft", len(self.plans)
        self.values = {name: value for name, value in values.items() if value is not None}
        return None

    def revise(self, who: str, name: str, value: object) -> str | None:
        refusal = self._not_in_the_hands_of(who)
        if refusal:
            return refusal
        if self.values.get(name) == value:
            return "nothing_changes"
        self.values.pop(name, None)
        if value is not None:
            self.values[name] = value
        return None

    def submit(self, who: str) -> str | None:
        refusal = self._not_in_the_hands_of(who) or self._unfit()
        if refusal:
            return refusal
        self.status, self.plan, self.round = "pending", len(self.plans), self.round + 1
        self._go_on(0)
        return None

    def approve(self, who: str, fresh: bool, stage: str) -> str | None:
        refusal = self._not_decidable(who, fresh, stage)
        if refusal:
            return refusal
        assert self.stage is not None
        self.parties.add(("person", who))
        self._go_on(self.stage + 1)
        return None

    def reject(self, who: str, fresh: bool, stage: str, reason: str) -> str | None:
        if self.status == "absent":
            return "not_found"
        if not reason.strip():
            return "missing_field"
        refusal = self._not_decidable(who, fresh, stage)
        if refusal:
            return refusal
        self.parties.add(("person", who))
        self._end("returned")
        return None

    def withdraw(self, who: str) -> str | None:
        if self.status == "absent":
            return "not_found"
        if who != self.requester:
            return "not_allowed"
        if self.status not in {"pending", "returned"}:
            return "wrong_status"
        self._end("withdrawn")
        return None

    def discard(self, who: str) -> str | None:
        if self.status == "absent":
            return "not_found"
        if who != self.requester:
            return "not_allowed"
        if self.status != "draft":
            return "wrong_status"
        self.status = "discarded"
        return None

    def comment(self, who: str, text: str) -> str | None:
        if self.status == "absent":
            return "not_found"
        mine = {("person", who), *(("role", role) for role in self.roles(who))}
        if who != self.requester and not mine & self.parties and "admin" not in self.roles(who):
            return "not_allowed"
        if self.status == "discarded":
            return "wrong_status"
        return None if text.strip() else "missing_field"

    def reach(self, who: str, number: int) -> str | None:
        milestones = self.plans[self.plan - 1].milestones if self.status != "absent" else ()
        if number >= len(milestones):
            return "not_found"
        if milestones[number] not in self.roles(who):
            return "not_allowed"
        if self.status != "approved":
            return "wrong_status"
        if number != self.reached:
            return "nothing_changes" if number < self.reached else "out_of_order"
        self.reached += 1
        return None

    # ---- what they share

    def roles(self, who: str) -> set[str]:
        return self.team.members[who].roles

    def _not_in_the_hands_of(self, who: str) -> str | None:
        if self.status == "absent":
            return "not_found"
        if who != self.requester:
            return "not_allowed"
        if self.status not in {"draft", "returned", "withdrawn"}:
            return "wrong_status"
        return None

    def _not_decidable(self, who: str, fresh: bool, stage: str) -> str | None:
        if self.status == "absent":
            return "not_found"
        if self.status != "pending":
            return "wrong_status"
        if stage and stage != f"s{self.stage}":
            return "step_not_open"
        mine = {("person", who), *(("role", role) for role in self.roles(who))}
        if self.waiting not in mine:
            return "not_allowed"
        if who == self.requester and not self.plans[self.plan - 1].own:
            return "self_approval"
        return None if fresh else "stale_revision"

    def _unfit(self) -> str | None:
        """Why a round under the plan in force would not go through."""
        if "title" not in self.values:
            return "missing_field"
        plan = self.plans[-1]
        needed = 0
        for stage in plan.stages:
            if stage.above is not None and "size" not in self.values:
                return "missing_field"
            if self._needed(stage):
                needed += 1
                who = self._who(stage)
                if who == ("person", self.requester) and not plan.own:
                    return "self_approval"
                if not self._can(who, plan):
                    return "no_approver"
        return None if needed else "no_approver"

    def _needed(self, stage: Stage) -> bool:
        size = self.values.get("size", 0)
        assert isinstance(size, int)
        return stage.above is None or size > stage.above

    def _who(self, stage: Stage) -> Waiting:
        kind, name = stage.rule.kind, stage.rule.name
        if kind == "manager":
            return "person", self.team.members[self.requester].manager or ""
        if kind == "field":
            return ("role" if name == "desk" else "person"), str(self.values.get(name, ""))
        return kind, name

    def _can(self, who: Waiting, plan: Plan) -> bool:
        kind, name = who
        if kind == "person":
            return self.team.active(name) and (plan.own or name != self.requester)
        return self.team.somebody_holds(name, "" if plan.own else self.requester)

    def _go_on(self, begin: int) -> None:
        plan = self.plans[self.plan - 1]
        for number in range(begin, len(plan.stages)):
            if self._needed(plan.stages[number]):
                who = self._who(plan.stages[number])
                self.stage = number
                self.waiting = who if self._can(who, plan) else None
                if self.waiting:
                    self.parties.add(self.waiting)
                return
        self._end("approved")

    def _end(self, status: str) -> None:
        self.status, self.stage, self.waiting = status, None, None
