"""The grammar of conditions, with the kind of every part: one pass from text to CEL.

What passes is written anew, names and literals included, so CEL meets only what was checked here.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import NoReturn, TypeVar

from domain.conditions.tokens import Token, refuse, tokens

#: Decimals and money are integers in units of 10 to the power of minus this.
SCALE = 6
#: Parentheses, `!`, `-` and `?:` within one another, at most. CEL's parser stops at 96 of its own
#: levels, and one of these costs it up to two (tried with cel 0.10.0).
DEEPEST = 30
#: Patterns in one condition, at most: the worst one found (`(\w?){200}x`) takes 0.2 s on a text
#: of full length.
MOST_PATTERNS = 4

_LARGEST_INTEGER = 2**53
_LITERAL = re.compile(r"-?([0-9]{1,12})(?:\.([0-9]{1,6}))?")
_INTEGER = re.compile(r"[0-9]{1,16}")
_EQUALITY = frozenset({"==", "!="})
_RELATIONS = frozenset({"==", "!=", "<", "<=", ">", ">="})
_METHODS = frozenset({"startsWith", "endsWith", "contains", "matches"})
_Parsed = TypeVar("_Parsed")


class Kind(StrEnum):
    """What a part of a condition is; the value is how messages call it."""

    TRUTH = "true or false"
    TEXT = "a text"
    INTEGER = "an integer"
    DECIMAL = "a decimal"
    MONEY = "an amount of money"


_NUMBERS = frozenset({Kind.INTEGER, Kind.DECIMAL, Kind.MONEY})
_SCALED = {"decimal": Kind.DECIMAL, "money": Kind.MONEY}


@dataclass(frozen=True)
class Part:
    """A checked part of a condition, as CEL is to read it."""

    kind: Kind
    cel: str
    name: str = ""
    """The variable, where the part is nothing else."""


@dataclass
class Condition:
    """What a condition's text gave."""

    cel: str = ""
    names: set[str] = field(default_factory=set)
    """The variables it reads."""
    patterns: list[str] = field(default_factory=list)


def variable(name: str) -> str:
    """Return the CEL variable with the value of a field; no word of CEL begins like this."""
    return f"v_{name}"


def emptiness(name: str) -> str:
    """Return the CEL variable that tells whether a number is empty."""
    return f"e_{name}"


def scaled(number: Decimal) -> int:
    """Return a number of at most `SCALE` decimals as an integer."""
    return int(number.scaleb(SCALE))


def parse(expression: str, variables: Mapping[str, Kind]) -> Condition:
    """Check an expression wholly and write it as CEL.

    Raises:
        RefusedError: INVALID, with what is wrong, and no place.
    """
    return _Parser(tokens(expression), variables).condition()


def _quoted(text: str) -> str:
    plain = (c if c.isascii() and c.isalnum() else f"\\U{ord(c):08x}" for c in text)
    return f'"{"".join(plain)}"'


