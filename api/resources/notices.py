"""Notices by mail: where a person's go, and which they want."""

from dataclasses import dataclass

import falcon

from api.authentication import actor_of
from api.body import read_body
from api.commanding import Commanding
from api.reading import Reading
from api.rights import require_own
from api.schemas.notices import Address, Wanted
from domain.directory.commands import SetMailAddress, SetNotices
from domain.errors import Reason, RefusedError
from domain.streams import person_stream

_ADDRESS, _WANTED = Address(), Wanted()


@dataclass(frozen=True)
class Notices:
    """/v1/people/{login}/notices."""

    commanding: Commanding
    reading: Reading

    def on_get(self, req: falcon.Request, resp: falcon.Response, login: str) -> None:
        """Show the address and the kinds, to the person and to who reads everything."""
        self.reading.begin(req)
        require_own(actor_of(req), login)
        shown, row = self.reading.queries.people.mailing(login)
        if row is None:
            raise RefusedError(Reason.NOT_FOUND, "there is no person of this login", "login")
        wanted = {name: value for name, value in row.items() if name not in ("login", "address")}
        body = {"login": row["login"], "address": row["address"], "notices": wanted}
        self.reading.tell(resp, shown, person_stream(login), body)

    def on_put(self, req: falcon.Request, resp: falcon.Response, login: str) -> None:
        """Say which kinds the person wants."""
        headers = self.commanding.headers(req)
        command = SetNotices(login, read_body(req, _WANTED))
        self.commanding.answer(req, resp, headers, command)


@dataclass(frozen=True)
class AddressOf:
    """/v1/people/{login}/address."""

    commanding: Commanding

    def on_put(self, req: falcon.Request, resp: falcon.Response, login: str) -> None:
        """Say where the person's notices go."""
        headers = self.commanding.headers(req)
        command = SetMailAddress(login, **read_body(req, _ADDRESS))
        self.commanding.answer(req, resp, headers, command)
