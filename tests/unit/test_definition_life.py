"""From a draft to a version in force, and to its end; publishing by two persons."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.handlers import HANDLERS
from domain.actor import SYSTEM, Actor, Circumstances
from domain.command import Command
from domain.definition.commands import (
    ApprovePublication,
    DeprecateVersion,
    ProposePublication,
    PublishDefinition,
    SaveDraft,
)
from domain.definition.definition import Definition, evolve
from domain.definition.events import (
    DefinitionPublished,
    DraftSaved,
    PublicationProposed,
    VersionDeprecated,
)
from domain.definition.publishing import LARGEST_SOURCE
from domain.definition.schedule import Term, in_force
from domain.errors import Reason, RefusedError
from domain.metadata import Event
from tests.builders import content

AT = datetime(2026, 11, 23, 10, tzinfo=UTC)
LATER = AT + timedelta(days=30)
ADA = Actor("ada", frozenset({"admin"}))
ZOE = Actor("zoe", frozenset({"admin"}))
ANN = Actor("ann")

PLAIN = content()
OTHER = replace(PLAIN, label="Other")
GUARDED = replace(PLAIN, four_eyes=True)


def after(history: Sequence[Event], command: Command, by: Actor = ADA, at: datetime = AT):
    """Return the history with what follows from the command."""
    state: Definition | None = None
    for event in history:
        state = evolve(state, event)
    return [*history, *HANDLERS[type(command)].decide(state, command, Circumstances(by, at), None)]


def refused(history: Sequence[Event], command: Command, by: Actor = ADA, at: datetime = AT):
    with pytest.raises(RefusedError) as refusal:
        after(history, command, by, at)
    return refusal.value.reason, refusal.value.place


def publishing(what=PLAIN, begins: datetime | None = None, draft: int = 0) -> PublishDefinition:
    return PublishDefinition("trip", what, begins, draft)


def proposing(what=GUARDED, begins: datetime | None = None) -> ProposePublication:
    return ProposePublication("trip", what, begins)


# ---- drafts


def test_a_draft_is_kept_with_its_faults_and_counted() -> None:
    history = after([], SaveDraft("trip", "steps: ["))
    history = after(history, SaveDraft("trip", "steps: []"))
    assert history == [DraftSaved("trip", 1, "steps: ["), DraftSaved("trip", 2, "steps: []")]
    assert refused(history, SaveDraft("trip", "steps: []")) == (Reason.NOTHING_CHANGES, "source")


@pytest.mark.parametrize("source", ["\0", "\ud800", "x" * (LARGEST_SOURCE + 1)])
def test_what_cannot_be_stored_is_no_draft(source: str) -> None:
    assert refused([], SaveDraft("trip", source)) == (Reason.INVALID, "source")


def test_only_the_last_draft_is_published() -> None:
    history = after(after([], SaveDraft("trip", "a")), SaveDraft("trip", "b"))
    assert refused(history, publishing(draft=1)) == (Reason.STALE_REVISION, "draft")
    assert after(history, publishing(draft=2))[-1] == DefinitionPublished(
        "trip", 1, PLAIN, PLAIN.hash
    )


# ---- two persons


def test_four_eyes_take_two_persons() -> None:
    assert refused([], publishing(GUARDED))[0] == Reason.NOT_ALLOWED
    history = after([], proposing())
    assert history == [PublicationProposed("trip", GUARDED, GUARDED.hash, "ada")]
    seen = ApprovePublication("trip", GUARDED.hash)
    assert refused(history, seen, ADA)[0] == Reason.NOT_ALLOWED
    assert refused(history, seen, SYSTEM)[0] == Reason.NOT_ALLOWED
    assert refused(history, seen, ANN)[0] == Reason.NOT_ALLOWED
    assert after(history, seen, ZOE)[-1] == DefinitionPublished(
        "trip", 1, GUARDED, GUARDED.hash, None, "ada"
    )


def guarded() -> list[Event]:
    return after(after([], proposing()), ApprovePublication("trip", GUARDED.hash), ZOE)


def test_four_eyes_are_switched_off_by_two_persons_only() -> None:
    assert refused(guarded(), publishing(OTHER))[0] == Reason.NOT_ALLOWED
    history = after(guarded(), proposing(OTHER), ZOE)
    history = after(history, ApprovePublication("trip", OTHER.hash), ADA)
    assert after(history, publishing(PLAIN), ADA)[-1].definition_version == 3


def test_the_system_is_no_person() -> None:
    assert refused([], proposing(), SYSTEM)[0] == Reason.NOT_ALLOWED


def test_what_was_seen_is_what_is_approved() -> None:
    history = after(after([], proposing()), proposing(replace(GUARDED, label="x")))
    stale = ApprovePublication("trip", GUARDED.hash)
    assert refused(history, stale, ZOE) == (Reason.STALE_REVISION, "content_hash")
    assert refused([], stale, ZOE) == (Reason.NOT_FOUND, "definition")


def test_a_proposal_is_made_once_and_gone_when_published() -> None:
    history = after([], proposing())
    assert refused(history, proposing())[0] == Reason.NOTHING_CHANGES
    seen = ApprovePublication("trip", GUARDED.hash)
    assert refused(guarded(), seen, ADA)[0] == Reason.NOT_FOUND


def test_what_could_not_be_published_cannot_be_proposed() -> None:
    with pytest.raises(RefusedError) as refusal:
        after([], proposing(replace(GUARDED, steps=(), label="x" * 201)))
    assert [each.place for each in refusal.value.findings] == ["label", "steps"]


def test_an_instant_that_passed_while_it_waited_is_at_once() -> None:
    history = after([], proposing(begins=LATER))
    seen = ApprovePublication("trip", GUARDED.hash)
    assert after(history, seen, ZOE)[-1].effective_from == LATER
    assert after(history, seen, ZOE, LATER)[-1].effective_from is None


# ---- from an instant on


def test_versions_take_effect_in_their_order() -> None:
    history = after([], publishing())
    assert refused(history, publishing(OTHER, AT)) == (Reason.INVALID, "effective_from")
    history = after(history, publishing(OTHER, LATER))
    assert history[-1] == DefinitionPublished("trip", 2, OTHER, OTHER.hash, LATER)
    third = replace(PLAIN, label="Third")
    assert refused(history, publishing(third)) == (Reason.INVALID, "effective_from")
    assert after(history, publishing(third, LATER))[-1].definition_version == 3
    assert after(history, publishing(third), at=LATER)[-1].definition_version == 3
    history = after(history, DeprecateVersion("trip", 2))
    assert after(history, publishing(third))[-1].definition_version == 3


def test_the_same_content_at_the_same_time_changes_nothing() -> None:
    history = after([], publishing())
    assert refused(history, publishing())[0] == Reason.NOTHING_CHANGES
    history = after(history, publishing(OTHER, LATER))
    assert refused(history, publishing(OTHER, LATER))[0] == Reason.NOTHING_CHANGES
    assert refused(history, publishing(OTHER), at=LATER)[0] == Reason.NOTHING_CHANGES


# ---- the end


def test_a_version_is_deprecated_once() -> None:
    history = after([], publishing())
    history = after(history, DeprecateVersion("trip", 1, " too slow "))
    assert history[-1] == VersionDeprecated("trip", 1, "too slow")
    assert refused(history, DeprecateVersion("trip", 1))[0] == Reason.NOTHING_CHANGES
    for version in (0, 2):
        assert refused(history, DeprecateVersion("trip", version))[0] == Reason.NOT_FOUND
    assert after(history, publishing())[-1].definition_version == 2


@pytest.mark.parametrize(
    "command",
    [
        publishing(),
        proposing(),
        SaveDraft("trip", "x"),
        ApprovePublication("trip", ""),
        DeprecateVersion("trip", 1),
    ],
    ids=lambda command: command.NAME,
)
def test_only_admins_have_a_say(command: Command) -> None:
    assert refused(after([], publishing()), command, ANN) == (Reason.NOT_ALLOWED, "")


def test_a_name_of_the_apis_paths_is_no_definitions() -> None:
    assert refused([], PublishDefinition("schema", PLAIN)) == (Reason.INVALID, "definition")


# ---- which version is in force


@st.composite
def terms(draw: st.DrawFn) -> list[Term]:
    """Draw versions that take effect in their order, some of them deprecated at some time."""
    hours = st.integers(-20, 20)
    begins = sorted(draw(st.lists(hours, min_size=1, max_size=5)))
    return [
        Term(
            number,
            None if hour < 0 else AT + timedelta(hours=hour),
            draw(st.none() | hours.map(lambda ended: AT + timedelta(hours=ended))),
        )
        for number, hour in enumerate(begins, 1)
    ]


def simulated(versions: list[Term], at: datetime) -> int | None:
    """Let every hour pass, up to the one that is asked for."""
    begin, current = AT - timedelta(hours=25), None
    for hour in range(int((at - begin) / timedelta(hours=1)) + 1):
        now = begin + timedelta(hours=hour)
        for term in versions:
            is_gone = term.deprecated_at is not None and term.deprecated_at <= now
            if (term.effective_from or begin) == now and not is_gone:
                current = term.version
        if any(term.version == current and term.deprecated_at == now for term in versions):
            current = None
    return current


@given(terms(), st.integers(-20, 20).map(lambda hour: AT + timedelta(hours=hour)))
def test_the_version_in_force_is_what_time_makes_it(versions: list[Term], at: datetime) -> None:
    assert in_force(versions, at) == simulated(versions, at)


def test_what_was_replaced_does_not_come_back() -> None:
    first, second = Term(1), Term(2, deprecated_at=LATER)
    assert in_force([first, second], AT) == 2
    assert in_force([first, second], LATER) is None
    cancelled = Term(2, LATER, AT)
    assert in_force([first, cancelled], LATER + timedelta(days=1)) == 1
    assert in_force([], AT) is None
