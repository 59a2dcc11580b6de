"""The directory: people, their roles and managers."""

from collections.abc import Callable
from dataclasses import dataclass

import falcon

from api.authentication import actor_of
from api.body import read_body
from api.commanding import Commanding
from api.query import cursor_of, limit_of
from api.reading import PAGING, Reading
from api.resources.ranks import in_words
from api.rights import may_read_own
from api.schemas.documents import Nothing
from api.schemas.people import Manager, NewPerson
from domain.actor import Actor
from domain.directory.commands import (
    AddPerson,
    AssignManager,
    GrantRole,
    PersonCommand,
    RevokeRole,
)
from domain.errors import Reason, RefusedError
from domain.streams import person_stream

_NEW, _MANAGER, _NOTHING = NewPerson(), Manager(), Nothing()


@dataclass(frozen=True)
class People:
    """/v1/people."""

    commanding: Commanding
    reading: Reading

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Make a person known."""
        headers = self.commanding.headers(req)
        command = AddPerson(**read_body(req, _NEW))
        self.commanding.answer(req, resp, headers, command, f"/v1/people/{command.login}")

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List everybody, in the order in which they came."""
        given = self.reading.begin(req, *PAGING)
        above = int((cursor_of(given, "people", (int,)) or [0])[0])
        self.reading.tell_page(
            resp, "people", self.reading.queries.people.all(above, limit_of(given))
        )


@dataclass(frozen=True)
class Person:
    """/v1/people/{login}."""

    reading: Reading

    def on_get(self, req: falcon.Request, resp: falcon.Response, login: str) -> None:
        """Show a person."""
        self.reading.begin(req)
        show_person(self.reading, resp, login, actor_of(req))


@dataclass(frozen=True)
class Me:
    """/v1/me."""

    reading: Reading

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Show who asks."""
        self.reading.begin(req)
        actor = actor_of(req)
        show_person(self.reading, resp, actor.login, actor)


@dataclass(frozen=True)
class Role:
    """/v1/people/{login}/roles/{role}."""

    commanding: Commanding

    def on_put(self, req: falcon.Request, resp: falcon.Response, login: str, role: str) -> None:
        """Let a person hold a role."""
        self._answer(req, resp, GrantRole(login, role))

    def on_delete(self, req: falcon.Request, resp: falcon.Response, login: str, role: str) -> None:
        """Take a role from a person."""
        self._answer(req, resp, RevokeRole(login, role))

    def _answer(self, req: falcon.Request, resp: falcon.Response, command: PersonCommand) -> None:
        headers = self.commanding.headers(req)
        read_body(req, _NOTHING)
        self.commanding.answer(req, resp, headers, command)


@dataclass(frozen=True)
class ManagerOf:
    """/v1/people/{login}/manager."""

    commanding: Commanding

    def on_put(self, req: falcon.Request, resp: falcon.Response, login: str) -> None:
        """Say who a person's manager is."""
        headers = self.commanding.headers(req)
        command = AssignManager(login, **read_body(req, _MANAGER))
        self.commanding.answer(req, resp, headers, command)


@dataclass(frozen=True)
class Activity:
    """/v1/people/{login}/deactivate and …/reactivate."""

    commanding: Commanding
    command: Callable[[str], PersonCommand]

    def on_post(self, req: falcon.Request, resp: falcon.Response, login: str) -> None:
        """Let a person no longer act, or act again."""
        headers = self.commanding.headers(req)
        read_body(req, _NOTHING)
        self.commanding.answer(req, resp, headers, self.command(login))


def show_person(reading: Reading, resp: falcon.Response, login: str, actor: Actor) -> None:
    """Make `resp` what the directory says of a person, with the version as ETag.

    Limits and absences are for the person and for who reads everything.

    Raises:
        RefusedError: NOT_FOUND.
    """
    people = reading.queries.people
    shown, row = people.whole(login) if may_read_own(actor, login) else people.one(login)
    if row is None:
        raise RefusedError(Reason.NOT_FOUND, "there is no person of this login", "login")
    reading.tell(resp, shown, person_stream(login), in_words(row))
    resp.set_header("ETag", f'"{row["version"]}"')
