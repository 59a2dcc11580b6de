"""Questions asked in threads, so that the event loop never waits."""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from realtime.steps import Question, Steps, UnavailableError

log = logging.getLogger(__name__)

T = TypeVar("T")


class Threads:
    """A few threads that ask. Further questions wait for their turn, within the same time-out."""

    def __init__(self, count: int, answer_s: float) -> None:
        self._answer_s = answer_s
        self._executor = ThreadPoolExecutor(count, "question")

    async def drive(self, steps: Steps[T]) -> T:
        """Run the steps to their end, answering what they ask."""
        try:
            question = next(steps)
            while True:
                try:
                    answer = await self._answer(question)
                except UnavailableError as error:
                    question = steps.throw(error)
                else:
                    question = steps.send(answer)
        except StopIteration as end:
            result: T = end.value
            return result
        finally:
            steps.close()

    async def _answer(self, question: Question) -> object:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._answer_s):
                return await loop.run_in_executor(self._executor, question)
        except TimeoutError:
            log.warning("no answer within %g s", self._answer_s)
            raise UnavailableError("too slow") from None
        except Exception as error:
            log.warning("a question failed: %s: %s", type(error).__name__, error)
            raise UnavailableError(type(error).__name__) from error

    def close(self) -> None:
        """Take no more questions. Those that are being asked end by the time-outs of their own."""
        self._executor.shutdown(wait=False, cancel_futures=True)
