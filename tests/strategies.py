"""What tests draw: field values as clients send them, and conditions with their meaning."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from fractions import Fraction

from hypothesis import strategies as st

from domain.definition.content import Content, Field, FieldKind, LineField

#: What a part of a condition means for the values of the fields; numbers are fractions.
Meaning = Callable[[Mapping[str, object]], object]
#: A part of a condition: its text and its meaning.
Part = tuple[str, Meaning]

FIELDS = (
    Field("title", FieldKind.TEXT),
    Field("kind", FieldKind.CHOICE, choices=("goods", "travel")),
    Field("buyer", FieldKind.PERSON),
    Field("days", FieldKind.INTEGER),
    Field("nights", FieldKind.INTEGER),
    Field("share", FieldKind.DECIMAL, decimals=6),
    Field("rate", FieldKind.DECIMAL, decimals=3),
    Field("cost", FieldKind.MONEY, decimals=6),
    Field("budget", FieldKind.MONEY, decimals=0),
    Field("due", FieldKind.DATE),
    Field("begun", FieldKind.DATE),
    Field("urgent", FieldKind.TRUTH),
    Field(
        "items",
        FieldKind.LINES,
        fields=(
            LineField("pieces", FieldKind.INTEGER),
            LineField("weight", FieldKind.DECIMAL),
            LineField("price", FieldKind.MONEY),
            LineField("title", FieldKind.TEXT),  # as one of the document's
            LineField("on", FieldKind.DATE),
            LineField("checked", FieldKind.TRUTH),
        ),
    ),
)
CONTENT = Content(fields=FIELDS, steps=())


class UndecidedError(Exception):
    """A condition turns on what is empty, or on a number beyond 64 bits, or divides by zero."""


def decimals(places: int = 6) -> st.SearchStrategy[str]:
    """Draw the text of a number with at most so many decimals, below 10**12."""
    largest = 10 ** (12 + places) - 1
    units = st.integers(-largest, largest) | st.integers(-3, 3)
    return units.map(lambda number: _fixed(number, places))


def _fixed(units: int, places: int) -> str:
    digits = str(abs(units)).rjust(places + 1, "0")
    whole, fraction = digits[: len(digits) - places], digits[len(digits) - places :]
    return ("-" if units < 0 else "") + whole + (f".{fraction}" if places else "")


def texts() -> st.SearchStrategy[str]:
    """Draw texts that can be stored, short ones of few letters among them."""
    storable = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
    return st.text("abÄ😀\"'\\", max_size=3) | st.text(storable, max_size=20)


def days() -> st.SearchStrategy[str]:
    """Draw dates, near ones among them."""
    near = st.integers(-3, 3).map(lambda n: date(2026, 11, 23) + timedelta(n))
    return (near | st.dates()).map(date.isoformat)


def raw_values(fields: tuple[LineField, ...] = FIELDS) -> st.SearchStrategy[dict[str, object]]:
    """Draw values as clients send them, empty and absent ones among them."""
    return st.fixed_dictionaries(
        {}, optional={field.name: st.none() | _RAW[field.kind](field) for field in fields}
    )


_RAW: Mapping[FieldKind, Callable[[Field], st.SearchStrategy[object]]] = {
    FieldKind.TEXT: lambda _: texts(),
    FieldKind.INTEGER: lambda _: st.integers(-9, 9) | st.integers(-(2**53), 2**53),
    FieldKind.DECIMAL: lambda field: decimals(field.decimals),
    FieldKind.MONEY: lambda field: st.fixed_dictionaries(
        {"amount": decimals(field.decimals), "currency": st.sampled_from(["EUR", "USD"])}
    ),
    FieldKind.CHOICE: lambda field: st.sampled_from(field.choices),
    FieldKind.PERSON: lambda _: st.sampled_from(["ann", "bob"]),
    FieldKind.ROLE: lambda _: st.sampled_from(["finance", "clerk"]),
    FieldKind.DATE: lambda _: days(),
    FieldKind.TRUTH: lambda _: st.booleans(),
    FieldKind.LINES: lambda field: st.lists(raw_values(field.fields), max_size=4),
}


def conditions() -> st.SearchStrategy[Part]:
    """Draw conditions over `FIELDS` that pass the check, each with its meaning."""
    leaves = st.one_of(
        _comparisons(_integers(["days", "nights"]) | _loops("integer", 1), 1),
        _comparisons(_scaled("decimal", ["share", "rate"], DECIMALS) | _loops("decimal"), 10**6),
        _comparisons(_scaled("money", ["cost", "budget"], AMOUNTS) | _loops("money"), 10**6),
        _date_comparisons(["due", "begun", "today"]) | _date_loops(),
        _text_comparisons(["title", "kind", "buyer", "cost_currency", "requester"]),
        _empty(["days", "share", "cost", "due", "urgent"]),
        _truths(["urgent"]),
        st.tuples(st.sampled_from(["any", "all"]), _of_lines()).map(_any_or_all),
    )
    return st.recursive(leaves, _logical, max_leaves=6)


#: Products that have no more decimals than there are.
DECIMALS = [("rate", "rate"), ("rate", 'decimal("0.125")'), ('decimal("7")', "share")]
AMOUNTS = [("budget", "share"), ("rate", "budget"), ("cost", 'decimal("3")')]
LINE_DECIMALS = [("weight", "weight"), ("rate", "weight")]
LINE_AMOUNTS = [("weight", "price"), ("price", "weight"), ("budget", "weight")]


def _of_lines() -> st.SearchStrategy[Part]:
    """Draw conditions over one line of `items`, and the document around it."""
    leaves = st.one_of(
        *(_comparisons(_line_numbers(kind), None) for kind in ("integer", "decimal", "money")),
        _date_comparisons(["on", "due", "today"]),
        _text_comparisons(["title", "price_currency", "kind", "requester"]),
        _empty(["pieces", "price", "on", "checked", "days", "urgent"]),
        _truths(["checked", "urgent"]),
    )
    return st.recursive(leaves, _logical, max_leaves=3)


def _line_numbers(kind: str) -> st.SearchStrategy[Part]:
    match kind:
        case "integer":
            return _integers(["pieces", "days"])
        case "decimal":
            return _scaled("decimal", ["weight", "rate"], LINE_DECIMALS, None)
    return _scaled("money", ["price", "budget"], LINE_AMOUNTS, None)


def _loops(kind: str, unit: int = 10**6) -> st.SearchStrategy[Part]:
    """Draw what is asked of all lines and is a number of this kind."""
    numbers = _computed(_line_numbers(kind), None)
    found = st.tuples(st.sampled_from(["sum", "least", "most"]), numbers).map(
        lambda two: _loop(two[0], two[1], unit)
    )
    if kind != "integer":
        return found
    counts = _of_lines().map(lambda part: _loop("count", part, 1))
    return st.one_of(
        found, counts, st.just(("count(items)", lambda values: Fraction(len(values["items"]))))
    )


def _date_loops() -> st.SearchStrategy[Part]:
    loops = st.tuples(st.sampled_from(["least", "most"]), _dates(["on", "due"])).map(
        lambda two: _loop(two[0], two[1], None)
    )
    return st.tuples(st.sampled_from(list(_RELATIONS)), loops, _dates(["due"])).map(_relation)


def _loop(function: str, part: Part, unit: int | None) -> Part:
    def meaning(values: Mapping[str, object]) -> object:
        found = [part[1]({**values, **row}) for row in values["items"]]
        if function in {"sum", "count"}:
            return _bounded(sum(map(Fraction, found), Fraction()), unit)
        if not found:
            raise UndecidedError
        return _bounded(min(found) if function == "least" else max(found), unit)

    return f"{function}(items, {part[0]})", meaning


def _any_or_all(two: tuple[str, Part]) -> Part:
    function, part = two
    decisive = function == "any"

    def meaning(values: Mapping[str, object]) -> bool:
        outcomes = [_outcome(part, {**values, **row}) for row in values["items"]]
        if decisive in outcomes:
            return decisive
        if None in outcomes:
            raise UndecidedError
        return not decisive

    return f"{function}(items, {part[0]})", meaning


def _empty(names: list[str]) -> st.SearchStrategy[Part]:
    return st.sampled_from(names).map(
        lambda name: (f"{name} == null", lambda values: values[name] is None)
    )


def _truths(names: list[str]) -> st.SearchStrategy[Part]:
    return st.sampled_from(names).map(lambda name: (name, _read(name)))


def _dates(names: list[str]) -> st.SearchStrategy[Part]:
    return st.one_of(
        st.sampled_from(names).map(lambda name: (name, _read(name))),
        days().map(lambda day: (f'date("{day}")', lambda _: date.fromisoformat(day))),
    )


def _date_comparisons(names: list[str]) -> st.SearchStrategy[Part]:
    dates = _dates(names)
    between = st.tuples(dates, dates).map(
        lambda two: (
            f"days({two[0][0]}, {two[1][0]})",
            lambda values: Fraction((two[1][1](values) - two[0][1](values)).days),
        )
    )
    return st.one_of(
        st.tuples(st.sampled_from(list(_RELATIONS)), dates, dates).map(_relation),
        _comparisons(between, 1),
    )


def _logical(parts: st.SearchStrategy[Part]) -> st.SearchStrategy[Part]:
    return st.one_of(
        st.tuples(parts, parts).map(lambda two: _junction("&&", two[0], two[1], decisive=False)),
        st.tuples(parts, parts).map(lambda two: _junction("||", two[0], two[1], decisive=True)),
        parts.map(lambda part: (f"!({part[0]})", lambda values: not part[1](values))),
        st.tuples(parts, parts, parts).map(
            lambda three: (
                f"({three[0][0]}) ? ({three[1][0]}) : ({three[2][0]})",
                lambda values: three[1 if three[0][1](values) else 2][1](values),
            )
        ),
    )


def _junction(sign: str, left: Part, right: Part, *, decisive: bool) -> Part:
    def meaning(values: Mapping[str, object]) -> bool:
        outcomes = [_outcome(part, values) for part in (left, right)]
        if decisive in outcomes:
            return decisive
        if None in outcomes:
            raise UndecidedError
        return not decisive

    return f"({left[0]}) {sign} ({right[0]})", meaning


def _outcome(part: Part, values: Mapping[str, object]) -> object:
    try:
        return part[1](values)
    except UndecidedError:
        return None


_RELATIONS: dict[str, Callable[[object, object], bool]] = {
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
    "in": lambda left, right: left == right,
}


def _relation(three: tuple[str, Part, Part]) -> Part:
    sign, left, right = three
    text = f"[{right[0]}]" if sign == "in" else right[0]
    return (
        f"{left[0]} {sign} {text}",
        lambda values: _RELATIONS[sign](left[1](values), right[1](values)),
    )


def _comparisons(leaves: st.SearchStrategy[Part], unit: int | None) -> st.SearchStrategy[Part]:
    numbers = _computed(leaves, unit)
    return st.tuples(st.sampled_from(list(_RELATIONS)), numbers, numbers).map(_relation)


def _computed(leaves: st.SearchStrategy[Part], unit: int | None) -> st.SearchStrategy[Part]:
    return st.recursive(leaves, lambda parts: _arithmetic(parts, unit), max_leaves=4)


def _bounded(found: object, unit: int | None) -> object:
    """Refuse what is beyond 64 bits in parts of `unit`; within lines nothing is."""
    if unit is not None and not -(2**63) <= found * unit < 2**63:
        raise UndecidedError
    return found


def _arithmetic(parts: st.SearchStrategy[Part], unit: int | None) -> st.SearchStrategy[Part]:
    def bounded(number: Fraction) -> object:
        return _bounded(number, unit)

    return st.one_of(
        st.tuples(parts, parts).map(
            lambda two: (
                f"({two[0][0]} + {two[1][0]})",
                lambda values: bounded(two[0][1](values) + two[1][1](values)),
            )
        ),
        st.tuples(parts, parts).map(
            lambda two: (
                f"({two[0][0]} - ({two[1][0]}))",
                lambda values: bounded(two[0][1](values) - two[1][1](values)),
            )
        ),
        st.tuples(parts, st.integers(0, 2**53)).map(
            lambda two: (
                f"{two[0][0]} * {two[1]}",
                lambda values: bounded(two[0][1](values) * two[1]),
            )
        ),
        parts.map(lambda part: (f"-{part[0]}", lambda values: bounded(-part[1](values)))),
    )


def _read(name: str) -> Meaning:
    def meaning(values: Mapping[str, object]) -> object:
        if values[name] is None:
            raise UndecidedError
        return values[name]

    return meaning


def _integers(names: list[str]) -> st.SearchStrategy[Part]:
    literals = st.integers(0, 9) | st.integers(0, 2**53)
    plain = st.one_of(
        st.sampled_from(names).map(lambda name: (name, _read(name))),
        literals.map(lambda number: (str(number), lambda _: Fraction(number))),
        st.just(("size(title)", lambda values: Fraction(len(values["title"])))),
    )
    return plain | st.tuples(st.sampled_from(["/", "%"]), plain, plain).map(_quotient)


def _quotient(three: tuple[str, Part, Part]) -> Part:
    sign, left, right = three

    def meaning(values: Mapping[str, object]) -> Fraction:
        above, below = left[1](values), right[1](values)
        if below == 0:
            raise UndecidedError
        quotient = int(above / below)  # of a fraction: towards zero
        return Fraction(quotient if sign == "/" else above - below * quotient)

    return f"({left[0]} {sign} {right[0]})", meaning


def _scaled(
    function: str,
    names: list[str],
    products: list[tuple[str, str]],
    unit: int | None = 10**6,
) -> st.SearchStrategy[Part]:
    return st.one_of(
        st.sampled_from(names).map(lambda name: (name, _read(name))),
        decimals().map(lambda text: (f'{function}("{text}")', lambda _: Fraction(text))),
        st.sampled_from(products).map(lambda sides: _product(sides, unit)),
    )


def _product(sides: tuple[str, str], unit: int | None) -> Part:
    left, right = (
        (lambda _, text=side: Fraction(text.split('"')[1])) if '"' in side else _read(side)
        for side in sides
    )
    return (
        f"({sides[0]} * {sides[1]})",
        lambda values: _bounded(left(values) * right(values), unit),
    )


def quoted(text: str) -> str:
    """Return a text literal of CEL."""
    for plain, escaped in {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r"}.items():
        text = text.replace(plain, escaped)
    return f'"{text}"'


def _text_comparisons(names: list[str]) -> st.SearchStrategy[Part]:
    parts = st.one_of(
        st.sampled_from(names).map(lambda name: (name, lambda values: values[name])),
        texts().map(lambda text: (quoted(text), lambda _: text)),
    )
    methods = {"startsWith": str.startswith, "endsWith": str.endswith, "contains": str.__contains__}
    return st.one_of(
        st.tuples(st.sampled_from(list(_RELATIONS)), parts, parts).map(_relation),
        st.tuples(st.sampled_from(list(methods)), parts, parts).map(
            lambda three: (
                f"{three[1][0]}.{three[0]}({three[2][0]})",
                lambda values: methods[three[0]](three[1][1](values), three[2][1](values)),
            )
        ),
    )
