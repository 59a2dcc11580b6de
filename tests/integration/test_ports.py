"""The ports of decisions on MariaDB keep the contract that their fakes keep."""

from uuid import uuid4

import pytest
from redis import Redis

from commands.ports import Ports, Request
from domain.events import EVENTS
from infra.codec import Codec
from infra.event_log import RecordedEventLog
from infra.feed import Feed
from infra.projecting.generations import Generations
from infra.projecting.preparing import prepare
from infra.projecting.runner import LaneRunner
from infra.views.calendars import CalendarView
from infra.views.definitions import DefinitionView
from infra.views.directory import DirectoryView
from infra.views.remembered import Remembered
from infra.views.tables import Tables
from projections.workspace import WORKSPACE
from tests.contracts.calendars_contract import CalendarsContract
from tests.contracts.directory_contract import DirectoryContract
from tests.contracts.ports_contract import PortsContract
from tests.office import WorkspaceOffice
from tests.servers import TestStore


class TestPortsOnMariaDB(PortsContract, DirectoryContract, CalendarsContract):
    @pytest.fixture(autouse=True)
    def _fresh_store(self, store: TestStore) -> None:
        factory = store.factory()
        recorder = factory.application_recorder()
        factory.tracking_recorder()  # makes the views database
        prepare(factory.datastore, WORKSPACE)
        codec = Codec(EVENTS)
        self.log = RecordedEventLog(recorder, codec)
        self.runner = LaneRunner(
            WORKSPACE, factory.datastore, recorder, codec.recorded, lambda _lane, _rows: None
        )
        self.lanes = factory.log_facts.lanes
        self.tables = Tables(factory.datastore, Generations(factory.datastore), WORKSPACE)
        feed = Feed(factory.datastore, WORKSPACE.name)
        self.remembered = Remembered(feed, WORKSPACE.name, Redis)
        self.remembered.close()  # every question is asked
        self.copied = 0

    def ports_of(self, office: WorkspaceOffice) -> Ports:
        for each in office.log.events[self.copied :]:
            request = Request(uuid4().hex, bytes(32))
            self.log.append(each.stream, each.version - 1, [each.event], each.meta, request)
        self.copied = len(office.log.events)
        for lane in range(self.lanes):
            self.runner.catch_up(lane)
        return Ports(
            DirectoryView(self.tables),
            DefinitionView(self.tables, self.remembered),
            CalendarView(self.tables, self.remembered),
        )
