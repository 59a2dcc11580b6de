"""The least that a projection can do: count. By ours, by hand, and by eventsourcing's runner."""

from collections.abc import Iterable, Sequence
from time import monotonic, monotonic_ns
from typing import Any
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.dispatch import singledispatchmethod
from eventsourcing.persistence import Tracking
from eventsourcing.projection import Projection as PeerProjection
from eventsourcing.projection import ProjectionRunner

from domain.metadata import Recorded
from infra.eventstore.datastore import Datastore
from infra.eventstore.recorders import MariaDBTrackingRecorder
from projections.base import Change, Column, Key, Kind, Projection, Rows, Table
from projections.workspace import WORKSPACE
from tests.benchmarks.bare import Env, connection

#: Seconds for which the peer may take.
PATIENCE_S = 120.0

COUNT = Table("count", (Column("name", Kind.KEY), Column("events", Kind.INTEGER)), ("name",))


def _reads(_recorded: Recorded) -> Iterable[tuple[Table, Key]]:
    return [(COUNT, ("all",))]


def _fold(rows: Rows, _recorded: Recorded) -> Sequence[Change]:
    row: Any = rows.get(COUNT, ("all",)) or {"events": 0}
    rows.put(COUNT, {"name": "all", "events": row["events"] + 1})
    return ()


#: All lanes share the one row: they are to be run one after the other.
COUNTS = Projection("counts", 1, (COUNT,), WORKSPACE.topics, _reads, _fold)


def by_hand(env: Env, page: int) -> float:
    """Return the rate of a count by PyMySQL alone: a transaction a page, the log in its order."""
    views = env["MARIADB_VIEWS"]
    with connection(env) as opened, opened.cursor() as cursor:
        cursor.execute(f"CREATE OR REPLACE TABLE {views}.by_hand (position INT, events INT)")
        cursor.execute(f"INSERT INTO {views}.by_hand VALUES (0, 0)")
        opened.commit()
        events, after, begin = 0, 0, monotonic()
        while True:
            cursor.execute(
                "SELECT stream, version, topic, state, position FROM event"
                " WHERE position > %s ORDER BY position LIMIT %s",
                (after, page),
            )
            rows = cursor.fetchall()
            if not rows:
                return events / (monotonic() - begin)
            events, after = events + len(rows), rows[-1][-1]
            cursor.execute(
                f"UPDATE {views}.by_hand SET position = %s, events = %s", (after, events)
            )
            opened.commit()


class _CountingView(MariaDBTrackingRecorder):
    """One row; as eventsourcing does it, each event is a transaction."""

    def __init__(self, datastore: Datastore) -> None:
        super().__init__(datastore)
        self._table = f"{datastore.settings.views}.one_by_one"
        with datastore.cursor() as cursor:
            cursor.execute(f"CREATE OR REPLACE TABLE {self._table} (events INT)")
            cursor.execute(f"INSERT INTO {self._table} VALUES (0)")

    def count(self, tracking: Tracking) -> None:
        with self.datastore.transaction() as cursor:
            self.track(cursor, tracking)
            cursor.execute(f"UPDATE {self._table} SET events = events + 1")

    def counted(self) -> int:
        with self.datastore.cursor() as cursor:
            cursor.execute(f"SELECT events FROM {self._table}")
            (events,) = cursor.fetchone() or (0,)
        return int(events)


class _Counting(PeerProjection[_CountingView]):
    name = "counting"
    begun: float | None = None

    @singledispatchmethod
    def process_event(self, _event: Any, tracking: Tracking) -> None:
        if self.begun is None:
            self.begun = monotonic()
        self.view.count(tracking)


class _Log(Application[UUID]):
    """The log as eventsourcing's applications see it; each run is of another name."""


def one_by_one(env: Env) -> float:
    """Return the rate of eventsourcing's runner, from the first event that it processes."""
    # ProjectionRunner goes on from where its application's name was tracked: a name for each run.
    application = type("Log", (_Log,), {"name": f"log{monotonic_ns()}"})
    with ProjectionRunner[_Log, _CountingView](
        application_class=application,
        projection_class=_Counting,
        view_class=_CountingView,
        env=dict(env),
    ) as runner:
        runner.wait(runner.app.recorder.max_notification_id(), PATIENCE_S)
        end = monotonic()
        begun: float = runner.projection.begun  # type: ignore[attr-defined]  # it is _Counting
        return runner.view.counted() / (end - begun)
