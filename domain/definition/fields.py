"""What fields may hold: values as JSON has them, checked and brought to their canonical form."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal

from domain.definition.content import Content, Field, FieldKind
from domain.errors import Reason, RefusedError
from domain.names import LOGIN_FORM, NAME_FORM, is_login, is_name
from domain.text import text
from domain.values import Money, Value

#: Integers up to here are the same in every JSON reader (RFC 8259, section 6).
LARGEST_INTEGER = 2**53
#: Digits before the point of a decimal or an amount, at most: below 10**12.
MOST_DIGITS = 12

#: Characters of a number's text, at most; more are zeros or too much.
_LONGEST_NUMBER = 40
_NUMBER = re.compile(r"(-?)([0-9]+)(?:\.([0-9]+))?")
_CURRENCY = re.compile(r"[A-Z]{3}")


def parse_values(
    content: Content, raw: Mapping[str, object], place: str = "values"
) -> dict[str, Value | None]:
    """Return the canonical form of each value given; None and white space are empty fields.

    A number is never rounded: one with more decimals than its field has is refused. Text loses
    the white space around it.

    Raises:
        RefusedError: UNKNOWN_FIELD; INVALID for a value that its field cannot hold, at
            `<place>.<field>` or, within money, `<place>.<field>.currency`.
    """
    return {name: _parsed(content, name, value, place) for name, value in raw.items()}


def missing_fields(content: Content, values: Mapping[str, Value | None]) -> list[str]:
    """Return the required fields that are empty, in the definition's order."""
    return [
        field.name
        for field in content.fields
        if field.required and values.get(field.name) in {None, ""}
    ]


def _parsed(content: Content, name: str, raw: object, place: str) -> Value | None:
    field = content.field(name)
    if field is None:
        # What is no name could be anything, so it is not repeated in full.
        at = f"{place}.{name}" if is_name(name) else place
        raise RefusedError(Reason.UNKNOWN_FIELD, f"no field is called {name[:40]!a}", at)
    return None if raw is None else _READERS[field.kind](field, raw, f"{place}.{name}")


def _invalid(message: str, place: str) -> RefusedError:
    return RefusedError(Reason.INVALID, message, place)


def _string(raw: object, place: str) -> str:
    if not isinstance(raw, str):
        raise _invalid("the value is a text, in quotes", place)
    return raw


def _text(_: Field, raw: object, place: str) -> str | None:
    return text(_string(raw, place), place) or None


def _integer(_: Field, raw: object, place: str) -> int:
    if not isinstance(raw, int) or isinstance(raw, bool):
        raise _invalid("the value is an integer", place)
    if abs(raw) > LARGEST_INTEGER:
        raise _invalid("the value is an integer from -2**53 to 2**53", place)
    return raw


def _decimal(field: Field, raw: object, place: str) -> str:
    return str(_number(field, raw, place))


def _money(field: Field, raw: object, place: str) -> Money:
    if not isinstance(raw, Mapping) or raw.keys() != {"amount", "currency"}:
        raise _invalid('money is {"amount": "12.50", "currency": "EUR"} and nothing more', place)
    currency = raw["currency"]
    if not isinstance(currency, str) or not _CURRENCY.fullmatch(currency):
        raise _invalid("a currency is three capital letters, as EUR", f"{place}.currency")
    return Money(_number(field, raw["amount"], f"{place}.amount"), currency)


def _choice(field: Field, raw: object, place: str) -> str:
    if raw not in field.choices:
        raise _invalid(f"the value is one of {', '.join(field.choices)}", place)
    return _string(raw, place)


def _person(_: Field, raw: object, place: str) -> str:
    if not is_login(_string(raw, place)):
        raise _invalid(f"a person is given by the login: {LOGIN_FORM}", place)
    return _string(raw, place)


def _role(_: Field, raw: object, place: str) -> str:
    if not is_name(_string(raw, place)):
        raise _invalid(f"a role is {NAME_FORM}", place)
    return _string(raw, place)


def _number(field: Field, raw: object, place: str) -> Decimal:
    """Return a number with exactly the field's decimals; zero has no sign."""
    match = _NUMBER.fullmatch(_digits(raw, place))
    if match is None:
        raise _invalid('the value is a number, as "1234.50"', place)
    sign, whole, fraction = match[1], match[2].lstrip("0") or "0", match[3] or ""
    if len(fraction) > field.decimals:
        raise _invalid(f"the value has at most {field.decimals} decimals", place)
    if len(whole) > MOST_DIGITS:
        raise _invalid(f"the value has at most {MOST_DIGITS} digits before the point", place)
    digits = whole + fraction.ljust(field.decimals, "0")
    # From its parts, for these are exact under any context.
    return Decimal(
        (int(sign == "-" and int(digits) != 0), tuple(map(int, digits)), -field.decimals)
    )


def _digits(raw: object, place: str) -> str:
    if isinstance(raw, float):
        raise _invalid('send the number as text, as "12.50": a binary fraction is not exact', place)
    if isinstance(raw, int) and not isinstance(raw, bool):
        # The text of a huge integer takes long, and Python refuses it (CVE-2020-10735).
        return str(raw) if abs(raw) < 10**MOST_DIGITS else "9" * (MOST_DIGITS + 1)
    found = _string(raw, place)
    if len(found) > _LONGEST_NUMBER:
        raise _invalid(f"a number has at most {_LONGEST_NUMBER} characters", place)
    return found


_READERS: Mapping[FieldKind, Callable[[Field, object, str], Value | None]] = {
    FieldKind.TEXT: _text,
    FieldKind.INTEGER: _integer,
    FieldKind.DECIMAL: _decimal,
    FieldKind.MONEY: _money,
    FieldKind.CHOICE: _choice,
    FieldKind.PERSON: _person,
    FieldKind.ROLE: _role,
}
