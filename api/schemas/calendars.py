"""Bodies that describe calendars, both ways: what is defined reads as it was sent."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from marshmallow import post_load

from api.schemas.members import Body, Members, Part, Several, Text
from domain.calendar.content import WEEKDAYS, Content, Holiday, SpecialDay

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class ByDay(Members):
    """An object whose members are called as days, such as 2026-12-25; read in their order."""

    default_error_messages = {  # noqa: RUF012  # as marshmallow has it
        **Members.default_error_messages,
        "day": 'a day is called as "2026-12-25"',
        "name": "a holiday's name is a text, in quotes",
        "hours": 'hours are an array of texts, as ["09:00-13:00"]',
    }

    def days(self, value: object) -> list[tuple[date, object]]:
        """Return each member with its day."""
        given = super()._deserialize(value, None, None)
        try:
            return sorted(((self._day(name), each) for name, each in given.items()), key=_first)
        except ValueError:
            raise self.make_error("day") from None

    def _day(self, name: str) -> date:
        if not _DAY.fullmatch(name):
            raise self.make_error("day")
        return date.fromisoformat(name)


def _first(member: tuple[date, object]) -> date:
    return member[0]


class Holidays(ByDay):
    """Days without hours, each with its name."""

    def _deserialize(
        self,
        value: Any,  # noqa: ANN401  # as it was sent
        attr: str | None,  # noqa: ARG002  # marshmallow's signature
        data: Mapping[str, Any] | None,  # noqa: ARG002
        **_: Any,
    ) -> Any:  # noqa: ANN401  # a tuple, where the class above makes an object
        return tuple(Holiday(day, self._name(each)) for day, each in self.days(value))

    def _name(self, value: object) -> str:
        if not isinstance(value, str):
            raise self.make_error("name")
        return value


class Special(ByDay):
    """Days with hours of their own."""

    def _deserialize(
        self,
        value: Any,  # noqa: ANN401
        attr: str | None,  # noqa: ARG002
        data: Mapping[str, Any] | None,  # noqa: ARG002
        **_: Any,
    ) -> Any:  # noqa: ANN401
        return tuple(SpecialDay(day, self._hours(each)) for day, each in self.days(value))

    def _hours(self, value: object) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise self.make_error("hours")
        return tuple(value)


class WeekBody(Body):
    """The hours of each weekday; one that is not named has none."""

    monday = Several(Text(), load_default=())
    tuesday = Several(Text(), load_default=())
    wednesday = Several(Text(), load_default=())
    thursday = Several(Text(), load_default=())
    friday = Several(Text(), load_default=())
    saturday = Several(Text(), load_default=())
    sunday = Several(Text(), load_default=())

    @post_load
    def _made(self, data: dict[str, Any], **_: Any) -> tuple[tuple[str, ...], ...]:
        return tuple(tuple(data[day]) for day in WEEKDAYS)


class CalendarBody(Body):
    """PUT /v1/calendars/{name}: the whole of it."""

    label = Text()
    zone = Text(required=True)
    week = Part(WeekBody, required=True)
    holidays = Holidays()
    special = Special()

    @post_load
    def _made(self, data: dict[str, Any], **_: Any) -> Content:
        return Content(**data)


class MoreHolidays(Body):
    """POST /v1/calendars/{name}/holidays: the days themselves, or a country's of some years."""

    holidays = Holidays(load_default=())
    country = Text(load_default=None)
    subdivision = Text(load_default=None)
    years = Text(load_default=None)
