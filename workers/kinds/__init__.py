"""The kinds of background jobs: each is a function from what was asked to a file.

Only `workers` may import this package. Invariant: a kind has no effect but the file it returns, so
it may be run again at any time.
Read `base` first; `KINDS` is the one table of them.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import cast

from workers.kinds.base import Kind, Made, Work


def later(module: str, function: str) -> Kind:
    """Return the kind that a module's function is, imported when a job of it first runs.

    What a kind is made with may take more memory than all else in the process.
    """

    def kind(work: Work) -> Made | None:
        return cast("Kind", getattr(import_module(module), function))(work)

    return kind


KINDS: Mapping[str, Kind] = {
    "pdf": later("workers.kinds.pdf", "make_pdf"),
    "export": later("workers.kinds.export", "make_export"),
}
