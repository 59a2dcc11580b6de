"""A person's place in the organisation: level, department, limits, time zone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import falcon

from api.body import read_body
from api.commanding import Commanding
from api.schemas.people import UNLIMITED, Department, Level, Limits, Zone
from domain.directory.commands import SetDepartment, SetLevel, SetLimits, SetZone

_LEVEL, _DEPARTMENT, _LIMITS, _ZONE = Level(), Department(), Limits(), Zone()


@dataclass(frozen=True)
class LevelOf:
    """/v1/people/{login}/level."""

    commanding: Commanding

    def on_put(self, req: falcon.Request, resp: falcon.Response, login: str) -> None:
        """Say which job level a person has."""
        headers = self.commanding.headers(req)
        command = SetLevel(login, **read_body(req, _LEVEL))
        self.commanding.answer(req, resp, headers, command)


@dataclass(frozen=True)
class DepartmentOf:
    """/v1/people/{login}/department."""

    commanding: Commanding

    def on_put(self, req: falcon.Request, resp: falcon.Response, login: str) -> None:
        """Say which department a person belongs to."""
        headers = self.commanding.headers(req)
        command = SetDepartment(login, read_body(req, _DEPARTMENT)["department"] or "")
        self.commanding.answer(req, resp, headers, command)


@dataclass(frozen=True)
class LimitsOf:
    """/v1/people/{login}/limits."""

    commanding: Commanding

    def on_put(self, req: falcon.Request, resp: falcon.Response, login: str) -> None:
        """Say up to which amounts a person may decide."""
        headers = self.commanding.headers(req)
        command = SetLimits(login, tuple(read_body(req, _LIMITS)["limits"]))
        self.commanding.answer(req, resp, headers, command)


@dataclass(frozen=True)
class ZoneOf:
    """/v1/people/{login}/zone."""

    commanding: Commanding

    def on_put(self, req: falcon.Request, resp: falcon.Response, login: str) -> None:
        """Say in which time zone a person lives."""
        headers = self.commanding.headers(req)
        command = SetZone(login, **read_body(req, _ZONE))
        self.commanding.answer(req, resp, headers, command)


def in_words(person: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a person with limits as they are sent: what is for all is null."""
    if "limits" not in person:
        return person
    limits = [
        {
            "amount": UNLIMITED if each["amount"] is None else each["amount"],
            "currency": each["currency"] or None,
            "definition": each["definition"] or None,
        }
        for each in person["limits"]
    ]
    return {**person, "limits": limits}
