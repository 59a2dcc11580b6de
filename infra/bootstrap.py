"""The composition root: every part of Ringi is made here, from the settings, and nowhere else.

Making `Parts` connects to nothing. What must ask a server first is made when it is first used;
each process uses the parts of its role.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from threading import RLock

from eventsourcing.utils import Environment
from redis import Redis

from commands.bus import Bus
from commands.ports import Outcome, Ports
from domain.events import EVENTS
from infra.broker import catch_up_sender, make_broker
from infra.cleaning.clock import old_before
from infra.cleaning.feed import clean_feed
from infra.cleaning.keys import clean_keys
from infra.cleaning.mail import clean_mail
from infra.codec import Codec
from infra.event_log import RecordedEventLog
from infra.eventstore import MariaDBFactory
from infra.eventstore.datastore import Datastore
from infra.eventstore.recorders import MariaDBApplicationRecorder
from infra.feed import Feed, FeedRow, Publisher
from infra.gathering import Gathering
from infra.history import History
from infra.jobs.attempts import Attempts
from infra.jobs.counts import unsettled
from infra.jobs.due import DueJobs
from infra.jobs.identity import Identity, is_alive
from infra.jobs.queue import JobQueue
from infra.jobs.stream import now
from infra.mail.book import Book
from infra.mail.carriers import Carrier, FolderCarrier, SmtpCarrier
from infra.mail.deliveries import Deliveries
from infra.mail.due import DueMail, MailQueue
from infra.mail.folder import MailFolder
from infra.mail.handling import Handling
from infra.mail.letters import Letters
from infra.mail.people import People
from infra.mail.reach import Reach
from infra.mail.sending import Sending
from infra.mail.telling import Telling
from infra.metrics.metrics import Metrics
from infra.metrics.state import StateCollector
from infra.outage import Outage
from infra.position import EPOCH_DIGITS, Position, lane_of
from infra.projecting import rebuild
from infra.projecting.generations import Generations
from infra.projecting.place import wait_for
from infra.projecting.preparing import prepare as prepare_projection
from infra.projecting.retry import Retried, retry_parked
from infra.projecting.runner import LaneRunner
from infra.redis_clients import blocking_client, quick_client
from infra.replicas.report import replica_rows
from infra.replicas.router import Router
from infra.replicas.servers import replica_at
from infra.report import Rows
from infra.report import report as report_of
from infra.results import Results
from infra.schedule import Schedule
from infra.sessions import Sessions
from infra.settings import SettingError, Settings, store_env
from infra.tickets import Tickets
from infra.views.access import SignIn
from infra.views.calendars import CalendarView
from infra.views.definitions import DefinitionView
from infra.views.directory import DirectoryView
from infra.views.job_access import JobAccess
from infra.views.queries.queries import Queries
from infra.views.remembered import COMPARE_S, Remembered
from infra.views.substitutes import Substitutes
from infra.views.tables import Tables
from infra.wakeup import BLOCK_S, Wakeup
from projections.base import Projection
from projections.jobs import JOBS
from projections.notices import NOTICES
from projections.registry import PROJECTIONS
from projections.workspace import WORKSPACE


class Parts:
    """The parts of one process. Safe to use from many threads."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.metrics = Metrics()
        self.redis_url = settings.pubsub_url
        self.redis: Redis = quick_client(settings.redis_url)
        self.codec = Codec(EVENTS)
        self.store = MariaDBFactory(Environment("ringi", store_env(settings)))
        self.writing = self.store.datastore
        self.generations = Generations(self.writing)
        tables = Tables(self.writing, self.generations, WORKSPACE)
        self.feed = Feed(self.writing, WORKSPACE.name)
        self.remembered = Remembered(
            self.feed, WORKSPACE.name, partial(blocking_client, settings.pubsub_url, COMPARE_S)
        )
        self.directory = DirectoryView(tables)
        substitutes = Substitutes(self.directory, tables, now)
        self.definitions = DefinitionView(tables, self.remembered)
        self.calendars = CalendarView(tables, self.remembered)
        self.tickets = Tickets(quick_client(settings.cache_url))
        self.sessions = Sessions(tables)
        self.access = JobAccess(
            self.directory, self.tickets, self.sessions.actor_by_hash, substitutes, tables
        )
        self.sign_in = SignIn(self.directory, self.remembered)
        self.router = _router(self.writing, settings)
        self.history = History(self.router, self.codec)
        self.queries = Queries(tables, self.router)
        self.broker_redis = quick_client(settings.broker_url)
        self.wakeup = Wakeup(self.broker_redis, self._wake_up_sender())
        self._gathering = Gathering(self.wakeup.grown)
        self.results = Results(settings.results_folder)
        self.job_queue = JobQueue(self.broker_redis, make_broker(self.broker_redis).enqueue)
        self.due_jobs = DueJobs(Tables(self.writing, self.generations, JOBS))
        self.mail_queue = MailQueue(self.broker_redis, make_broker(self.broker_redis).enqueue)
        self.due_mail = DueMail(Tables(self.writing, self.generations, NOTICES))
        self._publisher = Publisher(quick_client(settings.pubsub_url))
        self._one_at_a_time = RLock()

    @cached_property
    def recorder(self) -> MariaDBApplicationRecorder:
        """The log. Connects, and refuses a server that would break a promise."""
        with self._one_at_a_time:
            return self.store.application_recorder()

    @cached_property
    def log(self) -> RecordedEventLog:
        """The streams, for commands."""
        return RecordedEventLog(self.recorder, self.codec, self.metrics.commands.appended)

    @cached_property
    def bus(self) -> Bus:
        """What handles commands."""
        return Bus(self.log, Ports(self.directory, self.definitions, self.calendars), self._grown)

    @cached_property
    def runners(self) -> Sequence[LaneRunner]:
        """One for each projection, in the order of their list."""
        return [
            LaneRunner(
                projection,
                self.writing,
                self.recorder,
                self.codec.recorded,
                self._after_commit(projection),
                observe=self.metrics.projecting.batch,
            )
            for projection in PROJECTIONS
        ]

    @cached_property
    def identity(self) -> Identity:
        """The name under which this process takes up jobs; good within `with`."""
        one = replace(self.store.settings, pool_size=1, max_overflow=0)
        datastore = Datastore(one)
        datastore.attempted, datastore.lost = self.writing.attempted, self.writing.lost
        return Identity(datastore)

    @cached_property
    def attempts(self) -> Attempts:
        """What begins attempts at jobs for this process."""
        bus = self.bus
        return Attempts(self.log, bus.ports, bus.grown, self.writing, self.identity)

    @cached_property
    def mail(self) -> Sending:
        """What sends the mail that is due. Its carrier connects when it has something to carry."""
        notices = Tables(self.writing, self.generations, NOTICES)
        people = People(Tables(self.writing, self.generations, WORKSPACE))
        telling = Telling(self.log.load, self.definitions, people)
        deliveries = Deliveries(self.writing)
        book = Book(deliveries, self.identity, self.metrics.mail.tried)
        return Sending(
            Handling(self.writing, notices, Reach(self.writing, self.recorder), people, telling),
            deliveries,
            book,
            people,
            telling,
            Letters(self.settings.mail_from, self.settings.public_url),
            partial(_carrier, book, self.settings),
            partial(is_alive, self.writing),
        )

    @property
    def lanes(self) -> int:
        """The number of lanes of the log."""
        return self.store.log_facts.lanes

    def redis_for_lingering(self) -> Redis:
        """Return a new client of the broker's Redis, for one thread that waits for news."""
        return blocking_client(self.settings.broker_url, BLOCK_S)

    def settle(self) -> int:
        """Advance the log's settled mark and return it."""
        return self.recorder.settle()

    @cached_property
    def schedule(self) -> Schedule:
        """What the scheduler did last of each entry."""
        return Schedule(self.writing)

    def clean_feed(self, enough: Callable[[], bool]) -> int:
        """Delete the feed's old rows; return how many."""
        return clean_feed(self.writing, self.settings.feed_days, enough)

    def clean_keys(self, enough: Callable[[], bool]) -> int:
        """Delete old idempotency keys, as the operation's account; return how many.

        Raises:
            SettingError: that account is not given.
        """
        if self.settings.operation_url is None:
            raise SettingError("RINGI_OPERATION_URL is not given: no account may clean the keys")
        operation = Datastore(replace(self.store.settings, url=self.settings.operation_url))
        try:
            return clean_keys(operation, self.settings.key_days, enough)
        finally:
            operation.close()

    def clean_mail(self, enough: Callable[[], bool]) -> int:
        """Delete the notices of which everything is settled for long; return how many."""
        return clean_mail(self.writing, self.settings.key_days, enough)

    def clean_results(self, every_s: float) -> int | None:
        """Delete what jobs made and nobody has made again for long; return how many files.

        None: within `every_s` somebody has done so in this folder. Nothing is deleted while the
        database cannot confirm what time it is.
        """
        return self.results.sweep_in_turn(
            lambda: old_before(self.writing, self.settings.result_days), every_s
        )

    @property
    def epoch(self) -> str:
        """The epoch of the log, as positions show it."""
        return self.store.log_facts.epoch.hex[:EPOCH_DIGITS]

    def position(self, outcome: Outcome) -> Position:
        """Return the place of what a command did."""
        return Position(self.epoch, lane_of(outcome.stream, self.lanes), outcome.position)

    def shows(self, position: Position, timeout_s: float) -> bool:
        """Wait until the views on the primary show this place; return whether they do."""
        return wait_for(self.writing, WORKSPACE.name, position.lane, position.position, timeout_s)

    def rebuild(
        self, projection: Projection, progress: Callable[[rebuild.Progress], None]
    ) -> rebuild.Report:
        """Build a projection's tables anew beside those that serve, and swap."""
        return rebuild.rebuild(
            projection, self.writing, self.recorder, self.codec.recorded, progress
        )

    def retry_parked(self, projection: Projection) -> Retried:
        """Fold again what the projection could not fold; the feed tells what changes."""
        return retry_parked(
            projection,
            self.writing,
            self.recorder,
            self.codec.recorded,
            self._after_commit(projection),
        )

    def close(self) -> None:
        """Tell what has grown, and close every connection. Idempotent."""
        self._gathering.close()
        self.remembered.close()
        self.router.close()
        self.store.close()
        self.redis.close()

    def _after_commit(self, projection: Projection) -> Callable[[int, Sequence[FeedRow]], None]:
        """Return what is told a lane's new rows of the projection's feed."""
        if projection.name == JOBS.name:
            return self.job_queue.told
        if projection.name == NOTICES.name:
            return self.mail_queue.told
        return partial(self._publisher.publish, projection.name)

    def _wake_up_sender(self) -> Callable[[int], None]:
        send = catch_up_sender(make_broker(self.broker_redis))

        def sent(lane: int) -> None:
            send(lane)
            self.metrics.wakeups.sent()

        return sent

    def _grown(self, outcome: Outcome) -> None:
        self._gathering.grown(lane_of(outcome.stream, self.lanes))


