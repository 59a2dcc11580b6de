"""A step of the flow as it stands in a round: its slots, its votes, how it ended."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from domain.document.counting import Ballot, Vote
from domain.document.events import Slot


class Standing(StrEnum):
    """How a step stands."""

    WAITING = "waiting"
    """For decisions; a block: for what is in it."""
    BLOCKED = "blocked"
    APPROVED = "approved"
    REJECTED = "rejected"
    SKIPPED = "skipped"
    KEPT = "kept"
    """Approved in the round before, and nothing that it watches has changed."""


#: What lets the flow go on.
OVER = frozenset({Standing.APPROVED, Standing.SKIPPED, Standing.KEPT})


@dataclass(frozen=True)
class Seat:
    """A slot and what has become of it."""

    slot: Slot
    vote: Vote = Vote.OPEN
    by: str = ""
    """Who is accountable for the vote."""
    is_open: bool = True
    """Has its turn come?"""
    opened_at: datetime | None = None
    """When its turn came; None: before logs told."""

    @property
    def waits(self) -> bool:
        """Whether it waits for a decision now."""
        return self.is_open and self.vote is Vote.OPEN

    @property
    def ballot(self) -> Ballot:
        """What counting sees of it."""
        slot = self.slot
        return Ballot(self.vote, self.by, slot.group, slot.weight, slot.veto, slot.mandatory)


@dataclass(frozen=True)
class Stage:
    """A step in a round."""

    standing: Standing
    seats: tuple[Seat, ...] = ()

    @property
    def waiting(self) -> tuple[Seat, ...]:
        """The seats that wait for a decision now."""
        if self.standing is not Standing.WAITING:
            return ()
        return tuple(seat for seat in self.seats if seat.waits)

    @property
    def approvers(self) -> frozenset[str]:
        """Who approved it."""
        return frozenset(seat.by for seat in self.seats if seat.vote is Vote.APPROVED)

    def voted(self, slot: str, vote: Vote, by: str) -> "Stage":
        """Return the stage after a vote; OPEN takes one back."""
        return replace(
            self,
            seats=tuple(
                replace(seat, vote=vote, by=by) if seat.slot.id == slot else seat
                for seat in self.seats
            ),
        )

    def handed_over(self, slot: Slot, at: datetime) -> "Stage":
        """Return the stage after the slot of this name waits for somebody else."""
        return replace(
            self,
            seats=tuple(
                replace(seat, slot=slot, opened_at=at) if seat.slot.id == slot.id else seat
                for seat in self.seats
            ),
        )

    def without(self, slot: str) -> "Stage":
        """Return the stage with one slot less."""
        return replace(self, seats=tuple(seat for seat in self.seats if seat.slot.id != slot))

    def opened(self, slots: Iterable[Slot], at: datetime) -> "Stage":
        """Return the stage after the turn of these slots has come."""
        ids = {slot.id for slot in slots}
        return replace(
            self,
            seats=tuple(
                replace(seat, is_open=True, opened_at=at) if seat.slot.id in ids else seat
                for seat in self.seats
            ),
        )


def begun(slots: Iterable[Slot], at: datetime | None) -> Stage:
    """Return the stage of a step that has just started: the slots of the first turn are open."""
    seats = (
        Seat(slot, opened_at=at) if slot.turn == 1 else Seat(slot, is_open=False) for slot in slots
    )
    return Stage(Standing.WAITING, tuple(seats))
