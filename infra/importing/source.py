"""A log's bytes: a file, plain or gzip, read piece by piece."""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

#: The first two bytes of every gzip file (RFC 1952, section 2.3.1).
_GZIP = b"\x1f\x8b"


class DamagedFileError(Exception):
    """The compressed file is broken or ends too early."""


@dataclass(frozen=True)
class Source:
    """A log file that is open."""

    size: int
    """Bytes of the file as it lies there; 0 where that is not known, as of a pipe."""
    _file: BinaryIO
    _content: BinaryIO

    @property
    def done(self) -> int:
        """How many bytes of the file were read."""
        return self._file.tell() if self.size else 0

    def read(self, most_bytes: int) -> bytes:
        """Return the next bytes of the content, decompressed; none at its end.

        Raises:
            DamagedFileError: the compressed file is broken or truncated.
        """
        try:
            return self._content.read(most_bytes)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise DamagedFileError(f"the compressed file is damaged: {error}") from error


@contextmanager
def opened(path: Path) -> Iterator[Source]:
    """Open a log for reading; its first bytes tell whether it is compressed."""
    with path.open("rb") as file:
        size = path.stat().st_size if file.seekable() else 0
        if file.peek(len(_GZIP))[: len(_GZIP)] == _GZIP:
            with gzip.GzipFile(fileobj=file) as content:
                yield Source(size, file, content)  # type: ignore[arg-type]  # a GzipFile reads bytes
        else:
            yield Source(size, file, file)
