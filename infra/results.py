"""Files that background jobs made: kept in a folder under the names of their contents."""

import fcntl
import os
import re
import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from errno import EDQUOT, ENOSPC
from hashlib import sha256
from pathlib import Path
from stat import S_ISREG
from time import time
from typing import BinaryIO

#: Bytes that are copied at once.
_CHUNK = 1 << 20

_DIGEST = re.compile(r"[0-9a-f]{64}")
_FOLDER = re.compile(r"[0-9a-f]{2}")

#: Where files are written before they get their names. What a killed process left there goes with
#: the results of its age.
_UNFINISHED = "unfinished"

#: Whose lock is held by who sweeps, and whose time is that of the last sweep; 0: the next is due.
_SWEPT = "swept"


class MissingResultError(LookupError):
    """There is no result of this digest: it was cleaned away, or never was."""


class NoRoomError(OSError):
    """The disk that keeps the results is full; try again when there is room."""


@dataclass(frozen=True)
class Results:
    """A folder of results, `<2 digits>/<digest>` each. Making this object touches no file.

    Safe to use from many threads and processes of one machine.
    """

    folder: Path

    def keep(self, path: Path) -> tuple[str, int]:
        """Store a copy of the file `path`; return its digest and size.

        The digest is SHA-256 in hexadecimals. When this returns, the copy survives a loss of power.
        Idempotent: a content is stored once, and counts as of the last time it was kept.

        Raises:
            NoRoomError: there is no room for it; nothing is left behind.
        """
        try:
            return self._keep(path)
        except OSError as error:
            if error.errno in (ENOSPC, EDQUOT):
                raise NoRoomError("the disk that keeps the results is full") from error
            raise

    def open(self, digest: str) -> BinaryIO:
        """Return the result, opened at its beginning; who has it open may read it to its end.

        Raises:
            MissingResultError: there is none of this digest.
        """
        if not _DIGEST.fullmatch(digest):
            raise MissingResultError(f"not the name of a result: {digest[:80]!a}")
        try:
            return self._path(digest).open("rb")
        except FileNotFoundError:
            raise MissingResultError(f"there is no result {digest}") from None

    def sweep(self, before: float, keep: Collection[str] = frozenset()) -> int:
        """Remove what was last kept before the instant `before`, in seconds of the epoch.

        Returns how many results went. Those of the digests `keep` stay, whatever their age, and so
        does what is none of ours: links, folders, other names. Safe beside `keep`: what another
        process keeps at this moment stays.

        Raises:
            OSError: the first of what could not be read or removed; the rest was swept.
        """
        gone, trouble = 0, list[OSError]()
        for path in self._files(trouble):
            try:
                if path.name not in keep and self._removed(path, before):
                    gone += path.parent.name != _UNFINISHED
            except OSError as error:
                trouble.append(error)
        if trouble:
            raise trouble[0]
        return gone

    def sweep_in_turn(self, before: Callable[[], float], every_s: float) -> int | None:
        """Do what `sweep` does, once in `every_s` for all processes that share the folder.

        None: it was done since, or another process is at it, or nothing was ever kept here. A sweep
        whose process is killed counts as done; one that fails is due again at once. It needs no
        room on the disk, but for the mark of the first. `before` is asked where it is needed.

        Raises:
            OSError: as for `sweep`. What `before` raises; then nothing is swept.
        """
        if not self.folder.is_dir():
            return None
        with self._mark() as mark:
            try:
                fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return None
            # A clock that was set back keeps nobody from it for longer.
            if abs(time() - os.fstat(mark).st_mtime) < every_s:
                return None
            instant = before()
            os.utime(mark)
            try:
                return self.sweep(instant)
            except OSError:
                os.utime(mark, (0, 0))
                raise

    @contextmanager
    def _mark(self) -> Iterator[int]:
        """Open the mark of sweeps; a new one says that the next is due."""
        path = self.folder / _SWEPT
        try:
            mark = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            os.utime(mark, (0, 0))
        except FileExistsError:
            mark = os.open(path, os.O_RDWR)
        try:
            yield mark
        finally:
            os.close(mark)

    def _removed(self, path: Path, before: float) -> bool:
        if not _is_older(path, before):
            return False
        with self._lock(fcntl.LOCK_EX):
            if is_still := _is_older(path, before):  # it may have been kept since
                path.unlink()
            return is_still

    def _path(self, digest: str) -> Path:
        return self.folder / digest[:2] / digest

    def _files(self, trouble: list[OSError]) -> Iterator[Path]:
        """Give the files that are ours by their places and names; note folders nobody can read."""
        for folder in _entries(self.folder, trouble):
            if not folder.is_dir(follow_symlinks=False):
                continue
            if folder.name == _UNFINISHED:
                yield from (Path(each.path) for each in _entries(folder, trouble))
            elif _FOLDER.fullmatch(folder.name):
                for each in _entries(folder, trouble):
                    if _DIGEST.fullmatch(each.name) and each.name.startswith(folder.name):
                        yield Path(each.path)

    def _keep(self, path: Path) -> tuple[str, int]:
        unfinished = self._made_folder()
        descriptor, name = tempfile.mkstemp(dir=unfinished)  # mode 0600
        copy = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as target, path.open("rb") as source:
                digest, size = _copy(source, target)
            self._publish(copy, digest)
        finally:
            copy.unlink(missing_ok=True)
        return digest, size

    def _made_folder(self) -> Path:
        unfinished = self.folder / _UNFINISHED
        if not unfinished.is_dir():
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            unfinished.mkdir(exist_ok=True, mode=0o700)
            _sync_folder(self.folder.parent)
        return unfinished

    def _publish(self, copy: Path, digest: str) -> None:
        """Give a whole file its name. A file of this name is replaced by its equal."""
        final = self._path(digest)
        final.parent.mkdir(exist_ok=True, mode=0o700)
        _sync_folder(self.folder)
        with self._lock(fcntl.LOCK_SH):
            copy.replace(final)
        _sync_folder(final.parent)

    @contextmanager
    def _lock(self, how: int) -> Iterator[None]:
        """Hold the folder's lock, which nobody holds for longer than one file is renamed."""
        with (self.folder / "lock").open("ab") as file:
            fcntl.flock(file, how)
            yield


def _copy(source: BinaryIO, target: BinaryIO) -> tuple[str, int]:
    digest, size = sha256(), 0
    while chunk := source.read(_CHUNK):
        digest.update(chunk)
        size += target.write(chunk)
    target.flush()
    os.fsync(target.fileno())
    return digest.hexdigest(), size


def _entries(folder: Path | os.DirEntry[str], trouble: list[OSError]) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda each: each.name)
    except FileNotFoundError:
        return []
    except OSError as error:
        trouble.append(error)
        return []


def _is_older(path: Path, before: float) -> bool:
    """Tell whether it is a file, no link to one, and was last kept before the instant."""
    try:
        state = path.lstat()
    except FileNotFoundError:
        return False
    return S_ISREG(state.st_mode) and state.st_mtime < before


def _sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
