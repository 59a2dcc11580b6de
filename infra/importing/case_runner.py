"""Carry out one case's plan through the bus, in order, each command once."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from commands.bus import Bus, decide
from commands.envelope import Envelope
from commands.handlers import HANDLERS
from commands.ports import KeyReusedError, Outcome
from domain.errors import RefusedError
from domain.metadata import Channel, Event
from infra.importing.activity import Kind
from infra.importing.case_log import CaseLog
from infra.importing.declaration import actor_of
from infra.importing.plan import Line, Plan, Planned
from infra.importing.report import KEY_REUSED, LONGEST_ACTIVITY, Fate, Tally


def run_case(plan: Plan, bus: Bus, now: Callable[[], datetime]) -> Tally:
    """Give the plan's commands, and count what became of each and of each event.

    May be repeated, also after it was cut off anywhere: what was done is not done again, and what
    was refused is refused for the same reason. The bus's `grown` is told once, at the end: all
    commands of a case are in one stream, so they are news for one lane.
    """
    last: list[Outcome] = []
    run = _CaseRun(plan, replace(bus, grown=last.append), now)
    if plan.lines:
        run.take(plan.creation(), Kind.CREATE)
    for line in plan.lines:
        fate = run.fate(line)
        run.tally.fates[fate] += 1
        if fate is Fate.IGNORED:
            run.tally.ignored[line.event.activity[:LONGEST_ACTIVITY]] += 1
    run.tally.refused_cases = int(bool(run.tally.refused))
    if last:
        bus.grown(last[-1])
    return run.tally


class _CaseRun:
    """One case on its way.

    A stream that an earlier import wrote is read once, and its commands are recognised by their
    keys: deciding them anew on what came before them must give the same events. Where it does
    not, the bus compares the requests themselves. A command that is not in the stream, although
    later ones are, was refused then, and is decided on what came before it: later events must not
    make it possible, or the log would say what never was.
    """

    def __init__(self, plan: Plan, bus: Bus, now: Callable[[], datetime]) -> None:
        self.tally = Tally(cases=1, events=len(plan.lines), rounded_amounts=int(plan.is_rounded))
        self._plan = plan
        self._content = plan.content
        """The document's fields by now."""
        self._now = now
        self._bus = replace(bus, log=CaseLog(bus.log))
        self._history = self._bus.log.load(plan.document)
        self._spans: dict[str, range] = {}
        """By command id: the indexes of its events in the history."""
        for index, recorded in enumerate(self._history):
            first = self._spans.get(recorded.meta.command_id, range(index, 0)).start
            self._spans[recorded.meta.command_id] = range(first, index + 1)
        self._seen = 0
        """How much of the history the commands up to here made."""

    def fate(self, line: Line) -> Fate:
        """Give an event's commands up to the first that is refused: it refuses the event."""
        if line.kind is Kind.IGNORED:
            return Fate.IGNORED
        if line.kind is Kind.DRAFT:
            return Fate.DRAFT
        fate = Fate.ACCEPTED
        for planned in self._plan.commands(line, self._content):
            fate = self.take(planned, line.kind)
            if fate is Fate.REFUSED:
                break
        return fate

    def take(self, planned: Planned, counted_as: Kind) -> Fate:
        """Give one command; a refusal is counted as one of the event's command."""
        envelope = Envelope(
            command=planned.command,
            command_id=planned.command_id,
            actor=actor_of(planned.role),
            at=self._now(),
            channel=Channel.IMPORT,
            effective_at=planned.effective_at,
        )
        try:
            is_new = self._is_new(envelope)
        except RefusedError as error:
            self.tally.refused[counted_as, error.reason.value] += 1
            return Fate.REFUSED
        except KeyReusedError:
            self.tally.refused[counted_as, KEY_REUSED] += 1
            return Fate.REFUSED
        self._content = planned.content or self._content
        if is_new:
            self.tally.accepted[planned.kind] += 1
            return Fate.ACCEPTED
        self.tally.already_there += 1
        return Fate.ALREADY_THERE

    def _is_new(self, envelope: Envelope) -> bool:
        """Let the command take effect, and tell whether it had not before.

        Raises:
            RefusedError, KeyReusedError: it has none.
        """
        span = self._spans.get(envelope.command_id)
        if span is not None:
            if self._is_same(envelope, span):
                self._seen = span.stop
                return False
        elif self._seen < len(self._history):
            self._decided(envelope, self._seen)  # raises, if it was refused then
        repeated = self._bus.handle(envelope).repeated
        if repeated and span is not None:  # by its key, though it would lead to something else now
            self._seen = span.stop
        return not repeated

    def _is_same(self, envelope: Envelope, span: range) -> bool:
        """Tell whether the history holds exactly what this command leads to."""
        there = self._history[span.start : span.stop]
        if any(recorded.meta.actor != envelope.actor.login for recorded in there):
            return False
        try:
            events = self._decided(envelope, span.start)
        except RefusedError:
            return False
        return list(events) == [recorded.event for recorded in there]

    def _decided(self, envelope: Envelope, version: int) -> Sequence[Event]:
        handler = HANDLERS[type(envelope.command)]
        return decide(handler, self._history[:version], envelope, self._bus.ports)
