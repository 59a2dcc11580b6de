"""The HTTP API as a WSGI application. `routes` is the one table of what it answers."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import falcon

from api.authentication import Authentication
from api.commanding import Commanding
from api.downloads import Downloads
from api.failures import answer_with_problem
from api.framing import Framing
from api.negotiation import Negotiation
from api.observing import Observing
from api.reading import Reading
from api.resources.absences import Absence, Absences, TakingOver
from api.resources.calendars import Adding, Calendar, Calendars, HolidaysOf
from api.resources.definition_drafts import Draft, End, Proposal, Publication, SecondPerson
from api.resources.definitions import Definition, Definitions, DefinitionSchema, Versions
from api.resources.document_commands import document_commands
from api.resources.documents import Document, Documents, Events, Timeline
from api.resources.inbox import Inbox
from api.resources.jobs import Job, Jobs, ResultOf, Retry
from api.resources.notices import AddressOf, Notices
from api.resources.page import Files, Page, Static
from api.resources.people import Activity, ManagerOf, Me, People, Person, Role
from api.resources.ranks import DepartmentOf, LevelOf, LimitsOf, ZoneOf
from api.resources.service import Health, Readiness, Root
from api.resources.sessions import Session
from api.resources.tokens import TicketOffice, Token, Tokens
from api.waiting import Waiting
from domain.directory.commands import DeactivatePerson, ReactivatePerson
from infra.bootstrap import Parts

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

Application = falcon.App[falcon.Request, falcon.Response]


def routes(parts: Parts) -> Mapping[str, object]:
    """Return what answers each path; a resource's methods `on_get`, `on_post`, … say to what."""
    waiting = Waiting(parts)
    commanding = Commanding(parts, waiting)
    reading = Reading(parts.queries, waiting, parts.router)
    document = "/v1/documents/{document:uuid}"
    job = "/v1/jobs/{job:uuid}"
    person = "/v1/people/{login}"
    definition = "/v1/definitions/{name}"
    calendar = "/v1/calendars/{name}"
    files = Files()
    return {
        "/": Page(files, parts.settings),
        "/static/{name}": Static(files),
        "/healthz": Health(),
        "/readyz": Readiness(parts),
        "/v1": Root(LINKS),
        "/v1/me": Me(reading),
        "/v1/session": Session(parts.sessions, parts.settings),
        "/v1/definitions": Definitions(commanding, reading),
        "/v1/definitions/schema": DefinitionSchema(),
        definition: Definition(commanding, reading),
        f"{definition}/versions": Versions(reading),
        f"{definition}/draft": Draft(commanding, reading),
        f"{definition}/publish": Publication(commanding),
        f"{definition}/propose": Proposal(commanding),
        f"{definition}/approve": SecondPerson(commanding),
        f"{definition}/deprecate": End(commanding),
        "/v1/calendars": Calendars(reading),
        calendar: Calendar(commanding, reading),
        f"{calendar}/holidays": HolidaysOf(commanding),
        f"{calendar}/add": Adding(reading),
        "/v1/people": People(commanding, reading),
        person: Person(reading),
        f"{person}/roles/{{role}}": Role(commanding),
        f"{person}/manager": ManagerOf(commanding),
        f"{person}/deactivate": Activity(commanding, DeactivatePerson),
        f"{person}/reactivate": Activity(commanding, ReactivatePerson),
        f"{person}/notices": Notices(commanding, reading),
        f"{person}/address": AddressOf(commanding),
        f"{person}/level": LevelOf(commanding),
        f"{person}/department": DepartmentOf(commanding),
        f"{person}/limits": LimitsOf(commanding),
        f"{person}/zone": ZoneOf(commanding),
        f"{person}/absences": Absences(commanding),
        f"{person}/absences/{{absence}}": Absence(commanding),
        f"{person}/absences/{{absence}}/take_over": TakingOver(commanding),
        f"{person}/tokens": Tokens(parts, commanding, reading),
        f"{person}/tokens/{{token}}": Token(commanding),
        "/v1/documents": Documents(commanding, reading),
        document: Document(commanding, reading, parts.access),
        f"{document}/timeline": Timeline(reading, parts.access),
        f"{document}/events": Events(parts.history, reading, parts.access),
        **{f"{document}/{path}": doing for path, doing in document_commands(commanding).items()},
        "/v1/jobs": Jobs(parts, commanding, reading),
        job: Job(reading),
        f"{job}/result": ResultOf(reading, parts.results, Downloads(parts.settings.api_threads)),
        f"{job}/retry": Retry(commanding),
        "/v1/inbox": Inbox(parts.access, reading),
        "/v1/tickets": TicketOffice(parts.tickets),
    }


#: Where a client begins.
LINKS = {
    name: f"/v1/{name}"
    for name in (
        "me",
        "definitions",
        "calendars",
        "people",
        "documents",
        "jobs",
        "inbox",
        "tickets",
    )
}


class OneConnection(Application):
    """An application whose requests each use one connection to the server that is written to."""

    def __init__(self, parts: Parts, **options: Any) -> None:
        super().__init__(**options)
        self._held = parts.writing.held

    def __call__(self, env: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request."""
        with self._held():
            return super().__call__(env, start_response)


def create_app(parts: Parts) -> Application:
    """Return the application on these parts. Connects to nothing."""
    counted = parts.router.counters if parts.settings.replica_urls else None
    observing = Observing(parts.metrics, counted)
    middleware = [observing, Framing(), Negotiation(), Authentication(parts)]
    app: Application = OneConnection(parts, middleware=middleware)
    app.add_error_handler(Exception, answer_with_problem)
    app.add_error_handler(falcon.HTTPError, answer_with_problem)
    for path, resource in routes(parts).items():
        app.add_route(path, resource)
    return app
