"""Folders of attempts at jobs: each is removed when its attempt ends, or its process has ended."""

import fcntl
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from time import time

_PREFIX = "ringi-job-"

#: Folders that are looked at when a process begins, at most: it must not keep it from its work.
MOST_SWEPT = 200

#: Seconds after which a folder without a lock has no owner: between making and locking it are two
#: lines.
UNLOCKED_S = 60.0

logger = logging.getLogger(__name__)


@contextmanager
def new_folder() -> Iterator[Path]:
    """Give an empty folder, removed at the end of the block. A lock shows that its owner lives."""
    with tempfile.TemporaryDirectory(prefix=_PREFIX) as name:
        descriptor = os.open(name, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield Path(name)
        finally:
            os.close(descriptor)


def sweep() -> int:
    """Remove folders whose processes were killed; return how many. Never raises for a folder.

    Safe to call at any time, by any number of processes at once.
    """
    found = Path(tempfile.gettempdir()).glob(f"{_PREFIX}*")
    swept = sum(map(_is_swept, islice(found, MOST_SWEPT)))
    if swept:
        logger.info("removed %d folders of attempts that were killed", swept)
    return swept


def _is_swept(folder: Path) -> bool:
    """Remove a folder of ours that nobody holds; tell whether that was so."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:  # another account's, no folder, or gone
        return False
    try:
        state = os.fstat(descriptor)
        if state.st_uid != os.getuid() or state.st_mtime > time() - UNLOCKED_S:
            return False
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder)
    except OSError:  # its owner lives, or somebody else removes it
        return False
    else:
        return True
    finally:
        os.close(descriptor)
