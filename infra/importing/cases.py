"""What an approval log says: cases, each with its events in order."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class LoggedEvent:
    """Something that happened in a case."""

    activity: str
    """What the log calls it, as `Declaration APPROVED by ADMINISTRATION`; may be empty."""
    at: datetime
    """Aware, in UTC."""


@dataclass(frozen=True)
class Case:
    """One case of a log."""

    name: str
    attributes: Mapping[str, str]
    """What is said of the whole case, without the prefix `(case)_`."""
    events: tuple[LoggedEvent, ...]
