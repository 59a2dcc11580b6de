"""The program that lays pages out, one paper after another: `workers.kinds.presses` runs it.

A process of its own, because layout may take any time and memory: what it may take, the kernel
sees to. It reads orders, a line of JSON each, and answers each with a line. It ends when nobody
orders anything for long, when whoever does is gone, and after a paper that made it large.
Run by its path, so that it loads WeasyPrint and nothing of ours.
"""

import gc
import json
import logging
import os
import resource
import select
import signal
import sys
from pathlib import Path
from time import process_time
from typing import NoReturn

from weasyprint import HTML  # type: ignore[import-untyped]
from weasyprint.urls import URLFetcher  # type: ignore[import-untyped]

#: Seconds without an order after which it ends: then it is 70 MB that nobody needs.
IDLE_S = 300.0

#: Bytes from which on it ends after a paper: a layout leaves memory behind.
LARGE = 200 << 20

#: Warnings that an answer has, and characters of each: an answer is written in one piece (POSIX,
#: PIPE_BUF).
_WARNINGS, _LONGEST = 5, 200


class Nothing(URLFetcher):  # type: ignore[misc]  # WeasyPrint has no types
    """Refuses every URL: our templates name none, so whatever does was smuggled in."""

    def fetch(self, url: str, headers: object = None) -> NoReturn:  # noqa: ARG002  # its signature
        """Refuse.

        Raises:
            ValueError: always; WeasyPrint goes on without what it asked for.
        """
        raise ValueError("nothing is fetched for a document")


class Kept(logging.Handler):
    """Keeps the first warnings."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it, if there is room."""
        if len(self.texts) < _WARNINGS:
            self.texts.append(ascii(record.getMessage())[:_LONGEST])


def main(cpu_s: int, memory: int) -> None:
    """Serve orders. A paper that takes more than `cpu_s` ends the process."""
    for sign in (signal.SIGINT, signal.SIGTERM):  # they are for who ordered; he ends us
        signal.signal(sign, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    while order := _order():
        limit = int(process_time()) + cpu_s + 1
        resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))
        _say(_made(Path(order["source"]), order["target"]))
        resource.setrlimit(resource.RLIMIT_CPU, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        if _size() > LARGE:
            break


def _size() -> int:
    """Return the bytes that are in memory now (proc(5), statm)."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * resource.getpagesize()


def _order() -> dict[str, str]:
    """Return the next order; empty when there will be none."""
    ready, _, _ = select.select([sys.stdin], [], [], IDLE_S)
    line = sys.stdin.readline() if ready else ""
    return dict(json.loads(line)) if line else {}


def _made(source: Path, target: str) -> dict[str, object]:
    kept = Kept()
    logger = logging.getLogger("weasyprint")
    logger.handlers = [kept]
    try:
        text = source.read_text(encoding="utf-8")
        HTML(string=text, url_fetcher=Nothing()).write_pdf(target)
    except MemoryError:
        return {"memory": True}
    except Exception as error:  # noqa: BLE001  # who ordered tells of it
        return {"error": ascii(f"{type(error).__name__}: {error}")[: 2 * _LONGEST]}
    finally:
        # The boxes of a layout are circles: left to themselves they make the process larger by
        # a third with each document (measured 2026-11-23: 343 MB after four, 166 MB so).
        gc.collect()
    return {"warnings": kept.texts}


def _say(answer: dict[str, object]) -> None:
    os.write(sys.stdout.fileno(), json.dumps(answer).encode() + b"\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
