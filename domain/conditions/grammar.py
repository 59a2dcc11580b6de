"""The grammar of conditions, with the kind of every part: one pass from text to a checked tree."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import NoReturn, TypeVar

from domain.conditions.kinds import (
    NULLABLE,
    NUMBERS,
    SCALE,
    SCALED,
    Kind,
    Variable,
    day_of,
    scaled,
)
from domain.conditions.parts import LOOPS, Part
from domain.conditions.tokens import Token, refuse, tokens

#: Parentheses, `!`, `-` and `?:` within one another, at most. CEL's parser stops at 96 of its own
#: levels, and one of these costs it up to three (tried with cel 0.10.0).
DEEPEST = 30
#: Patterns in one condition, at most: the worst one found (`(\w?){200}x`) takes 0.2 s on a text
#: of full length.
MOST_PATTERNS = 4
#: Questions about all lines in one condition, at most: one takes up to some milliseconds.
MOST_LOOPS = 8
#: Words and signs that a condition has computed for every line, at most: at worst 0.1 s for 2 000.
MOST_LINE_WORDS = 150

_LARGEST_INTEGER = 2**53
_LITERAL = re.compile(r"-?([0-9]{1,12})(?:\.([0-9]{1,6}))?")
_INTEGER = re.compile(r"[0-9]{1,16}")
_EQUALITY = frozenset({"==", "!="})
_RELATIONS = frozenset({"==", "!=", "<", "<=", ">", ">="})
_METHODS = frozenset({"startsWith", "endsWith", "contains", "matches"})
_SCALED_LITERALS = {"decimal": Kind.DECIMAL, "money": Kind.MONEY}
_FUNCTIONS = "size, decimal, money, date, days, sum, count, any, all, least and most"
#: What each loop may be over, and how messages call that.
_LOOPS_OVER: Mapping[str, tuple[Collection[Kind], str]] = {
    "sum": (NUMBERS, "a number"),
    "count": ({Kind.TRUTH}, "true or false"),
    "any": ({Kind.TRUTH}, "true or false"),
    "all": ({Kind.TRUTH}, "true or false"),
    "least": (NUMBERS | {Kind.DATE}, "a number or a date"),
    "most": (NUMBERS | {Kind.DATE}, "a number or a date"),
}
_Parsed = TypeVar("_Parsed")


@dataclass
class Condition:
    """What a condition's text gave."""

    tree: Part = field(init=False)
    names: set[str] = field(default_factory=set)
    """The document's fields and the facts that it reads."""
    patterns: list[str] = field(default_factory=list)


def parse(
    expression: str,
    variables: Mapping[str, Variable],
    kinds: Collection[Kind] = frozenset({Kind.TRUTH}),
) -> Condition:
    """Check an expression wholly; it must be of one of these kinds.

    Raises:
        RefusedError: INVALID, with what is wrong, and no place.
    """
    return _Parser(tokens(expression), variables).condition(kinds)


