"""A checked condition, written as CEL: names and literals anew, so CEL meets only what was checked.

The grammars bind alike, so a part needs no parentheses but those that were written.
"""

from collections.abc import Callable, Mapping

from domain.conditions.kinds import SCALE, SCALED, currency_name
from domain.conditions.parts import LOOPS, Part, row_of


def variable(name: str) -> str:
    """Return the CEL variable with the value of a field; no word of CEL begins like this."""
    return f"v_{name}"


def emptiness(name: str) -> str:
    """Return the CEL variable that tells whether a field is empty."""
    return f"e_{name}"


def loop_variable(number: int) -> str:
    """Return the CEL variable with the outcome of a loop, counted from 0."""
    return f"l_{number}"


def cel_text(tree: Part) -> tuple[str, list[Part]]:
    """Return a condition as CEL, and its loops, each of which is a variable there."""
    loops: list[Part] = []
    return _written(tree, loops), loops


def _written(part: Part, loops: list[Part]) -> str:
    if part.op in LOOPS:
        loops.append(part)
        return loop_variable(len(loops) - 1)
    first, row = row_of(part)
    if not row:
        return _one(part, [_written(each, loops) for each in part.parts])
    text = _written(first, loops)
    for each in row:
        text = _one(each, [text, _written(each.parts[1], loops)])
    return text


def _one(part: Part, inner: list[str]) -> str:
    write = _WRITERS.get(part.op)
    return write(part, inner) if write else f" {part.op} ".join(inner)


def _literal(part: Part, _: list[str]) -> str:
    if isinstance(part.value, bool):
        return str(part.value).lower()
    if isinstance(part.value, int):
        return f"({part.value})" if part.value < 0 else str(part.value)
    return _quoted(part.value)


def _quoted(text: str) -> str:
    plain = (c if c.isascii() and c.isalnum() else f"\\U{ord(c):08x}" for c in text)
    return f'"{"".join(plain)}"'


def _product(part: Part, inner: list[str]) -> str:
    """Multiply two scaled numbers by the digits that they can have: only the product overflows."""
    left, right = part.parts
    if not (left.kind in SCALED and right.kind in SCALED):
        return " * ".join(inner)
    first = _divided(inner[0], SCALE - left.decimals)
    second = _divided(inner[1], SCALE - right.decimals)
    second = second if second is inner[1] else f"({second})"
    rest = 10 ** (SCALE - left.decimals - right.decimals)
    return f"{first} * {second} * {rest}"


def _divided(text: str, places: int) -> str:
    return f"{text} / {10**places}" if places else text


_WRITERS: Mapping[str, Callable[[Part, list[str]], str]] = {
    "literal": _literal,
    "read": lambda part, _: variable(str(part.value)),
    "currency": lambda part, _: variable(currency_name(str(part.value))),
    "empty": lambda part, _: emptiness(str(part.value)),
    "()": lambda _, inner: f"({inner[0]})",
    "!": lambda _, inner: f"!{inner[0]}",
    # Not `-x`: cel 0.10.0 negates the least integer to itself in silence.
    "negative": lambda _, inner: f"(0 - {inner[0]})",
    "*": _product,
    "?:": lambda _, inner: f"({inner[0]} ? {inner[1]} : {inner[2]})",
    "in": lambda _, inner: f"{inner[0]} in [{', '.join(inner[1:])}]",
    "days": lambda _, inner: f"({inner[1]} - {inner[0]})",
    # Not CEL's `size`: cel 0.10.0 counts the bytes of a text in UTF-8.
    "size": lambda _, inner: f"length({inner[0]})",
    "startsWith": lambda _, inner: f"{inner[0]}.startsWith({inner[1]})",
    "endsWith": lambda _, inner: f"{inner[0]}.endsWith({inner[1]})",
    "contains": lambda _, inner: f"{inner[0]}.contains({inner[1]})",
    "matches": lambda part, inner: f"{inner[0]}.matches({_quoted(str(part.value))})",
}
