"""Rows on the pure core: deciding a command, and evolving a document by what follows."""

from collections.abc import Iterator
from statistics import median
from time import thread_time
from typing import Any

from commands.handlers import HANDLERS
from domain.actor import Circumstances
from domain.command import Command
from domain.document.commands import (
    AddComment,
    ApproveStep,
    CreateDocument,
    ReviseDocument,
    SubmitDocument,
)
from domain.document.state import Document, fold
from tests.benchmarks.bench import Bench
from tests.benchmarks.rows import Row
from tests.builders import ANN, AT, DOCUMENT, MIA, Given
from tests.documents import DEAR, DEAR_DESK, DEAR_REVISION, created, draft

#: Repetitions of each command in a measurement.
TIMES = 500

#: What design §10 allows one decision, with its evolving.
MOST_US = 50.0


def decide(bench: Bench) -> Iterator[Row]:
    """One command of each kind in turns, facts in hand, against what is allowed."""
    dear = Given([created(title="Desk", cost=DEAR)], draft().world)
    cases = [
        _Case(Given([], dear.world), CreateDocument(DOCUMENT, "purchase", DEAR_DESK)),
        _Case(dear, ReviseDocument(DOCUMENT, {"title": "Chair", "pieces": 3})),
        _Case(dear, SubmitDocument(DOCUMENT)),
        _Case(dear.after(SubmitDocument(DOCUMENT)), ApproveStep(DOCUMENT, DEAR_REVISION)),
        _Case(dear, AddComment(DOCUMENT, "hello")),
    ]
    spent = {case.command.NAME: case.median_us() for case in cases}
    row = Row(
        name="decide",
        what="decide one command and evolve by its events, pure: the median of five kinds",
        against="the 50 µs that it may take",
        unit="µs",
        better="lower",
        details={f"{name}_us": round(each, 1) for name, each in spent.items()},
    )
    yield bench.measure(row, lambda: median(case.median_us() for case in cases), lambda: MOST_US)


class _Case:
    """A command where it is allowed, with the state and the facts that it is decided on."""

    def __init__(self, given: Given, command: Command) -> None:
        handler = HANDLERS[type(command)]
        self.command = command
        self._decide, self._evolve = handler.decide, handler.aggregate.evolve
        self._state: Document | None = fold(given.history)
        actor = MIA if isinstance(command, ApproveStep) else ANN
        self._circumstances = Circumstances(actor, AT)
        self._facts: Any = handler.facts(given.world, self._state, command, self._circumstances)

    def median_us(self) -> float:
        """Return how long one decision takes with the evolving of its events: of the processor's
        time, for nothing here waits."""
        spent = []
        for _ in range(TIMES):
            begin = thread_time()
            state = self._state
            for event in self._decide(state, self.command, self._circumstances, self._facts):
                state = self._evolve(state, event)
            spent.append(thread_time() - begin)
        return median(spent) * 1e6