class _Parser:
    """Recursive descent; a method reads one rule of the grammar, loosest first."""

    def __init__(self, found: list[Token], variables: Mapping[str, Variable]) -> None:
        self._tokens = found
        self._next = 0
        self._depth = 0
        self._variables = variables
        self._line: Mapping[str, Variable] | None = None
        """What a line has, within a loop."""
        self._loops = 0
        self._line_words = 0
        self._condition = Condition()

    def condition(self, kinds: Collection[Kind]) -> Condition:
        whole = self._expression()
        if self._token.kind != "end":
            self._refuse_token("the end")
        if whole.kind not in kinds:
            wanted = " or ".join(kind for kind in Kind if kind in kinds)
            called = "a condition is" if Kind.TRUTH in kinds else "what is wanted here is"
            refuse(f"{called} {wanted}, this is {whole.kind}")
        self._condition.tree = whole
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
        return _of("?:", then.kind, asked, then, otherwise)

    def _logical(self, sign: str, operand: Callable[[], Part]) -> Part:
        left = operand()
        while self._take(sign):
            right = operand()
            for side in (left, right):
                _require(side, Kind.TRUTH, f"each side of {sign}")
            left = _of(sign, Kind.TRUTH, left, right)
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
        return _of(sign, Kind.TRUTH, left, right)

    def _is_empty(self, left: Part, sign: str) -> Part:
        if left.kind not in NULLABLE or left.op != "read":
            refuse(
                "only a field that is a number, a date, or true or false can be null; "
                'an empty text is ""'
            )
        empty = replace(left, op="empty", kind=Kind.TRUTH, decimals=0)
        return empty if sign == "==" else _of("!", Kind.TRUTH, empty)

    def _membership(self, left: Part) -> Part:
        self._expect("[")
        elements = [self._element(left)]
        while self._take(","):
            elements.append(self._element(left))
        self._expect("]")
        return _of("in", Kind.TRUTH, left, *elements)

    def _element(self, left: Part) -> Part:
        element = self._deeper(self._expression)
        _require_same(left, element, "in")
        return element

    def _sum(self) -> Part:
        left = self._product()
        while sign := self._take("+", "-"):
            right = self._product()
            _require_same(left, right, sign)
            _require_number(left, f"each side of {sign}")
            left = _of(sign, left.kind, left, right)
        return left

    def _product(self) -> Part:
        left = self._unary()
        while sign := self._take("*", "/", "%"):
            right = self._unary()
            for side in (left, right):
                _require_number(side, f"each side of {sign}")
            kind = _product_kind(left, sign, right)
            left = Part(sign, kind, (left, right), decimals=left.decimals + right.decimals)
        return left

    def _unary(self) -> Part:
        if self._take("!"):
            denied = self._deeper(self._unary)
            _require(denied, Kind.TRUTH, "what stands after !")
            return _of("!", Kind.TRUTH, denied)
        if self._take("-"):
            negated = self._deeper(self._unary)
            _require_number(negated, "what stands after -")
            return _of("negative", negated.kind, negated)
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
            if method == "matches":
                part = Part(method, Kind.TRUTH, (part,), self._pattern())
            else:
                part = _of(method, Kind.TRUTH, part, self._argument(method, Kind.TEXT))
            self._expect(")")
        return part

    def _argument(self, function: str, kind: Kind) -> Part:
        argument = self._deeper(self._expression)
        _require(argument, kind, f"the argument of {function}")
        return argument

    def _pattern(self) -> str:
        token = self._literal_text('matches takes a pattern in quotes, as in matches(r"[A-Z]+")')
        if self._line is not None:
            refuse("matches is not asked of every line: give the field of the line a pattern")
        self._condition.patterns.append(token)
        if len(self._condition.patterns) > MOST_PATTERNS:
            refuse(f"a condition has at most {MOST_PATTERNS} patterns")
        return token

    def _primary(self) -> Part:
        token = self._token
        if token.kind == "end" or (token.kind == "sign" and token.text != "("):
            self._refuse_token("a value")
        self._next += 1
        match token.kind:
            case "number":
                return Part("literal", Kind.INTEGER, value=_integer(token.text))
            case "text":
                return Part("literal", Kind.TEXT, value=token.text)
            case "name":
                return self._named(token)
        inner = self._deeper(self._expression)
        self._expect(")")
        return _of("()", inner.kind, inner)

    def _named(self, token: Token) -> Part:
        name = token.text
        if name in {"true", "false"}:
            return Part("literal", Kind.TRUTH, value=name == "true")
        if name == "null":
            refuse("null stands only on the right of == and !=")
        if self._token.kind == "sign" and self._token.text == "(":
            return self._call(name)
        if self._line is not None and name in self._line:
            return _read(name, self._line[name], of_line=True)
        found = self._variables.get(name)
        if found is None:
            refuse(f"no field is called {name} (character {token.at})")
        if found.kind == Kind.LINES:
            refuse(f"{name} is lines: sum, count, any, all, least and most ask about all of them")
        self._condition.names.add(found.currency_of or name)
        return _read(name, found, of_line=False)

    def _call(self, function: str) -> Part:
        self._expect("(")
        if function == "size":
            part = _of(function, Kind.INTEGER, self._argument(function, Kind.TEXT))
        elif function == "days":
            first = self._argument(function, Kind.DATE)
            self._expect(",")
            part = _of(function, Kind.INTEGER, first, self._argument(function, Kind.DATE))
        elif function == "date":
            part = self._date_literal()
        elif function in _SCALED_LITERALS:
            part = self._scaled_literal(function)
        elif function in LOOPS:
            part = self._loop(function)
        else:
            refuse(f"there is no function {function}; there are {_FUNCTIONS}")
        self._expect(")")
        return part

    def _loop(self, function: str) -> Part:
        token = self._token
        found = self._variables.get(token.text)
        if token.kind != "name" or found is None or found.kind != Kind.LINES:
            refuse(f"{function} takes a field of kind lines first (character {token.at})")
        if self._line is not None:
            refuse(f"{function} is not asked of lines within lines (character {token.at})")
        self._loops += 1
        if self._loops > MOST_LOOPS:
            refuse(f"a condition asks about all lines at most {MOST_LOOPS} times")
        self._next += 1
        self._condition.names.add(token.text)
        if function == "count" and self._token.text != ",":
            return Part(function, Kind.INTEGER, value=token.text)
        self._expect(",")
        element = self._of_each_line(function, found.columns)
        kind = Kind.INTEGER if function == "count" else element.kind
        return replace(_of(function, kind, element), value=token.text)

    def _of_each_line(self, function: str, columns: Mapping[str, Variable]) -> Part:
        self._line, begin = columns, self._next
        element = self._deeper(self._expression)
        self._line = None
        self._line_words += self._next - begin
        if self._line_words > MOST_LINE_WORDS:
            refuse(
                f"what a condition asks of each line has at most {MOST_LINE_WORDS} words and signs"
            )
        kinds, wanted = _LOOPS_OVER[function]
        if element.kind not in kinds:
            refuse(f"what {function} asks of each line is {wanted}, not {element.kind}")
        return element

    def _date_literal(self) -> Part:
        found = self._literal_text('date takes a day in quotes, as date("2026-11-23")')
        day = day_of(found)
        if day is None:
            refuse(f'date("{found}") is no day of the calendar, as date("2026-11-23")')
        return Part("literal", Kind.DATE, value=day)

    def _scaled_literal(self, function: str) -> Part:
        found = self._literal_text(f'{function} takes a number in quotes, as {function}("2.5")')
        match = _LITERAL.fullmatch(found)
        if not match:
            refuse(
                f'{function}("{found}") is no number with at most 12 digits before the point and '
                f"{SCALE} after it"
            )
        return Part(
            "literal",
            _SCALED_LITERALS[function],
            value=scaled(Decimal(found)),
            decimals=len((match[2] or "").rstrip("0")),
        )

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