def _carrier(book: Book, settings: Settings) -> Carrier:
    if settings.smtp_url is None:
        return FolderCarrier(book, MailFolder(settings.mail_folder))
    return SmtpCarrier(book, settings.smtp_url, settings.mail_from)


def _router(primary: Datastore, settings: Settings) -> Router:
    replicas = [
        replica_at(url, primary.settings, primary.settings.pool_size)
        for url in settings.replica_urls
    ]
    return Router(primary, replicas, WORKSPACE.name, settings.replica_lag_s)


def prepare(settings: Settings) -> None:
    """Make what projections keep beside the log and the views' schema. Idempotent."""
    parts = Parts(settings)
    try:
        parts.settle()  # what has effects begins at the settled end
        for projection in PROJECTIONS:
            prepare_projection(parts.writing, projection)
    finally:
        parts.close()


def rebuild_outdated(settings: Settings, say: Callable[[str], None]) -> None:
    """Rebuild every projection whose tables another version of this code made, or another log.

    Until then they serve what they have and stand still. Idempotent; the tables serve meanwhile.
    """
    parts = Parts(settings)
    try:
        for projection in PROJECTIONS:
            if not (projection.effects or prepare_projection(parts.writing, projection)):
                say(f"the tables of {projection.name} are of an older version: building them anew")
                parts.rebuild(projection, lambda _: None)
    finally:
        parts.close()


