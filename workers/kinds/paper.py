"""Pages from a template: HTML by Jinja, laid out by WeasyPrint. Fetches nothing, runs nothing.

Import it only when pages are made: the libraries take some 40 MB and half a second.
"""

import gc
import traceback
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from threading import Lock
from typing import NoReturn

from jinja2 import Environment, PackageLoader, StrictUndefined
from weasyprint import HTML  # type: ignore[import-untyped]
from weasyprint.urls import URLFetcher  # type: ignore[import-untyped]

from workers.kinds.base import FailedForGoodError
from workers.kinds.wording import direction, figure, when

#: Seconds to wait until another thread has made its pages. They are made one at a time: layout is
#: Python, so two at once would not be sooner, only larger.
_PATIENCE_S = 120.0

_one_at_a_time = Lock()


class BusyError(Exception):
    """Other pages take long; try again later."""


class Nothing(URLFetcher):  # type: ignore[misc]  # WeasyPrint has no types
    """Refuses every URL: our templates name none, so whatever does was smuggled in."""

    def fetch(self, url: str, headers: object = None) -> NoReturn:  # noqa: ARG002  # its signature
        """Refuse.

        Raises:
            ValueError: always; WeasyPrint goes on without what it asked for.
        """
        raise ValueError("nothing is fetched for a document")


@cache
def templates() -> Environment:
    """Return the templates of this package. Values are text, whatever they hold."""
    found = Environment(
        loader=PackageLoader("workers.kinds"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {"direction": direction, "figure": figure, "when": when}
    return found


def make_pages(template: str, values: Mapping[str, object], target: Path) -> None:
    """Write the PDF that a template and its values give to the file `target`.

    Raises:
        FailedForGoodError: the template is not right; the message says where.
        BusyError: other pages took too long.
    """
    text = _filled(template, values)
    if not _one_at_a_time.acquire(timeout=_PATIENCE_S):
        raise BusyError(f"other documents have been laid out for {_PATIENCE_S:.0f} seconds")
    try:
        HTML(string=text, url_fetcher=Nothing()).write_pdf(target)
    finally:
        # The boxes of a layout are circles: left to themselves they make the process larger by
        # a third with each document (measured 2026-11-23: 343 MB after four, 166 MB so).
        gc.collect()
        _one_at_a_time.release()


def _filled(template: str, values: Mapping[str, object]) -> str:
    try:
        return templates().get_template(template).render(values)
    except Exception as error:
        raise FailedForGoodError(f"{_place(template, error)}: {error}") from error


def _place(template: str, error: Exception) -> str:
    """Return where a template went wrong; Jinja writes its own lines into tracebacks."""
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename.endswith(template) or frame.filename == "<template>"
    ]
    line = getattr(error, "lineno", None) or (lines[-1] if lines else None)
    at = f" at line {line}" if line else ""
    return f"the template {template} fails{at} ({type(error).__name__})"
