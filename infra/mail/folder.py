"""Mails as files, where no server is given: what would be sent, to be looked at."""

import os
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4


@dataclass(frozen=True)
class MailFolder:
    """A folder of .eml files, one for each delivery. Made when the first is written."""

    folder: Path

    def put(self, name: str, message: bytes) -> None:
        """Write a message under its delivery's name, whole or not at all. Idempotent.

        Raises:
            OSError: the disk is full, or the folder not ours.
        """
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        unfinished = self.folder / f".{name}.{uuid4().hex}"
        try:
            with unfinished.open("xb") as file:
                file.write(message)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(self.folder / f"{name}.eml")
        finally:
            unfinished.unlink(missing_ok=True)
        _sync(self.folder)


def _sync(folder: Path) -> None:
    """Let the name survive a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
