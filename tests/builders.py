"""Valid by default: a test names only what matters to it.

The usual world: ann asks, mia is her manager, fay and fin do finance, zoe administrates. A purchase
is decided by the requester's manager and, from 1000 EUR on, by finance.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from uuid import UUID

import pytest

from commands.bus import decide
from commands.envelope import Envelope
from commands.handlers import HANDLERS
from commands.ports import Ports
from domain.actor import ADMIN, Actor
from domain.command import Command
from domain.definition.approvers import Approver, ApproverKind
from domain.definition.content import Content, Field, FieldKind, Milestone
from domain.definition.steps import SelfApproval, Step
from domain.document.facts import Published
from domain.errors import Reason, RefusedError
from domain.metadata import Channel, Event, Meta, Recorded
from tests.fakes import InMemoryCalendars, InMemoryDefinitions, InMemoryDirectory, Known

AT = datetime(2026, 11, 23, 10, 0, 0, 1, tzinfo=UTC)
DOCUMENT = UUID("0b7b4a52-4d7c-4f0e-9a5e-3f4f8d1f6a10")

ANN = Actor("ann")
MIA = Actor("mia")
FAY = Actor("fay", frozenset({"finance"}))
FIN = Actor("fin", frozenset({"finance", "clerk"}))
BOB = Actor("bob")
ZOE = Actor("zoe", frozenset({ADMIN}))

FIELDS = (
    Field("title", FieldKind.TEXT, required=True),
    Field("cost", FieldKind.MONEY),
    Field("share", FieldKind.DECIMAL),
    Field("pieces", FieldKind.INTEGER),
    Field("deputy", FieldKind.PERSON),
    Field("desk", FieldKind.ROLE),
)

_numbers = count(1)


def manager() -> Approver:
    return Approver(ApproverKind.MANAGER)


def person(login: str) -> Approver:
    return Approver(ApproverKind.PERSON, login)


def role(name: str) -> Approver:
    return Approver(ApproverKind.ROLE, name)


def named_by(name: str) -> Approver:
    """Whoever the field of this name names."""
    return Approver(ApproverKind.FIELD, name)


STEPS = (
    Step("lead", (manager(),)),
    Step("money", (role("finance"),), condition='cost != null && cost >= money("1000")'),
)
MILESTONES = (Milestone("ordered", "clerk"), Milestone("paid", "finance"))


def content(
    *steps: Step,
    fields: Sequence[Field] = FIELDS,
    milestones: Sequence[Milestone] = MILESTONES,
    self_approval: SelfApproval = SelfApproval.FORBID,
) -> Content:
    return Content(tuple(fields), steps or STEPS, tuple(milestones), self_approval=self_approval)


def published(of: Content | None = None, version: int = 1, name: str = "purchase") -> Published:
    found = of or content()
    return Published(name, version, found, found.hash)


def directory(**differing: Known) -> InMemoryDirectory:
    """Everybody of the usual world, but for those who differ."""
    people = {
        "ann": Known(manager="mia"),
        "bob": Known(),
        "mia": Known(manager="zoe"),
        "fay": Known(roles=FAY.roles),
        "fin": Known(roles=FIN.roles),
        "zoe": Known(roles=ZOE.roles),
    }
    return InMemoryDirectory({**people, **differing})


def ports(*versions: Content, **differing: Known) -> Ports:
    """The usual world under these versions of the definition purchase."""
    found = [published(each, number) for number, each in enumerate(versions or (content(),), 1)]
    return Ports(
        directory(**differing), InMemoryDefinitions({"purchase": found}), InMemoryCalendars()
    )


def an_envelope(
    command: Command,
    by: Actor = ANN,
    command_id: str = "",
    *,
    expected_version: int | None = None,
    at: datetime = AT,
) -> Envelope:
    """A command under a key of its own."""
    key = command_id or f"key-{next(_numbers)}"
    return Envelope(command, key, by, at, Channel.API, expected_version)


def a_meta(actor: str = "ann", **differing: object) -> Meta:
    usual = {
        "command_id": "key",
        "correlation_id": "talk",
        "recorded_at": AT,
        "effective_at": AT,
        "channel": Channel.API,
    }
    return Meta(actor, **{**usual, **differing})  # type: ignore[arg-type]


def recorded(events: Sequence[Event], stream: UUID = DOCUMENT) -> list[Recorded]:
    """The events as a stream, alone in its log."""
    return [
        Recorded(stream, version, event, a_meta(), position=version)
        for version, event in enumerate(events, 1)
    ]


@dataclass(frozen=True)
class Decided:
    """What a command led to."""

    events: Sequence[Event] = ()
    refusal: RefusedError | None = None

    def then(self, *expected: Event) -> None:
        assert self.refusal is None, f"refused: {self.refusal!r}"
        assert list(self.events) == list(expected)

    def refused(self, reason: Reason, place: str = "") -> None:
        if self.refusal is None:
            pytest.fail(f"not refused, but {self.events}")
        assert (self.refusal.reason, self.refusal.place) == (reason, place), self.refusal.message
        assert self.refusal.message


@dataclass(frozen=True)
class Given:
    """A document's history in a world; `when` decides as the bus does."""

    history: Sequence[Event]
    world: Ports = field(default_factory=ports)

    def when(self, command: Command, by: Actor = ANN) -> Decided:
        handler = HANDLERS[type(command)]
        try:
            return Decided(
                decide(handler, recorded(self.history), an_envelope(command, by), self.world)
            )
        except RefusedError as refusal:
            return Decided(refusal=refusal)

    def after(self, command: Command, by: Actor = ANN) -> "Given":
        """Give the history with what the command leads to."""
        decided = self.when(command, by)
        assert decided.refusal is None, f"refused: {decided.refusal!r}"
        return Given([*self.history, *decided.events], self.world)

    def where(self, world: Ports) -> "Given":
        """Give the same history in another world."""
        return Given(self.history, world)


def given(*events: Event, world: Ports | None = None) -> Given:
    return Given(events, world or ports())
