"""What a kind of background job is given, and what it returns."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

from domain.actor import Actor
from domain.job.events import Parameter
from infra.history import History
from infra.views.access import Access
from infra.views.queries.queries import Queries


class FailedForGoodError(Exception):
    """The job cannot succeed, however often it is tried; the message is for who asked."""


@dataclass(frozen=True)
class Made:
    """A file that a job made, in the folder that it was given."""

    path: Path
    media_type: str
    name: str
    """The file's name, as who fetches it will see it."""


@dataclass(frozen=True)
class Work:
    """One attempt at a job."""

    actor: Actor
    """Who asked, with the roles that they hold now: nothing is shown to them that they could not
    read themselves."""
    parameters: Mapping[str, Parameter]
    new_folder: Callable[[], Path]
    """Makes `folder`."""
    at: datetime
    """When this attempt began: the time of its `JobStarted`."""
    history: History
    """The log, stream by stream."""
    queries: Queries
    """The views."""
    access: Access
    """Who may read what."""
    progress: Callable[[int, int], None]
    """Tell how many of how many parts are done. Cheap: call it as often as there is news."""

    @cached_property
    def folder(self) -> Path:
        """An empty folder of this attempt alone, made when it is first used, removed afterwards."""
        return self.new_folder()


Kind = Callable[[Work], Made | None]
"""Does the work. Any error but `FailedForGoodError` lets it be tried again."""
