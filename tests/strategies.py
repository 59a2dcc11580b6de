"""What tests draw: field values as clients send them, and conditions with their meaning."""

from collections.abc import Callable, Mapping
from fractions import Fraction

from hypothesis import strategies as st

from domain.definition.content import Content, Field, FieldKind

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
)
CONTENT = Content(fields=FIELDS, steps=())


class UndecidedError(Exception):
    """A condition turns on an empty number, or on one beyond 64 bits."""


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


def raw_values(fields: tuple[Field, ...] = FIELDS) -> st.SearchStrategy[dict[str, object]]:
    """Draw values as clients send them, empty and absent ones among them."""
    return st.fixed_dictionaries(
        {}, optional={field.name: st.none() | _raw(field) for field in fields}
    )


def _raw(field: Field) -> st.SearchStrategy[object]:
    match field.kind:
        case FieldKind.INTEGER:
            return st.integers(-9, 9) | st.integers(-(2**53), 2**53)
        case FieldKind.DECIMAL:
            return decimals(field.decimals)
        case FieldKind.MONEY:
            return st.fixed_dictionaries(
                {
                    "amount": decimals(field.decimals),
                    "currency": st.sampled_from(["EUR", "USD"]),
                }
            )
        case FieldKind.CHOICE:
            return st.sampled_from(field.choices)
        case FieldKind.PERSON:
            return st.sampled_from(["ann", "bob"])
    return texts()


def conditions() -> st.SearchStrategy[Part]:
    """Draw conditions over `FIELDS` that pass the check, each with its meaning."""
    leaves = st.one_of(
        _comparisons(_integers(), 1),
        _comparisons(_scaled("decimal", ["share", "rate"]), 10**6),
        _comparisons(_scaled("money", ["cost", "budget"]), 10**6),
        _text_comparisons(),
        st.sampled_from(["days", "share", "cost"]).map(
            lambda name: (f"{name} == null", lambda values: values[name] is None)
        ),
    )
    return st.recursive(leaves, _logical, max_leaves=6)


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


def _comparisons(leaves: st.SearchStrategy[Part], unit: int) -> st.SearchStrategy[Part]:
    numbers = st.recursive(leaves, lambda parts: _arithmetic(parts, unit), max_leaves=4)
    return st.tuples(st.sampled_from(list(_RELATIONS)), numbers, numbers).map(_relation)


def _arithmetic(parts: st.SearchStrategy[Part], unit: int) -> st.SearchStrategy[Part]:
    def bounded(number: Fraction) -> Fraction:
        if not -(2**63) <= number * unit < 2**63:
            raise UndecidedError
        return number

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


def _integers() -> st.SearchStrategy[Part]:
    literals = st.integers(0, 9) | st.integers(0, 2**53)
    return st.one_of(
        st.sampled_from(["days", "nights"]).map(lambda name: (name, _read(name))),
        literals.map(lambda number: (str(number), lambda _: Fraction(number))),
        st.just(("size(title)", lambda values: Fraction(len(values["title"])))),
    )


def _scaled(function: str, names: list[str]) -> st.SearchStrategy[Part]:
    return st.one_of(
        st.sampled_from(names).map(lambda name: (name, _read(name))),
        decimals().map(lambda text: (f'{function}("{text}")', lambda _: Fraction(text))),
    )


def quoted(text: str) -> str:
    """Return a text literal of CEL."""
    for plain, escaped in {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r"}.items():
        text = text.replace(plain, escaped)
    return f'"{text}"'


def _text_comparisons() -> st.SearchStrategy[Part]:
    names = st.sampled_from(["title", "kind", "buyer", "cost_currency"])
    parts = st.one_of(
        names.map(lambda name: (name, lambda values: values[name])),
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
