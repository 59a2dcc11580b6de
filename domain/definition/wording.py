"""Checks that every part of a definition is under: its label, its name, how many there may be."""

from collections.abc import Iterable, Iterator, Sequence

from domain.errors import findings_of
from domain.findings import Finding
from domain.names import NAME_FORM, is_name
from domain.text import text

#: Characters of a label or a choice, at most.
LONGEST_LABEL = 200


def check_label(label: str, place: str) -> Iterator[Finding]:
    """Find what a label cannot be."""
    yield from findings_of(lambda: text(label, place))
    if len(label) > LONGEST_LABEL:
        yield Finding(place, f"at most {LONGEST_LABEL} characters, not {len(label)}")


def check_count(
    parts: Sequence[object], fewest: int, most: int, place: str, whole: str = "a definition"
) -> Iterator[Finding]:
    """Find too few or too many parts."""
    if not fewest <= len(parts) <= most:
        yield Finding(place, f"{whole} has {fewest} to {most} of these, not {len(parts)}")


def check_names(names: Iterable[str], place: str) -> Iterator[Finding]:
    """Find names that are none, or are there twice in one list."""
    seen: set[str] = set()
    for number, name in enumerate(names):
        yield from check_name(name, seen, f"{place}.{number}.name")


def check_name(name: str, seen: set[str], place: str) -> Iterator[Finding]:
    """Find what is no name, or is among those that were seen; `name` is from now on."""
    if not is_name(name):
        yield Finding(place, f"a name is {NAME_FORM}")
    elif name in seen:
        yield Finding(place, f"{name} is there twice")
    seen.add(name)
