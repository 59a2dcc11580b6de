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
from infra.codec import Codec
from infra.event_log import RecordedEventLog
from infra.eventstore import MariaDBFactory
from infra.eventstore.datastore import Datastore
from infra.eventstore.recorders import MariaDBApplicationRecorder
from infra.feed import Feed, Publisher
from infra.history import History
from infra.position import EPOCH_DIGITS, Position, lane_of
from infra.projecting import rebuild
from infra.projecting.generations import Generations
from infra.projecting.place import wait_for
from infra.projecting.preparing import prepare as prepare_projection
from infra.projecting.retry import Retried, retry_parked
from infra.projecting.runner import LaneRunner
from infra.redis_clients import blocking_client, quick_client
from infra.report import Rows
from infra.report import report as report_of
from infra.settings import Settings, store_env
from infra.tickets import Tickets
from infra.views.access import Access
from infra.views.definitions import DefinitionView
from infra.views.directory import DirectoryView
from infra.views.queries.queries import Queries
from infra.views.tables import Tables
from infra.wakeup import BLOCK_S, Wakeup
from projections.base import Projection
from projections.registry import PROJECTIONS
from projections.workspace import WORKSPACE


class Parts:
    """The parts of one process. Safe to use from many threads."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.redis_url = settings.pubsub_url
        self.redis: Redis = quick_client(settings.redis_url)
        self.codec = Codec(EVENTS)
        self.store = MariaDBFactory(Environment("ringi", store_env(settings)))
        self.writing = self.store.datastore
        self.reading = Datastore(replace(self.store.settings, url=settings.reading_url))
        self.generations = Generations(self.writing)
        tables = Tables(self.writing, self.generations, WORKSPACE)
        self.directory = DirectoryView(tables)
        self.definitions = DefinitionView(tables)
        self.tickets = Tickets(quick_client(settings.cache_url))
        self.access = Access(self.directory, self.tickets)
        self.feed = Feed(self.writing, WORKSPACE.name)
        self.history = History(self.reading, self.codec)
        self.queries = Queries(Tables(self.reading, Generations(self.reading), WORKSPACE))
        self.broker_redis = quick_client(settings.broker_url)
        self.wakeup = Wakeup(self.broker_redis, catch_up_sender(make_broker(self.broker_redis)))
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
        return RecordedEventLog(self.recorder, self.codec)

    @cached_property
    def bus(self) -> Bus:
        """What handles commands."""
        return Bus(self.log, Ports(self.directory, self.definitions), self._grown)

    @cached_property
    def runners(self) -> Sequence[LaneRunner]:
        """One for each projection, in the order of their list."""
        return [
            LaneRunner(
                projection,
                self.writing,
                self.recorder,
                self.codec.recorded,
                partial(self._publisher.publish, projection.name),
            )
            for projection in PROJECTIONS
        ]

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

    @property
    def epoch(self) -> str:
        """The epoch of the log, as positions show it."""
        return self.store.log_facts.epoch.hex[:EPOCH_DIGITS]

    def position(self, outcome: Outcome) -> Position:
        """Return the place of what a command did."""
        return Position(self.epoch, lane_of(outcome.stream, self.lanes), outcome.position)

    def shows(self, position: Position, timeout_s: float) -> bool:
        """Wait until the views that are read show this place; return whether they do."""
        return wait_for(self.reading, WORKSPACE.name, position.lane, position.position, timeout_s)

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
            partial(self._publisher.publish, projection.name),
        )

    def close(self) -> None:
        """Close every connection. Idempotent."""
        self.store.close()
        self.reading.close()
        self.redis.close()

    def _grown(self, outcome: Outcome) -> None:
        self.wakeup.grown({lane_of(outcome.stream, self.lanes)})


def prepare(settings: Settings) -> None:
    """Make what projections keep beside the log and the views' schema. Idempotent."""
    parts = Parts(settings)
    try:
        for projection in PROJECTIONS:
            prepare_projection(parts.writing, projection)
    finally:
        parts.close()


def report(settings: Settings) -> Mapping[str, Rows]:
    """Return the tables of a status, by title."""
    parts = Parts(settings)
    try:
        return report_of(parts.writing, parts.broker_redis)
    finally:
        parts.close()


def gateway_parts(settings: Settings) -> Parts:
    """Return what the gateway needs: `feed`, `access`, `redis_url`."""
    return Parts(settings)


def worker_parts(settings: Settings) -> Parts:
    """Return what a worker needs: `runners`, `wakeup`, `redis_for_lingering`."""
    return Parts(settings)


def scheduler_parts(settings: Settings) -> Parts:
    """Return what the scheduler needs: `wakeup`, `lanes`, `settle`."""
    return Parts(settings)
