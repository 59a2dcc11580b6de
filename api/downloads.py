"""Files on their way to clients: so many at once, for each keeps a thread as long as it is read."""

from collections.abc import Iterator
from threading import Lock
from typing import BinaryIO
from weakref import WeakSet

from api.problems import ApiError, Fault

#: Bytes that are read and sent at once.
_CHUNK = 64 << 10


class Download:
    """The rest of a file, in pieces. Whoever takes it closes it (PEP 3333)."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def __iter__(self) -> Iterator[bytes]:
        while piece := self._file.read(_CHUNK):
            yield piece

    @property
    def is_over(self) -> bool:
        """Whether nothing more of it is sent."""
        return self._file.closed

    def close(self) -> None:
        """Close the file. Idempotent."""
        self._file.close()


class Downloads:
    """Lets half of a process's threads send files, so that the others answer who asks."""

    def __init__(self, threads: int) -> None:
        self._most = max(1, threads // 2)
        self._begun: WeakSet[Download] = WeakSet()
        self._lock = Lock()

    def begin(self, file: BinaryIO) -> Download:
        """Return the file as a download; it is closed by whoever takes that.

        Raises:
            ApiError: TOO_MANY_DOWNLOADS; the file is closed.
        """
        with self._lock:
            if sum(not each.is_over for each in self._begun) < self._most:
                download = Download(file)
                self._begun.add(download)
                return download
        file.close()
        raise ApiError(Fault.TOO_MANY_DOWNLOADS, "others are downloading: ask again in a moment")
