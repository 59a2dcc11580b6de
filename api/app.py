"""The HTTP API as a WSGI application. `routes` is the one table of what it answers."""

from collections.abc import Mapping

import falcon

from api.authentication import Authentication
from api.commanding import Commanding
from api.failures import answer_with_problem
from api.negotiation import Negotiation
from api.reading import Reading
from api.resources.definitions import Definition, Definitions
from api.resources.document_commands import document_commands
from api.resources.documents import Document, Documents, Events, Timeline
from api.resources.inbox import Inbox
from api.resources.people import Activity, ManagerOf, Me, People, Person, Role
from api.resources.service import Health, Readiness, Root
from api.resources.tokens import TicketOffice, Token, Tokens
from api.waiting import Waiting
from domain.directory.commands import DeactivatePerson, ReactivatePerson
from infra.bootstrap import Parts

Application = falcon.App[falcon.Request, falcon.Response]


def routes(parts: Parts) -> Mapping[str, object]:
    """Return what answers each path; a resource's methods `on_get`, `on_post`, … say to what."""
    waiting = Waiting(parts)
    commanding, reading = Commanding(parts, waiting), Reading(parts.queries, waiting)
    document = "/v1/documents/{document:uuid}"
    person = "/v1/people/{login}"
    return {
        "/healthz": Health(),
        "/readyz": Readiness(parts),
        "/v1": Root(LINKS),
        "/v1/me": Me(reading),
        "/v1/definitions": Definitions(commanding, reading),
        "/v1/definitions/{name}": Definition(reading),
        "/v1/people": People(commanding, reading),
        person: Person(reading),
        f"{person}/roles/{{role}}": Role(commanding),
        f"{person}/manager": ManagerOf(commanding),
        f"{person}/deactivate": Activity(commanding, DeactivatePerson),
        f"{person}/reactivate": Activity(commanding, ReactivatePerson),
        f"{person}/tokens": Tokens(parts, commanding, reading),
        f"{person}/tokens/{{token}}": Token(commanding),
        "/v1/documents": Documents(commanding, reading),
        document: Document(commanding, reading),
        f"{document}/timeline": Timeline(reading),
        f"{document}/events": Events(parts.history, reading),
        **{f"{document}/{path}": doing for path, doing in document_commands(commanding).items()},
        "/v1/inbox": Inbox(parts.access, reading),
        "/v1/tickets": TicketOffice(parts.tickets),
    }


#: Where a client begins.
LINKS = {
    name: f"/v1/{name}" for name in ("me", "definitions", "people", "documents", "inbox", "tickets")
}


def create_app(parts: Parts) -> Application:
    """Return the application on these parts. Connects to nothing."""
    app: Application = falcon.App(middleware=[Negotiation(), Authentication(parts)])
    app.add_error_handler(Exception, answer_with_problem)
    app.add_error_handler(falcon.HTTPError, answer_with_problem)
    for path, resource in routes(parts).items():
        app.add_route(path, resource)
    return app
