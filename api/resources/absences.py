"""Absences: planned, reported, taken over, ended."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import falcon

from api.body import read_body
from api.commanding import Commanding
from api.schemas.documents import Nothing
from api.schemas.people import NewAbsence
from domain.directory.commands import (
    EndAbsence,
    PersonCommand,
    PlanAbsence,
    ReportAbsence,
    TakeOver,
)
from domain.errors import Reason, RefusedError

_NEW, _NOTHING = NewAbsence(), Nothing()


@dataclass(frozen=True)
class Absences:
    """/v1/people/{login}/absences."""

    commanding: Commanding

    def on_post(self, req: falcon.Request, resp: falcon.Response, login: str) -> None:
        """Say that a person is away: on some days, or, without days, from now on."""
        headers = self.commanding.headers(req)
        absence = str(headers.new_absence)
        command = _asked(login, absence, read_body(req, _NEW))
        outcome = self.commanding.give(req, headers, command)
        location = f"/v1/people/{login}/absences/{absence}"
        self.commanding.tell(resp, command, outcome, location, absence=absence)


@dataclass(frozen=True)
class Absence:
    """/v1/people/{login}/absences/{absence}."""

    commanding: Commanding

    def on_delete(
        self, req: falcon.Request, resp: falcon.Response, login: str, absence: str
    ) -> None:
        """Say that a person is back, or will not be away."""
        headers = self.commanding.headers(req)
        read_body(req, _NOTHING)
        self.commanding.answer(req, resp, headers, EndAbsence(login, absence))


@dataclass(frozen=True)
class TakingOver:
    """/v1/people/{login}/absences/{absence}/take_over."""

    commanding: Commanding

    def on_post(self, req: falcon.Request, resp: falcon.Response, login: str, absence: str) -> None:
        """Stand in for a person who is away unexpectedly."""
        headers = self.commanding.headers(req)
        read_body(req, _NOTHING)
        self.commanding.answer(req, resp, headers, TakeOver(login, absence))


def _asked(login: str, absence: str, body: Mapping[str, Any]) -> PersonCommand:
    """Return what a body asks for: days make it a planned absence.

    Raises:
        RefusedError: MISSING_FIELD: one day of two, or nobody to take over.
    """
    first, last, substitute = body["first"], body["last"], body["substitute"]
    how = {"open_tasks": body["open_tasks"], "definitions": tuple(body["definitions"])}
    if first is not None and last is not None:
        return PlanAbsence(login, absence, first, last, substitute, **how)
    if first is not None or last is not None:
        missing = "last" if last is None else "first"
        raise RefusedError(Reason.MISSING_FIELD, "an absence has both days, or none", missing)
    if substitute is None:
        message = "who is away unexpectedly names a substitute, who takes over"
        raise RefusedError(Reason.MISSING_FIELD, message, "substitute")
    return ReportAbsence(login, absence, substitute, **how)
