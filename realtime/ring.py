"""The newest rows of one lane, in memory."""

from collections import deque
from collections.abc import Iterator
from itertools import islice

from realtime.row import Row

#: What a row takes beside its body: objects and their topics (measured: 600 to 1100).
_ROW_BYTES = 1000


class Ring:
    """A lane's rows without a hole, up to its head; the oldest go when a bound is reached.

    Every row after `floor` up to `head` is here.
    """

    def __init__(self, head: int, max_rows: int, max_bytes: int) -> None:
        self.head = head
        """The newest seq that was told; 0 before the first."""
        self._max_rows = max_rows
        self._max_bytes = max_bytes
        self._bytes = 0
        self._rows: deque[Row] = deque()

    @property
    def floor(self) -> int:
        """The seq before the oldest row here."""
        return self.head - len(self._rows)

    def append(self, row: Row) -> None:
        """Add the row that follows the head.

        Raises:
            ValueError: It does not follow the head.
        """
        if row.seq != self.head + 1:
            raise ValueError(f"{row.seq} does not follow {self.head}")
        self.head = row.seq
        self._rows.append(row)
        self._bytes += len(row.body) + _ROW_BYTES
        while len(self._rows) > self._max_rows or self._bytes > self._max_bytes:
            self._bytes -= len(self._rows.popleft().body) + _ROW_BYTES

    def after(self, seq: int) -> Iterator[Row]:
        """Return the rows that follow `seq`, which is not below the floor, oldest first."""
        return islice(self._rows, max(0, seq - self.floor), None)
