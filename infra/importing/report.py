"""What an import did, counted."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from infra.importing.activity import Kind

#: The commands that reports name, in this order.
COMMANDS = tuple(kind for kind in Kind if kind not in {Kind.DRAFT, Kind.IGNORED})

#: Why a command is refused that was given before, but not with this content: the log has changed.
KEY_REUSED = "key_reused"

#: Activities that are named apart, and characters of each: a log may call each event otherwise.
MOST_ACTIVITIES, LONGEST_ACTIVITY = 1_000, 200
#: What the others are counted as together.
OTHERS = "(others)"


class Fate(StrEnum):
    """What became of an event of the log."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    ALREADY_THERE = "already_there"
    DRAFT = "draft"
    IGNORED = "ignored"


class UnaccountedError(Exception):
    """Events were read of which nobody can say what became of them: a fault of the importer."""


@dataclass
class Tally:
    """What became of some cases."""

    cases: int = 0
    events: int = 0
    """Events that were read in these cases."""
    fates: Counter[Fate] = field(default_factory=Counter)
    """What became of them, one for each event."""
    accepted: Counter[Kind] = field(default_factory=Counter)
    refused: Counter[tuple[Kind, str]] = field(default_factory=Counter)
    """By command and reason."""
    refused_cases: int = 0
    """Cases with at least one refusal."""
    already_there: int = 0
    """Commands that an earlier import had given."""
    ignored: Counter[str] = field(default_factory=Counter)
    """Events that ask for nothing, by their activity."""
    rounded_amounts: int = 0

    def add(self, other: "Tally") -> None:
        """Count the other's cases, too."""
        self.cases += other.cases
        self.events += other.events
        self.fates += other.fates
        self.accepted += other.accepted
        self.refused += other.refused
        self.refused_cases += other.refused_cases
        self.already_there += other.already_there
        for activity, count in other.ignored.items():
            is_named = activity in self.ignored or len(self.ignored) < MOST_ACTIVITIES
            self.ignored[activity if is_named else OTHERS] += count
        self.rounded_amounts += other.rounded_amounts

    @property
    def commands(self) -> int:
        """How many commands were given, now or by an earlier import."""
        return self.accepted.total() + self.refused.total() + self.already_there


@dataclass(frozen=True)
class Report:
    """What an import did, and how it ended."""

    tally: Tally
    seconds: float
    is_interrupted: bool = False
    error: Exception | None = None
    """Why it ended before the log did, if not because somebody wanted it to."""

    def __post_init__(self) -> None:
        """Account for every event.

        Raises:
            UnaccountedError: some are missing, or counted twice.
        """
        if self.tally.fates.total() != self.tally.events:
            raise UnaccountedError(
                f"{self.tally.events} events were read, but {dict(self.tally.fates)}"
            )

    def as_json(self) -> dict[str, object]:
        """Return the report as JSON has it."""
        tally = self.tally
        return {
            "cases": tally.cases,
            "commands": tally.commands,
            "accepted": {kind.value: tally.accepted[kind] for kind in COMMANDS},
            "refused": [
                {"command": kind.value, "reason": reason, "count": count}
                for (kind, reason), count in sorted(tally.refused.items())
            ],
            "refused_cases": tally.refused_cases,
            "already_there": tally.already_there,
            "seconds": round(self.seconds, 3),
            "rounded_amounts": tally.rounded_amounts,
            "events": {"read": tally.events, **{fate.value: tally.fates[fate] for fate in Fate}},
            "ignored": [
                {"activity": activity, "count": count}
                for activity, count in sorted(tally.ignored.items())
            ],
            "interrupted": self.is_interrupted,
            "error": None if self.error is None else str(self.error),
        }
