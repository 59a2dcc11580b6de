"""Wake-ups are gathered: whoever appends waits for nobody, and everything is told."""

import os
from threading import Event

from infra.gathering import Gathering


class Told:
    """What was told, a set at a time; each telling waits until it may go on."""

    def __init__(self) -> None:
        self.sets: list[set[int]] = []
        self.begun, self.go_on = Event(), Event()

    def __call__(self, lanes: set[int]) -> None:
        self.begun.set()
        assert self.go_on.wait(10)
        self.sets.append(lanes)


def test_what_grows_during_a_telling_is_told_together() -> None:
    told = Told()
    gathering = Gathering(told)
    gathering.grown(1)
    assert told.begun.wait(10)
    for lane in (2, 3, 2, 1, 3):
        gathering.grown(lane)
    told.go_on.set()
    gathering.close()
    assert told.sets == [{1}, {1, 2, 3}]


def test_closing_waits_for_what_was_gathered() -> None:
    told = Told()
    told.go_on.set()
    gathering = Gathering(told)
    for lane in range(50):
        gathering.grown(lane)
    gathering.close()
    assert set().union(*told.sets) == set(range(50))


def test_a_child_tells_by_itself() -> None:
    told = Told()
    told.go_on.set()
    gathering = Gathering(told)
    gathering.grown(0)
    gathering.close()
    child = os.fork()
    if child == 0:
        told.sets.clear()
        gathering.grown(7)
        gathering.close()
        os._exit(0 if told.sets == [{7}] else 1)
    assert os.waitpid(child, 0)[1] == 0
