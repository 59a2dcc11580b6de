"""The contract of the port Calendars: what decisions are told of business hours."""

from abc import ABC, abstractmethod
from dataclasses import replace
from datetime import date

from commands.ports import Ports
from domain.calendar.commands import AddHolidays, DefineCalendar
from domain.calendar.content import Content, Holiday, PublishedCalendar, SpecialDay
from tests.builders import ZOE
from tests.office import WorkspaceOffice, usual_office

DAY = ("09:00-12:30", "13:00-17:00")
OFFICE = Content(
    "Europe/Amsterdam",
    (*(DAY,) * 5, (), ()),
    special=(SpecialDay(date(2026, 12, 24), ("09:00-13:00",)), SpecialDay(date(2026, 12, 28))),
    label="Büro",
)
CHRISTMAS = Holiday(date(2026, 12, 25), "Eerste Kerstdag")
CLOSED = replace(OFFICE, holidays=(CHRISTMAS,))


class CalendarsContract(ABC):
    @abstractmethod
    def ports_of(self, office: WorkspaceOffice) -> Ports:
        """Return ports that have seen every event of the office's log."""

    def test_calendars_are_told_as_they_were_defined(self) -> None:
        office = usual_office((DefineCalendar("office", OFFICE), ZOE))
        office.do(AddHolidays("office", (CHRISTMAS,)), ZOE)
        calendars = self.ports_of(office).calendars
        first = PublishedCalendar("office", 1, OFFICE, OFFICE.hash)
        second = PublishedCalendar("office", 2, CLOSED, CLOSED.hash)
        assert calendars.version("office", 1) == first
        assert calendars.calendar("office") == calendars.version("office", 2) == second
        assert calendars.version("office", 3) is None
        assert calendars.version("factory", 1) is None
        assert calendars.calendar("factory") is None
