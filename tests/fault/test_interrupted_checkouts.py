"""An exception from outside, at any line of taking or giving back a connection, costs none.

A signal handler or another thread may raise anywhere: Ctrl-C, a job's time limit. SQLAlchemy's
pool guards most of its lines; where it does not, a connection stays counted as in use for ever.
"""

import linecache
import sys
from itertools import count
from types import FrameType
from typing import Any

import pytest
import sqlalchemy.pool

from infra.eventstore import datastore, settling
from infra.eventstore.errors import StoreUnavailableError
from infra.eventstore.recorders import MariaDBApplicationRecorder
from tests.contracts.log_contract import some_events
from tests.servers import TestStore

FILES = (
    *(module.__file__ for module in (sqlalchemy.pool.base, sqlalchemy.pool.impl)),
    datastore.__file__,
)


class StopNowError(BaseException):
    """What is raised from outside."""


class Interrupt:
    """Raises once, in place of the `number`th line that this thread begins in some files."""

    def __init__(self, number: int, error: type[BaseException], *files: str) -> None:
        self.left = number
        self.error = error
        self.files = files or FILES
        self.where = ""

    def __call__(self, frame: FrameType, event: str, _: Any) -> "Interrupt | None":
        if frame.f_code.co_filename not in self.files or self.where:
            return None
        if event == "line":
            self.left -= 1
            if self.left < 0:
                self.where = f"{frame.f_code.co_filename}:{frame.f_lineno}"
                raise self.error
        return self

    def during(self, call: Any) -> bool:
        """Call; return whether it was interrupted."""
        previous = sys.gettrace()
        sys.settrace(self)
        try:
            call()
        except self.error:
            assert self.where
        except BaseException:
            if not self.where:
                raise
        finally:
            sys.settrace(previous)
        return bool(self.where)


# A line of the pool may run in a finalizer, where Python only reports what is raised.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("error", [StopNowError, KeyboardInterrupt, RuntimeError])
@pytest.mark.parametrize("fresh", [False, True], ids=["pooled", "new connection"])
def test_an_interrupt_at_any_line_loses_no_connection(
    store: TestStore, error: type[BaseException], fresh: bool
) -> None:
    recorder = store.recorder(
        MARIADB_POOL_SIZE="1", MARIADB_MAX_OVERFLOW="0", MARIADB_POOL_TIMEOUT="0.2"
    )
    taken = some_events()
    recorder.insert_events(taken)
    lost = []
    for number in count():
        if fresh:
            recorder._streams._datastore._engine.dispose()
        interrupt = Interrupt(number, error)
        if not interrupt.during(lambda: read(recorder, taken)):
            break
        try:
            assert read(recorder, taken) == taken
        except StoreUnavailableError:
            lost.append(interrupt.where)
            recorder._streams._datastore._engine.dispose()
    assert number > (120 if fresh else 60), "the lines were seen"
    assert lost == []


#: No Python code gives a lock back that is interrupted in the act.
RELEASING = ("if is_mine:", "self._alone.release()")


def test_an_interrupted_settler_does_not_keep_others_out(
    store: TestStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settling, "TURN_S", 0.2)
    recorder = store.recorder()
    recorder.insert_events(some_events())
    for number in count():
        interrupt = Interrupt(number, StopNowError, settling.__file__)
        if not interrupt.during(recorder.settle):
            break
        file, _, line = interrupt.where.rpartition(":")
        if linecache.getline(file, int(line)).strip() in RELEASING:
            recorder._log._settler._alone.release()
        assert recorder.settle() == 1
    assert number > 15, "the lines were seen"


def read(recorder: MariaDBApplicationRecorder, taken: list) -> list:
    return list(recorder.select_events(taken[0].originator_id))
