"""A writer process: appends in every way that it can go well or wrong, until it is told to stop.

Journal: ["try", [[stream, version], …]] before a save; after it ["kept", positions], or
["refused"] where the store promised that nothing was written, or ["unknown"].
"""

import os
import random
import sys
from hashlib import sha256
from pathlib import Path
from time import sleep
from uuid import UUID

import pymysql
from eventsourcing.persistence import (
    IntegrityError,
    OperationalError,
    PersistenceError,
    StoredEvent,
)
from eventsourcing.utils import Environment

from infra.eventstore import MariaDBFactory
from infra.eventstore.errors import OutcomeUnknownError
from infra.eventstore.idempotency import Idempotency
from tests.fault.journal import Journal

#: Tries of a keyed save, and the pause after each: longer than a restart of the server.
KEYED_TRIES = 20
PAUSE_S = 0.1


class Writer:
    def __init__(self, folder: Path, name: str, seed: str) -> None:
        self.rng = random.Random(seed)
        self.journal = Journal(folder / f"{name}.writer")
        self.factory = MariaDBFactory(Environment("storm", os.environ))
        self.recorder = self.factory.application_recorder()
        self.taken: StoredEvent | None = None

    def run(self, stop: Path) -> None:
        ways = [self.save] * 8 + [self.keyed] * 3 + [self.conflict] * 2 + [self.slow] * 2
        while not stop.exists():
            self.rng.choice(ways)()

    def events(self) -> list[StoredEvent]:
        stream = UUID(bytes=self.rng.randbytes(16))
        count = self.rng.choice((1, 1, 1, 2, 5, 100))
        return [StoredEvent(stream, n, "fault:Event", b"{}") for n in range(1, count + 1)]

    def save(self) -> None:
        events = self.events()
        if self.attempt(events, None):
            self.taken = events[-1]

    def keyed(self) -> None:
        """Try until it is known to have worked, as a client with an Idempotency-Key would."""
        events, key = self.events(), self.rng.randbytes(8).hex()
        idempotency = Idempotency(key, sha256(key.encode()).digest())
        for _ in range(KEYED_TRIES):
            if self.attempt(events, idempotency):
                break
            sleep(PAUSE_S)
        if self.rng.random() < 0.3:
            self.attempt(events, idempotency)  # a repeat of what succeeded

    def conflict(self) -> None:
        if self.taken is not None:
            self.attempt([*self.events(), self.taken], None, burns=True)

    def attempt(
        self, events: list[StoredEvent], idempotency: Idempotency | None, *, burns: bool = False
    ) -> bool:
        named = [[event.originator_id.hex, event.originator_version] for event in events]
        if not burns:
            self.journal.write(["try", named])
        try:
            positions = self.recorder.insert_events(events, idempotency=idempotency)
        except IntegrityError:
            if not burns:
                self.journal.write(["unexpected conflict", named])
            return False
        except OutcomeUnknownError:
            if not burns:
                self.journal.write(["unknown"])
            sleep(PAUSE_S)
            return False
        except OperationalError:
            if not burns:
                self.journal.write(["refused"])
            sleep(PAUSE_S)
            return False
        self.journal.write(["kept", list(positions or [])])
        return True

    def slow(self) -> None:
        """Insert by hand, think, then commit or roll back: what our recorder never does."""
        events = self.events()
        commit = self.rng.random() < 0.5
        try:
            with self.factory.datastore.transaction() as cursor:
                rows = ", ".join(["(%s, %s, %s, %s)"] * len(events))
                cursor.execute(
                    f"INSERT INTO {self.factory.settings.log}.event"
                    f" (stream, version, topic, state) VALUES {rows}",
                    [
                        v
                        for e in events
                        for v in (e.originator_id.bytes, *list(vars(e).values())[1:])
                    ],
                )
                sleep(self.rng.random() * 0.05)
                if not commit:
                    raise ChangedMindError
                named = [[e.originator_id.hex, e.originator_version] for e in events]
                self.journal.write(["try", named])
                self.journal.write(["unknown"])
        except (ChangedMindError, PersistenceError, pymysql.MySQLError):
            return


class ChangedMindError(Exception):
    """The writer changed its mind: roll back."""


if __name__ == "__main__":
    where, who, number = sys.argv[1:4]
    Writer(Path(where), who, number).run(Path(where) / "writers-stop")
