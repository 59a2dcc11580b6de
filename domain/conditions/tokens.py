"""A condition's text, cut into tokens."""

import re
from typing import NamedTuple, NoReturn

from domain.errors import Reason, RefusedError
from domain.text import text

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<number>\.?[0-9][\w.]*)
      | (?P<text>r"[^"\n]*" | r'[^'\n]*' | "(?:[^"\\\n]|\\.)*" | '(?:[^'\\\n]|\\.)*')
      | (?P<name>[A-Za-z_]\w*)
      | (?P<sign>&&|\|\||[=!<>]=|[-+*/%<>!?:.,()\[\]])
      | (?P<end>\Z)
    )""",
    re.VERBOSE | re.ASCII,
)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))")
_PLAIN_ESCAPES = {"\\": "\\", '"': '"', "'": "'", "n": "\n", "r": "\r", "t": "\t"}
_LAST_CHARACTER = 0x10FFFF


class Token(NamedTuple):
    """A piece of a condition; `text` of a text token is what it means, without quotes."""

    kind: str
    """`number`, `text`, `name`, `sign` or `end`."""
    text: str
    at: int
    """Its first character, counted from 1."""


def refuse(message: str) -> NoReturn:
    """Refuse a condition; whoever knows its place adds it.

    Raises:
        RefusedError: INVALID.
    """
    raise RefusedError(Reason.INVALID, message)


def tokens(expression: str) -> list[Token]:
    """Cut an expression into tokens, the last of which is its end.

    Raises:
        RefusedError: INVALID, for what begins no token.
    """
    found: list[Token] = []
    at = 0
    while not found or found[-1].kind != "end":
        match = _TOKEN.match(expression, at)
        if match is None:
            rest = expression[at:].lstrip()
            refuse(f"not understood from character {len(expression) - len(rest) + 1} on")
        kind = str(match.lastgroup)
        begin, at = match.span(kind)
        content = match[kind]
        found.append(Token(kind, _meaning(content) if kind == "text" else content, begin + 1))
    return found


def _meaning(quoted: str) -> str:
    if quoted.startswith("r"):
        return quoted[2:-1]
    meaning = _ESCAPE.sub(_unescaped, quoted[1:-1])
    text(meaning, "")
    return meaning


def _unescaped(match: re.Match[str]) -> str:
    if match[3] is None:
        code = int(match[1] or match[2], 16)
        return chr(code) if code <= _LAST_CHARACTER else refuse(f"{match[0]} is no character")
    if match[3] not in _PLAIN_ESCAPES:
        refuse(f'\\{match[3]} is not known in a text; a pattern is better written as r"..."')
    return _PLAIN_ESCAPES[match[3]]
