"""Logic that must ask the outside world, written without I/O.

A function that needs an answer is a generator: it yields a question (a call that may block) and
is sent the answer. Whoever drives it decides how: the gateway in threads with a time-out, a test
at once and in any order.
"""

from collections.abc import Callable, Generator
from typing import TypeVar, cast

T = TypeVar("T")

Question = Callable[[], object]
Steps = Generator[Question, object, T]


class UnavailableError(Exception):
    """A question got no answer: its call failed or took too long. Thrown into the generator."""


def ask(question: Callable[[], T]) -> Steps[T]:
    """Yield the question and return its answer.

    Raises:
        UnavailableError: There is no answer.
    """
    return cast("T", (yield question))