def report(settings: Settings) -> Mapping[str, Rows]:
    """Return the tables of a status, by title."""
    parts = Parts(settings)
    try:
        found = {
            **report_of(parts.writing, parts.broker_redis),
            "jobs": unsettled(parts.access.tables),
        }
        return {**found, "replicas": replica_rows(parts.router)} if settings.replica_urls else found
    finally:
        parts.close()


def lasting_parts(settings: Settings) -> Parts:
    """Return the parts of a process that runs on: it logs when the database is away, and back."""
    parts = Parts(settings)
    outage = Outage()
    parts.writing.attempted, parts.writing.lost = outage.attempted, outage.lost
    return parts


def gateway_parts(settings: Settings) -> Parts:
    """Return what the gateway needs: `feed`, `access`, `redis_url`."""
    return lasting_parts(settings)


def worker_parts(settings: Settings) -> Parts:
    """Return what a worker needs: `runners`, `wakeup`, `redis_for_lingering`."""
    return lasting_parts(settings)


def scheduler_parts(settings: Settings) -> Parts:
    """Return what the scheduler needs: see `workers.parts.SchedulerParts`."""
    parts = lasting_parts(settings)
    redis_by_role = {
        "queue": parts.broker_redis,
        "pubsub": quick_client(settings.pubsub_url),
        "cache": quick_client(settings.cache_url),
    }
    parts.metrics.add(StateCollector(parts.writing, parts.broker_redis, redis_by_role))
    return parts


def job_parts(settings: Settings) -> Parts:
    """Return what the process of jobs needs: see `workers.parts.JobParts`."""
    return lasting_parts(settings)
