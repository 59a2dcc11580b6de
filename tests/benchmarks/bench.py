"""What every row needs: a server, fresh stores on it, and the rounds."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count

from infra.stack import MariaDBServer
from tests.benchmarks.machine import load
from tests.benchmarks.rows import Measurement, Row, in_turns
from tests.benchmarks.scale import Scale
from tests.servers import TestStore

_numbers = count(1)


@dataclass(frozen=True)
class Bench:
    """One run."""

    server: MariaDBServer
    scale: Scale
    progress: Callable[[str], None]

    @contextmanager
    def store(self) -> Iterator[TestStore]:
        """Give a fresh, empty log; it is dropped afterwards."""
        store = TestStore(self.server, f"bench{next(_numbers)}")
        try:
            store.recorder()
            yield store
        finally:
            store.drop()

    def measure(self, row: Row, measured: Measurement, floor: Measurement) -> Row:
        """Return `row` with its rounds."""
        self.progress(f"{row.name}: {row.what} …")
        before = load()[0]
        done = replace(row, rounds=in_turns(self.scale.rounds, measured, floor), load=before)
        self.progress(f"{row.name}: {done.ratio:.2f} of {done.against}")
        return done


def env_of(store: TestStore) -> dict[str, str]:
    """Return where a process finds `store`, whose tables are there already."""
    return {name: value for name, value in store.env().items() if "MIGRATION" not in name}
