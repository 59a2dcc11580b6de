"""What a worker and the scheduler get from the composition root."""

from collections.abc import Callable, Sequence
from typing import Protocol

from redis import Redis

from infra.history import History
from infra.jobs.attempts import Attempts
from infra.jobs.due import DueJobs
from infra.jobs.identity import Identity
from infra.jobs.queue import JobQueue
from infra.mail.due import DueMail, MailQueue
from infra.mail.sending import Sending
from infra.metrics.metrics import Metrics
from infra.replicas.router import Router
from infra.results import Results
from infra.schedule import Schedule
from infra.views.access import Access
from infra.views.queries.queries import Queries
from infra.wakeup import Wakeup
from projections.base import Projection


class Runner(Protocol):
    """Drives one projection: `infra.projecting.runner.LaneRunner`."""

    @property
    def projection(self) -> Projection:
        """The projection that it drives."""

    def catch_up(self, lane: int, enough: Callable[[], bool]) -> int:
        """Project what the lane has up to its end, or until it is `enough`; return how much.

        Raises:
            PersistenceError: the server is away or has other troubles; try again later.
        """


class WorkerParts(Protocol):
    """Returned by `infra.bootstrap.worker_parts(settings)`."""

    @property
    def metrics(self) -> Metrics:
        """What the process measures."""

    @property
    def runners(self) -> Sequence[Runner]:
        """One for each projection, in the order of the list of projections."""

    @property
    def lanes(self) -> int:
        """The number of lanes of the log."""

    @property
    def wakeup(self) -> Wakeup:
        """On a client of the broker's Redis that gives up quickly."""

    def redis_for_lingering(self) -> Redis:
        """Return a new client of the broker's Redis that may block for `infra.wakeup.BLOCK_S`."""


class SchedulerParts(Protocol):
    """Returned by `infra.bootstrap.scheduler_parts(settings)`."""

    @property
    def metrics(self) -> Metrics:
        """What the process measures."""

    @property
    def schedule(self) -> Schedule:
        """What was done last of each entry."""

    @property
    def wakeup(self) -> Wakeup:
        """On a client of the broker's Redis that gives up quickly."""

    @property
    def lanes(self) -> int:
        """The number of lanes of the log."""

    @property
    def due_jobs(self) -> DueJobs:
        """Which jobs are due."""

    @property
    def job_queue(self) -> JobQueue:
        """Where they are told."""

    @property
    def due_mail(self) -> DueMail:
        """Whether mail is due."""

    @property
    def mail_queue(self) -> MailQueue:
        """Where it is told."""

    def settle(self) -> object:
        """Advance the log's settled mark."""

    def clean_feed(self, enough: Callable[[], bool]) -> int:
        """Delete the feed's old rows; return how many."""

    def clean_keys(self, enough: Callable[[], bool]) -> int:
        """Delete old idempotency keys; return how many."""

    def clean_mail(self, enough: Callable[[], bool]) -> int:
        """Delete settled notices that are old; return how many."""


class JobParts(Protocol):
    """Returned by `infra.bootstrap.job_parts(settings)`."""

    @property
    def metrics(self) -> Metrics:
        """What the process measures."""

    @property
    def attempts(self) -> Attempts:
        """What begins attempts at jobs."""

    @property
    def job_queue(self) -> JobQueue:
        """Where jobs are told that are due and left to others."""

    @property
    def identity(self) -> Identity:
        """The name under which this process takes up jobs; good within `with`."""

    @property
    def access(self) -> Access:
        """Who may read what."""

    @property
    def history(self) -> History:
        """The log, stream by stream."""

    @property
    def queries(self) -> Queries:
        """The views."""

    @property
    def router(self) -> Router:
        """Which server answers what is asked of the log and of the views."""

    @property
    def mail(self) -> Sending:
        """What sends the mail that is due."""

    @property
    def results(self) -> Results:
        """Where the files are kept that jobs made."""

    @property
    def schedule(self) -> Schedule:
        """Where is noted what was done by itself."""

    def clean_results(self, every_s: float) -> int | None:
        """Delete old results in this folder; return how many. None: it is not time for that."""