def _of(op: str, kind: Kind, *parts: Part) -> Part:
    """Return a part of others; its values have as many decimals as any of theirs of its kind."""
    decimals = max(part.decimals for part in parts) if kind in SCALED else 0
    return Part(op, kind, parts, decimals=decimals)


def _read(name: str, variable: Variable, *, of_line: bool) -> Part:
    if variable.currency_of:
        return Part("currency", Kind.TEXT, value=variable.currency_of, of_line=of_line)
    return Part("read", variable.kind, value=name, decimals=variable.decimals, of_line=of_line)


def _integer(digits: str) -> int:
    if not _INTEGER.fullmatch(digits):
        refuse(f'{digits} is no integer below 2**53; a decimal is written decimal("2.5")')
    if int(digits) > _LARGEST_INTEGER:
        refuse(f"{digits} is larger than 2**53")
    return int(digits)


def _product_kind(left: Part, sign: str, right: Part) -> Kind:
    kinds = {left.kind, right.kind}
    if kinds == {Kind.INTEGER}:
        return Kind.INTEGER
    if sign != "*":
        refuse(f"{sign} is between integers only: multiply the other side instead")
    if left.kind == right.kind == Kind.MONEY:
        refuse("money times money is no money: one side of * is an integer or a decimal")
    if left.decimals + right.decimals > SCALE:
        refuse(
            f"a product has at most {SCALE} decimals, these sides have {left.decimals} and "
            f"{right.decimals}"
        )
    return Kind.MONEY if Kind.MONEY in kinds else Kind.DECIMAL


def _require(part: Part, kind: Kind, what: str) -> None:
    if part.kind != kind:
        refuse(f"{what} is {kind}, not {part.kind}")


def _require_number(part: Part, what: str) -> None:
    if part.kind not in NUMBERS:
        refuse(f"{what} is a number, not {part.kind}")


def _require_same(left: Part, right: Part, sign: str) -> None:
    if left.kind != right.kind:
        refuse(f"both sides of {sign} are of one kind, not {left.kind} and {right.kind}")
