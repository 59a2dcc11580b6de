"""What a person's absences add up to."""

from collections.abc import Mapping
from dataclasses import replace

from domain.directory.absence import Absence
from domain.directory.events import (
    AbsenceCancelled,
    AbsenceEnded,
    AbsencePlanned,
    AbsenceReported,
    AbsenceTakenOver,
)
from domain.metadata import Event

Absences = Mapping[str, Absence]


def absences_after(absences: Absences, event: Event) -> Absences | None:
    """Return the absences after this event, by id; None: it is not about absences."""
    match event:
        case AbsencePlanned() | AbsenceReported():
            return {**absences, event.absence: begun(event)}
        case AbsenceTakenOver():
            return {**absences, event.absence: replace(absences[event.absence], taken_over=True)}
        case AbsenceEnded():
            ended = replace(absences[event.absence], ended_at=event.ended_at)
            return {**absences, event.absence: ended}
        case AbsenceCancelled():
            return {id_: each for id_, each in absences.items() if id_ != event.absence}
    return None


def begun(event: AbsencePlanned | AbsenceReported) -> Absence:
    """Return the absence that the event tells of."""
    absence = Absence(
        event.absence,
        substitute=event.substitute,
        open_tasks=event.open_tasks,
        definitions=event.definitions,
    )
    if isinstance(event, AbsencePlanned):
        return replace(absence, first=event.first, last=event.last)
    return replace(absence, since=event.since)