class _Parser:
    """Recursive descent; a method reads one rule of the grammar, loosest first."""

    def __init__(self, found: list[Token], variables: Mapping[str, Kind]) -> None:
        self._tokens = found
        self._next = 0
        self._depth = 0
        self._variables = variables
        self._condition = Condition()

    def condition(self) -> Condition:
        whole = self._expression()
        if self._token.kind != "end":
            self._refuse_token("the end")
        if whole.kind != Kind.TRUTH:
            refuse(f"a condition is true or false, this is {whole.kind}")
        self._condition.cel = whole.cel
        return self._condition

    def _expression(self) -> Part:
        asked = self._logical("||", lambda: self._logical("&&", self._relation))
        if not self._take("?"):
            return asked
        _require(asked, Kind.TRUTH, "what stands before ?")
        then = self._deeper(self._expression)
        self._expect(":")
        otherwise = self._deeper(self._expression)
        if then.kind != otherwise.kind:
            refuse(f"both sides of : are of one kind, not {then.kind} and {otherwise.kind}")
        return Part(then.kind, f"({asked.cel} ? {then.cel} : {otherwise.cel})")

    def _logical(self, sign: str, operand: Callable[[], Part]) -> Part:
        left = operand()
        while self._take(sign):
            right = operand()
            for side in (left, right):
                _require(side, Kind.TRUTH, f"each side of {sign}")
            left = Part(Kind.TRUTH, f"{left.cel} {sign} {right.cel}")
        return left

    def _relation(self) -> Part:
        left = self._sum()
        sign = self._token.text
        if self._token.kind == "name" and sign == "in":
            self._next += 1
            return self._membership(left)
        if self._token.kind != "sign" or sign not in _RELATIONS:
            return left
        self._next += 1
        if sign in _EQUALITY and self._take("null"):
            return self._is_empty(left, sign)
        right = self._sum()
        _require_same(left, right, sign)
        if left.kind == Kind.TRUTH and sign not in _EQUALITY:
            refuse(f"{sign} does not order true and false")
        return Part(Kind.TRUTH, f"{left.cel} {sign} {right.cel}")

    def _is_empty(self, left: Part, sign: str) -> Part:
        if left.kind not in _NUMBERS or not left.name:
            refuse('only a field that is a number can be null; an empty text is ""')
        return Part(Kind.TRUTH, f"{'!' if sign == '!=' else ''}{emptiness(left.name)}")

    def _membership(self, left: Part) -> Part:
        self._expect("[")
        elements = [self._element(left)]
        while self._take(","):
            elements.append(self._element(left))
        self._expect("]")
        return Part(Kind.TRUTH, f"{left.cel} in [{', '.join(elements)}]")

    def _element(self, left: Part) -> str:
        element = self._deeper(self._expression)
        _require_same(left, element, "in")
        return element.cel

    def _sum(self) -> Part:
        left = self._product()
        while sign := self._take("+", "-"):
            right = self._product()
            _require_same(left, right, sign)
            _require_number(left, f"each side of {sign}")
            left = Part(left.kind, f"{left.cel} {sign} {right.cel}")
        return left

    def _product(self) -> Part:
        left = self._unary()
        while sign := self._take("*", "/", "%"):
            right = self._unary()
            for side in (left, right):
                _require_number(side, f"each side of {sign}")
            left = Part(
                _product_kind(left.kind, sign, right.kind), f"{left.cel} {sign} {right.cel}"
            )
        return left

    def _unary(self) -> Part:
        if self._take("!"):
            denied = self._deeper(self._unary)
            _require(denied, Kind.TRUTH, "what stands after !")
            return Part(Kind.TRUTH, f"!{denied.cel}")
        if self._take("-"):
            negated = self._deeper(self._unary)
            _require_number(negated, "what stands after -")
            # Not `-x`: cel 0.10.0 negates the least integer to itself in silence.
            return Part(negated.kind, f"(0 - {negated.cel})")
        return self._member()

    def _member(self) -> Part:
        part = self._primary()
        while self._take("."):
            method = self._token.text
            if method not in _METHODS:
                self._refuse_token("startsWith, endsWith, contains or matches")
            self._next += 1
            _require(part, Kind.TEXT, f"what .{method} is asked of")
            self._expect("(")
            argument = self._pattern() if method == "matches" else self._text_argument(method)
            self._expect(")")
            part = Part(Kind.TRUTH, f"{part.cel}.{method}({argument})")
        return part

    def _text_argument(self, function: str) -> str:
        argument = self._deeper(self._expression)
        _require(argument, Kind.TEXT, f"the argument of {function}")
        return argument.cel

    def _pattern(self) -> str:
        token = self._literal_text('matches takes a pattern in quotes, as in matches(r"[A-Z]+")')
        self._condition.patterns.append(token)
        if len(self._condition.patterns) > MOST_PATTERNS:
            refuse(f"a condition has at most {MOST_PATTERNS} patterns")
        return _quoted(token)

    def _primary(self) -> Part:
        token = self._token
        if token.kind == "end" or (token.kind == "sign" and token.text != "("):
            self._refuse_token("a value")
        self._next += 1
        match token.kind:
            case "number":
                return Part(Kind.INTEGER, _integer(token.text))
            case "text":
                return Part(Kind.TEXT, _quoted(token.text))
            case "name":
                return self._named(token)
        inner = self._deeper(self._expression)
        self._expect(")")
        return Part(inner.kind, f"({inner.cel})")

    def _named(self, token: Token) -> Part:
        if token.text in {"true", "false"}:
            return Part(Kind.TRUTH, token.text)
        if token.text == "null":
            refuse("null stands only on the right of == and !=")
        if self._token.kind == "sign" and self._token.text == "(":
            return self._call(token.text)
        if token.text not in self._variables:
            refuse(f"no field is called {token.text} (character {token.at})")
        self._condition.names.add(token.text)
        return Part(self._variables[token.text], variable(token.text), token.text)

    def _call(self, function: str) -> Part:
        self._expect("(")
        if function == "size":
            # Not CEL's `size`: cel 0.10.0 counts the bytes of a text in UTF-8.
            part = Part(Kind.INTEGER, f"length({self._text_argument(function)})")
        elif function in _SCALED:
            part = self._scaled_literal(function)
        else:
            refuse(f"there is no function {function}; there are size, decimal and money")
        self._expect(")")
        return part

    def _scaled_literal(self, function: str) -> Part:
        found = self._literal_text(f'{function} takes a number in quotes, as {function}("2.5")')
        if not _LITERAL.fullmatch(found):
            refuse(
                f'{function}("{found}") is no number with at most 12 digits before the point and '
                f"{SCALE} after it"
            )
        return Part(_SCALED[function], f"({scaled(Decimal(found))})")

    def _literal_text(self, otherwise: str) -> str:
        token = self._token
        if token.kind != "text":
            refuse(otherwise)
        self._next += 1
        return token.text

    @property
    def _token(self) -> Token:
        return self._tokens[self._next]

    def _take(self, *expected: str) -> str:
        """Step over the next token if it is one of these, and return it; else return ""."""
        token = self._token
        if token.kind in {"sign", "name"} and token.text in expected:
            self._next += 1
            return token.text
        return ""

    def _expect(self, expected: str) -> None:
        if not self._take(expected):
            self._refuse_token(expected)

    def _refuse_token(self, expected: str) -> NoReturn:
        token = self._token
        found = "the end" if token.kind == "end" else token.text
        refuse(f"{expected} is expected at character {token.at}, not {found}")

    def _deeper(self, rule: Callable[[], _Parsed]) -> _Parsed:
        self._depth += 1
        if self._depth > DEEPEST:
            refuse(f"more than {DEEPEST} levels within one another")
        found = rule()
        self._depth -= 1
        return found


def _integer(digits: str) -> str:
    if not _INTEGER.fullmatch(digits):
        refuse(f'{digits} is no integer below 2**53; a decimal is written decimal("2.5")')
    if int(digits) > _LARGEST_INTEGER:
        refuse(f"{digits} is larger than 2**53")
    return str(int(digits))


def _product_kind(left: Kind, sign: str, right: Kind) -> Kind:
    if left == right == Kind.INTEGER:
        return Kind.INTEGER
    if sign != "*":
        refuse(f"{sign} is between integers only: multiply the other side instead")
    if Kind.INTEGER not in {left, right}:
        refuse(f"one side of * is an integer, not {left} and {right}")
    return right if left == Kind.INTEGER else left


def _require(part: Part, kind: Kind, what: str) -> None:
    if part.kind != kind:
        refuse(f"{what} is {kind}, not {part.kind}")


def _require_number(part: Part, what: str) -> None:
    if part.kind not in _NUMBERS:
        refuse(f"{what} is a number, not {part.kind}")


def _require_same(left: Part, right: Part, sign: str) -> None:
    if left.kind != right.kind:
        refuse(f"both sides of {sign} are of one kind, not {left.kind} and {right.kind}")
