"""Every event that the log may hold, from one list for each aggregate."""

from domain.calendar.events import EVENTS as CALENDAR_EVENTS
from domain.definition.events import EVENTS as DEFINITION_EVENTS
from domain.directory.events import EVENTS as PERSON_EVENTS
from domain.document.events import EVENTS as DOCUMENT_EVENTS
from domain.job.events import EVENTS as JOB_EVENTS
from domain.metadata import Event

EVENTS: tuple[type[Event], ...] = (
    *DOCUMENT_EVENTS,
    *PERSON_EVENTS,
    *DEFINITION_EVENTS,
    *CALENDAR_EVENTS,
    *JOB_EVENTS,
)
