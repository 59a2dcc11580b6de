"""All questions that people ask of the workspace, of whichever server may answer."""

from infra.replicas.router import Router
from infra.views.queries.calendars import CalendarQueries
from infra.views.queries.definitions import DefinitionQueries
from infra.views.queries.documents import DocumentQueries
from infra.views.queries.inbox import InboxQueries
from infra.views.queries.jobs import JobQueries
from infra.views.queries.people import PeopleQueries
from infra.views.queries.snapshot import Snapshot
from infra.views.queries.timeline import TimelineQueries
from infra.views.tables import Tables


class Queries:
    """The views. Safe to use from many threads."""

    def __init__(self, tables: Tables, router: Router) -> None:
        """`tables` are the primary's."""
        snapshot = Snapshot(tables, router)
        self.documents = DocumentQueries(snapshot)
        self.inbox = InboxQueries(snapshot)
        self.timeline = TimelineQueries(snapshot)
        self.people = PeopleQueries(snapshot)
        self.definitions = DefinitionQueries(snapshot)
        self.calendars = CalendarQueries(snapshot)
        self.jobs = JobQueries(snapshot)
