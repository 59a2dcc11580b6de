"""Pages from a template: HTML by Jinja here, laid out by WeasyPrint in a process of its own."""

import traceback
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from workers.kinds.base import FailedForGoodError
from workers.kinds.presses import Presses
from workers.kinds.wording import direction, figure, moment, printable, when, words


@cache
def presses() -> Presses:
    """Return what lays out the papers of this process."""
    return Presses()


@cache
def templates() -> Environment:
    """Return the templates of this package. Values are text, whatever they hold."""
    found = Environment(
        loader=PackageLoader("workers.kinds"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finished,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {
        "direction": direction,
        "figure": figure,
        "moment": moment,
        "when": when,
        "words": words,
    }
    return found


def make_pages(template: str, values: Mapping[str, object], target: Path) -> None:
    """Write the PDF that a template and its values give to the file `target`.

    Beside it the HTML stays.

    Raises:
        FailedForGoodError: the template is not right, and the message says where; or the pages take
            more than they may.
        LayoutError: the layout went wrong otherwise.
    """
    source = target.with_suffix(".html")
    source.write_text(_filled(template, values), encoding="utf-8")
    presses().lay_out(source, target)


def _finished(value: object) -> object:
    """Return what a template shows for a value. What is markup already was finished before."""
    return printable(value) if type(value) is str else value


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
