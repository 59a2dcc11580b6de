"""How often replicas answered, and how often the primary did in their place."""

from collections import Counter
from collections.abc import Mapping
from enum import StrEnum
from threading import Lock


class Why(StrEnum):
    """Why the primary answered though there are replicas."""

    NONE_IN_USE = "none_in_use"
    """None is healthy and recent enough."""
    BEHIND = "behind"
    """Those that were asked do not show yet what the request asked for."""
    FAILED = "failed"
    """Those that were asked did not answer."""


class Counters:
    """Counts of this process since it began. Safe to use from many threads."""

    def __init__(self) -> None:
        self._alone = Lock()
        self._reads = 0
        self._fallbacks: Counter[Why] = Counter()

    def answered(self) -> None:
        """Count an answer of a replica."""
        with self._alone:
            self._reads += 1

    def fell_back(self, why: Why) -> None:
        """Count an answer of the primary in place of a replica's."""
        with self._alone:
            self._fallbacks[why] += 1

    @property
    def reads(self) -> int:
        """Answers of replicas."""
        return self._reads

    @property
    def fallbacks(self) -> Mapping[Why, int]:
        """Answers of the primary in place of a replica's, by the reason."""
        with self._alone:
            return {why: self._fallbacks[why] for why in Why}
