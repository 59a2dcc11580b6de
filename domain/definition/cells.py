"""What one field may hold: a value as JSON has it, checked and brought to its canonical form."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal

from domain.conditions.kinds import day_of
from domain.conditions.program import matches
from domain.definition.content import FieldKind, LineField
from domain.errors import Reason, RefusedError
from domain.names import LOGIN_FORM, NAME_FORM, is_login, is_name
from domain.text import text
from domain.values import Cell, Money

#: Integers up to here are the same in every JSON reader (RFC 8259, section 6).
LARGEST_INTEGER = 2**53
#: Digits before the point of a decimal or an amount, at most: below 10**12.
MOST_DIGITS = 12
#: Characters of a text that has a pattern, at most.
LONGEST_MATCHED = 500

#: Characters of a number's text, at most; more are zeros or too much.
_LONGEST_NUMBER = 40
_NUMBER = re.compile(r"(-?)([0-9]+)(?:\.([0-9]+))?")
_CURRENCY = re.compile(r"[A-Z]{3}")


def read_cell(field: LineField, raw: object, place: str) -> Cell | None:
    """Return the canonical form of a value of any kind but lines; None where it is empty.

    Raises:
        RefusedError: INVALID, for what the field cannot hold.
    """
    found = None if raw is None else _READERS[field.kind](field, raw, place)
    if found is not None:
        _require_bounds(field, found, place)
    return found


def bound(field: LineField, limit: str, place: str) -> int | Decimal:
    """Return a `least` or `most` of the field as what `measure` returns can be compared with.

    Raises:
        RefusedError: INVALID, for what is none.
    """
    match field.kind:
        case FieldKind.DATE:
            return _day(limit, place)
        case FieldKind.DECIMAL | FieldKind.MONEY:
            return _number(field, limit, place)
    if not re.fullmatch(r"-?[0-9]{1,16}", limit):
        raise invalid("a bound of this kind is an integer", place)
    return _integer(field, int(limit), place)


def invalid(message: str, place: str) -> RefusedError:
    """Return the refusal of a value."""
    return RefusedError(Reason.INVALID, message, place)


def _require_bounds(field: LineField, value: Cell, place: str) -> None:
    if isinstance(value, str) and field.kind == FieldKind.TEXT:
        _require_text(field, value, place)
    if not (field.least or field.most):
        return
    measured = _measure(field, value)
    if field.least and measured < bound(field, field.least, place):
        raise invalid(f"the value is at least {field.least}", place)
    if field.most and measured > bound(field, field.most, place):
        raise invalid(f"the value is at most {field.most}", place)


def _require_text(field: LineField, value: str, place: str) -> None:
    longest = min(field.longest or len(value), LONGEST_MATCHED if field.pattern else len(value))
    if len(value) > longest:
        raise invalid(f"the text has at most {longest} characters, not {len(value)}", place)
    if field.pattern and not matches(whole(field.pattern), value):
        raise invalid(f"the text must look like {field.pattern}", place)


def whole(pattern: str) -> str:
    """Return a pattern that a text must match from its beginning to its end."""
    return f"^(?:{pattern})$"


def _measure(field: LineField, value: Cell) -> int | Decimal:
    if isinstance(value, Money):
        return value.amount
    if field.kind == FieldKind.DATE:
        return _day(value, "")
    return Decimal(value)


def _string(raw: object, place: str) -> str:
    if not isinstance(raw, str):
        raise invalid("the value is a text, in quotes", place)
    return raw


def _text(_: LineField, raw: object, place: str) -> str | None:
    return text(_string(raw, place), place) or None


def _integer(_: LineField, raw: object, place: str) -> int:
    if not isinstance(raw, int) or isinstance(raw, bool):
        raise invalid("the value is an integer", place)
    if abs(raw) > LARGEST_INTEGER:
        raise invalid("the value is an integer from -2**53 to 2**53", place)
    return raw


def _decimal(field: LineField, raw: object, place: str) -> str:
    return str(_number(field, raw, place))


def _money(field: LineField, raw: object, place: str) -> Money:
    if not isinstance(raw, Mapping) or raw.keys() != {"amount", "currency"}:
        raise invalid('money is {"amount": "12.50", "currency": "EUR"} and nothing more', place)
    currency = raw["currency"]
    if not isinstance(currency, str) or not _CURRENCY.fullmatch(currency):
        raise invalid("a currency is three capital letters, as EUR", f"{place}.currency")
    return Money(_number(field, raw["amount"], f"{place}.amount"), currency)


def _choice(field: LineField, raw: object, place: str) -> str:
    if raw not in field.choices:
        raise invalid(f"the value is one of {', '.join(field.choices)}", place)
    return _string(raw, place)


def _person(_: LineField, raw: object, place: str) -> str:
    if not is_login(_string(raw, place)):
        raise invalid(f"a person is given by the login: {LOGIN_FORM}", place)
    return _string(raw, place)


def _role(_: LineField, raw: object, place: str) -> str:
    if not is_name(_string(raw, place)):
        raise invalid(f"a role is {NAME_FORM}", place)
    return _string(raw, place)


def _date(_: LineField, raw: object, place: str) -> str:
    _day(raw, place)
    return str(raw)


def _day(raw: object, place: str) -> int:
    day = day_of(_string(raw, place))
    if day is None:
        raise invalid('the value is a day of the calendar, as "2026-11-23"', place)
    return day


def _truth(_: LineField, raw: object, place: str) -> bool:
    if not isinstance(raw, bool):
        raise invalid("the value is true or false", place)
    return raw


def _lines(_: LineField, _raw: object, place: str) -> None:
    raise invalid("there are no lines within lines", place)


def _number(field: LineField, raw: object, place: str) -> Decimal:
    """Return a number with exactly the field's decimals; zero has no sign."""
    match = _NUMBER.fullmatch(_digits(raw, place))
    if match is None:
        raise invalid('the value is a number, as "1234.50"', place)
    sign, whole_part, fraction = match[1], match[2].lstrip("0") or "0", match[3] or ""
    if len(fraction) > field.decimals:
        raise invalid(f"the value has at most {field.decimals} decimals", place)
    if len(whole_part) > MOST_DIGITS:
        raise invalid(f"the value has at most {MOST_DIGITS} digits before the point", place)
    digits = whole_part + fraction.ljust(field.decimals, "0")
    # From its parts, for these are exact under any context.
    return Decimal(
        (int(sign == "-" and int(digits) != 0), tuple(map(int, digits)), -field.decimals)
    )


def _digits(raw: object, place: str) -> str:
    if isinstance(raw, float):
        raise invalid('send the number as text, as "12.50": a binary fraction is not exact', place)
    if isinstance(raw, int) and not isinstance(raw, bool):
        # The text of a huge integer takes long, and Python refuses it (CVE-2020-10735).
        return str(raw) if abs(raw) < 10**MOST_DIGITS else "9" * (MOST_DIGITS + 1)
    found = _string(raw, place)
    if len(found) > _LONGEST_NUMBER:
        raise invalid(f"a number has at most {_LONGEST_NUMBER} characters", place)
    return found


_READERS: Mapping[FieldKind, Callable[[LineField, object, str], Cell | None]] = {
    FieldKind.TEXT: _text,
    FieldKind.INTEGER: _integer,
    FieldKind.DECIMAL: _decimal,
    FieldKind.MONEY: _money,
    FieldKind.CHOICE: _choice,
    FieldKind.PERSON: _person,
    FieldKind.ROLE: _role,
    FieldKind.DATE: _date,
    FieldKind.TRUTH: _truth,
    FieldKind.LINES: _lines,
}
