"""The persistence module: what `PERSISTENCE_MODULE=infra.eventstore` selects."""

from functools import cached_property
from typing import TypeVar

import pymysql
import sqlalchemy
from eventsourcing.persistence import InfrastructureFactory, ProgrammingError
from eventsourcing.utils import Environment, EnvType, resolve_topic, strtobool
from sqlalchemy.pool import NullPool

from infra.eventstore.append import Appender
from infra.eventstore.checks import LogFacts, check_schema, gather, require_safe, unsafe_to_write
from infra.eventstore.datastore import Datastore, needs_no_tls
from infra.eventstore.errors import ForeignSchemaError, translated
from infra.eventstore.reading import READ_AGAIN, LogReader, StreamReader
from infra.eventstore.recorders import (
    MariaDBAggregateRecorder,
    MariaDBApplicationRecorder,
    MariaDBProcessRecorder,
    MariaDBTrackingRecorder,
)
from infra.eventstore.retrying import retrying
from infra.eventstore.settings import LANES, StoreSettings
from infra.eventstore.settling import Settler
from infra.eventstore.stall import Alarm, log_alarm
from infra.schema.migrations import Schema, migrate, require_granted

Recorder = TypeVar("Recorder")


class MariaDBFactory(InfrastructureFactory[MariaDBTrackingRecorder]):
    """Makes the recorders of one application, all on one pool of connections.

    The first recorder on a log checks the server, the schema and the account, and refuses with
    every reason if a promise of the log would not hold there.
    """

    CREATE_TABLE = "CREATE_TABLE"

    def __init__(self, env: Environment | EnvType | None = None, alarm: Alarm = log_alarm) -> None:
        super().__init__(env)
        self.settings = StoreSettings.from_env(self.env)
        self.datastore = Datastore(self.settings)
        self._alarm = alarm
        self._migrates = self.settings.migration_url is not None and self._creates_tables()
        self._prepared: set[Schema] = set()

    def aggregate_recorder(self, purpose: str = "events") -> MariaDBAggregateRecorder:
        """Return a recorder of the log's streams, or of snapshots if that is the purpose."""
        if purpose == "events":
            return MariaDBAggregateRecorder(self._appender, self._streams)
        self._prepare("views")
        table = f"{self.settings.views}.snapshot"
        return MariaDBAggregateRecorder(
            Appender(self.datastore, table, max_packet=self.log_facts.max_allowed_packet),
            StreamReader(self.datastore, table),
        )

    def application_recorder(self) -> MariaDBApplicationRecorder:
        """Return the log's recorder, of the class that APPLICATION_RECORDER_TOPIC names."""
        recorder_class = self._class(self.APPLICATION_RECORDER_TOPIC, MariaDBApplicationRecorder)
        return recorder_class(self._appender, self._streams, self._log_reader)

    def tracking_recorder(
        self, tracking_recorder_class: type[MariaDBTrackingRecorder] | None = None
    ) -> MariaDBTrackingRecorder:
        """Return a tracking recorder or view of this class, else of TRACKING_RECORDER_TOPIC's."""
        self._prepare("views")
        recorder_class = tracking_recorder_class or self._class(
            self.TRACKING_RECORDER_TOPIC, MariaDBTrackingRecorder
        )
        return recorder_class(self.datastore)

    def process_recorder(self) -> MariaDBProcessRecorder:
        """Return a recorder of events with tracking, of PROCESS_RECORDER_TOPIC's class."""
        self._prepare("views")
        recorder_class = self._class(self.PROCESS_RECORDER_TOPIC, MariaDBProcessRecorder)
        return recorder_class(self.datastore, self._appender, self._streams, self._log_reader)

    def close(self) -> None:
        """Close the connections; the recorders raise StoreClosedError from now on. Idempotent."""
        self.datastore.close()

    @cached_property
    def log_facts(self) -> LogFacts:
        """What was found of the log, its server and the account; checked.

        Raises:
            UnsafeServerError, ForeignSchemaError: with what to do.
            ProgrammingError: MARIADB_LANES is not the log's number.
        """
        self._prepare("log")

        def attempt() -> LogFacts:
            with self.datastore.cursor() as cursor:
                return gather(cursor, self.settings.log)

        facts = retrying(attempt, READ_AGAIN)
        require_safe(facts)
        if self.settings.lanes not in (None, facts.lanes):
            raise ProgrammingError(
                f"MARIADB_LANES is {self.settings.lanes}, and the log {self.settings.log!r} was "
                f"made with {facts.lanes}: a log keeps its number; give {facts.lanes}, or nothing"
            )
        self.datastore.unsafe_to_write = unsafe_to_write(facts)
        self.datastore.expect_epoch(facts.epoch)
        return facts

    @cached_property
    def _appender(self) -> Appender:
        return Appender(
            self.datastore,
            f"{self.settings.log}.event",
            max_packet=self.log_facts.max_allowed_packet,
        )

    @cached_property
    def _streams(self) -> StreamReader:
        return StreamReader(self.datastore, f"{self.settings.log}.event")

    @cached_property
    def _log_reader(self) -> LogReader:
        settles = not self.log_facts.read_only
        return LogReader(self.datastore, Settler(self.datastore, self._alarm), settles=settles)

    def _class(self, setting: str, default: type[Recorder]) -> type[Recorder]:
        topic = self.env.get(setting)
        if not topic:
            return default
        recorder_class: type[Recorder] = resolve_topic(topic)
        return recorder_class

    def _creates_tables(self) -> bool:
        text = self.env.get(self.CREATE_TABLE) or "yes"
        try:
            return strtobool(text)
        except ValueError:
            raise ProgrammingError(f"CREATE_TABLE must be yes or no, not {text!r}") from None

    def _prepare(self, schema: Schema) -> None:
        """Check the version; where it is not this code's, migrate if the account is given."""
        if schema in self._prepared:
            return
        database = self.settings.log if schema == "log" else self.settings.views
        accounts = {self.settings.url.username or "", self.settings.operation}

        def attempt() -> None:
            with self.datastore.cursor() as cursor:
                check_schema(cursor, schema, database)
                if self._migrates:
                    require_granted(cursor, schema, database, accounts)

        try:
            retrying(attempt, READ_AGAIN)
        except ForeignSchemaError:
            if not self._migrates or self.settings.migration_url is None:
                raise
            self._migrate(schema, database, self.settings.migration_url)
            retrying(attempt, READ_AGAIN)
        self._prepared.add(schema)

    def _migrate(self, schema: Schema, database: str, url: sqlalchemy.URL) -> None:
        engine = sqlalchemy.create_engine(
            url,
            poolclass=NullPool,
            connect_args={"ssl_disabled": needs_no_tls(url)},
        )
        try:
            connection = engine.raw_connection()
            try:
                migrate(
                    connection.dbapi_connection,  # type: ignore[arg-type]  # PyMySQL's
                    schema,
                    database,
                    application=self.settings.url.username or "",
                    operation=self.settings.operation,
                    lanes=self.settings.lanes or LANES,
                )
            finally:
                connection.close()
        except sqlalchemy.exc.DBAPIError as error:
            if isinstance(error.orig, pymysql.MySQLError):
                raise translated(error.orig) from error
            raise
        except pymysql.MySQLError as error:
            raise translated(error) from error
