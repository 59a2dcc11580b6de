"""What differs between two contents, path by path."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from domain.definition.canonical import canonical
from domain.definition.content import Content


class Kind(StrEnum):
    """What became of a part."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    MOVED = "moved"
    """The parts of a list that are in both stand in another order."""


@dataclass(frozen=True)
class Difference:
    """One part that differs. What has its default is not there, so an option may be added."""

    path: str
    """Parts that have names go by them: `steps.finance.condition`."""
    kind: Kind
    old: object = None
    new: object = None

    @property
    def plain(self) -> dict[str, object]:
        """Return it as JSON has it."""
        sides = {Kind.ADDED: ("new",), Kind.REMOVED: ("old",)}.get(self.kind, ("old", "new"))
        return {
            "path": self.path,
            "kind": self.kind.value,
            **{side: getattr(self, side) for side in sides},
        }


def differences(old: Content, new: Content) -> list[Difference]:
    """Return what `new` has otherwise than `old`, in the order of the parts; empty: the same."""
    return list(_compare("", canonical(old), canonical(new)))


def _compare(path: str, old: Any, new: Any) -> Iterator[Difference]:  # noqa: ANN401  # JSON
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _compare_members(path, old, new)
    elif (was := _by_name(old)) is not None and (now := _by_name(new)) is not None:
        yield from _compare_members(path, was, now)
        stayed = [[name for name in one if name in was and name in now] for one in (was, now)]
        if stayed[0] != stayed[1]:
            yield Difference(path, Kind.MOVED, *stayed)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for number, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from _compare(_below(path, str(number)), one, other)
    elif old != new or isinstance(old, bool) is not isinstance(new, bool):
        yield Difference(path, Kind.CHANGED, old, new)


def _compare_members(
    path: str, old: Mapping[str, object], new: Mapping[str, object]
) -> Iterator[Difference]:
    for name in dict.fromkeys((*old, *new)):
        place = _below(path, name)
        if name not in new:
            yield Difference(place, Kind.REMOVED, old=old[name])
        elif name not in old:
            yield Difference(place, Kind.ADDED, new=new[name])
        else:
            yield from _compare(place, old[name], new[name])


def _by_name(parts: object) -> Mapping[str, object] | None:
    """Return the parts of a list by their names; None where not each has one of its own."""
    if not isinstance(parts, Sequence) or isinstance(parts, str) or not parts:
        return None
    names = [part.get("name") if isinstance(part, dict) else None for part in parts]
    if not all(isinstance(name, str) and name for name in names) or len(set(names)) < len(names):
        return None
    return {str(name): part for name, part in zip(names, parts, strict=True)}


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
