"""The port EventLog on MariaDB keeps the contract that its fake keeps."""

import pytest

from domain.events import EVENTS
from infra.codec import Codec
from infra.event_log import RecordedEventLog
from tests.contracts.event_log_contract import EventLogContract
from tests.servers import TestStore


class TestRecordedEventLog(EventLogContract):
    @pytest.fixture(autouse=True)
    def _fresh_store(self, store: TestStore) -> None:
        self.store = store

    def open(self) -> RecordedEventLog:
        return RecordedEventLog(self.store.recorder(), Codec(EVENTS))
