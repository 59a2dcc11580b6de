"""What a process saw, on disk before it goes on, so that it outlives its own kill -9."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class Journal:
    """Lines of JSON; each is with the kernel when `write` returns."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab", buffering=0)

    def write(self, entry: Any) -> None:
        self._file.write(json.dumps(entry).encode() + b"\n")

    def close(self) -> None:
        self._file.close()


def entries(path: Path) -> Iterator[Any]:
    """Yield the entries; a last line that was cut short does not count."""
    if not path.exists():
        return
    for line in path.read_bytes().split(b"\n")[:-1]:
        yield json.loads(line)


def cut_torn_line(path: Path) -> None:
    """Forget a last line that a kill cut short, before the next process goes on."""
    if path.exists():
        content = path.read_bytes()
        path.write_bytes(content[: content.rfind(b"\n") + 1])
