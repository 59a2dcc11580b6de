"""Secrets that people sign in with, and tickets for the gateway."""

from dataclasses import dataclass

import falcon
import msgspec

from api.authentication import actor_of, credential_of
from api.body import read_body
from api.commanding import Commanding
from api.query import cursor_of, limit_of, no_parameters
from api.reading import PAGING, Reading
from api.rights import require_own
from api.schemas.documents import Nothing
from api.schemas.people import NewToken
from commands.ports import Outcome
from domain.directory.commands import IssueToken, RevokeToken
from domain.directory.events import TokenIssued
from infra.bootstrap import Parts
from infra.tickets import LIFETIME_S, Tickets
from infra.tokens import new_token

_NEW, _NOTHING = NewToken(), Nothing()


@dataclass(frozen=True)
class Tokens:
    """/v1/people/{login}/tokens."""

    parts: Parts
    commanding: Commanding
    reading: Reading

    def on_post(self, req: falcon.Request, resp: falcon.Response, login: str) -> None:
        """Issue a token. Its secret is shown this once: only its hash is kept."""
        headers = self.commanding.headers(req)
        made = new_token()
        command = IssueToken(
            login, token=made.token, token_hash=made.token_hash, **read_body(req, _NEW)
        )
        outcome = self.commanding.give(req, headers, command)
        if outcome.repeated:
            token = self._issued(outcome)
            members = {"token": token, "secret": None, "secret_shown_before": True}
        else:
            token = made.token
            members = {"token": token, "secret": made.secret, "secret_shown_before": False}
        location = f"/v1/people/{login}/tokens/{token}"
        self.commanding.tell(resp, command, outcome, location, **members)
        resp.set_header("Cache-Control", "no-store")

    def on_get(self, req: falcon.Request, resp: falcon.Response, login: str) -> None:
        """List a person's tokens, without secrets."""
        given = self.reading.begin(req, *PAGING)
        require_own(actor_of(req), login)
        above = str((cursor_of(given, "tokens", (str,)) or [""])[0])
        page = self.reading.queries.people.tokens(login, above, limit_of(given))
        self.reading.tell_page(resp, "tokens", page)

    def _issued(self, outcome: Outcome) -> str:
        """Return the id of the token that the first request issued."""
        history = self.parts.log.load(outcome.stream)
        issued = history[outcome.version - 1].event
        assert isinstance(issued, TokenIssued)  # noqa: S101  # what this command leads to
        return issued.token


@dataclass(frozen=True)
class Token:
    """/v1/people/{login}/tokens/{token}."""

    commanding: Commanding

    def on_delete(self, req: falcon.Request, resp: falcon.Response, login: str, token: str) -> None:
        """Make a token void."""
        headers = self.commanding.headers(req)
        read_body(req, _NOTHING)
        self.commanding.answer(req, resp, headers, RevokeToken(login, token))


@dataclass(frozen=True)
class TicketOffice:
    """/v1/tickets: what a browser connects to the gateway with."""

    tickets: Tickets

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Issue a ticket for one connection of the actor's."""
        no_parameters(req)
        read_body(req, _NOTHING)
        ticket = self.tickets.issue(credential_of(req))
        resp.status = falcon.HTTP_CREATED
        resp.data = msgspec.json.encode({"ticket": ticket, "expires_in_s": LIFETIME_S})
        resp.set_header("Cache-Control", "no-store")
