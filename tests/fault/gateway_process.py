"""A gateway process of a test: `python -m tests.fault.gateway_process PORT REDIS_URL`.

Follows the real feed; the store's settings come from the environment. Rights are made up.
"""

import logging
import os
import sys
from dataclasses import dataclass

from eventsourcing.utils import Environment

from infra.eventstore import MariaDBFactory
from infra.feed import Feed
from projections.workspace import WORKSPACE
from realtime.__main__ import run
from realtime.limits import Limits
from tests.gateway import FakeAccess


@dataclass
class Parts:
    feed: Feed
    redis_url: str
    access: FakeAccess


if __name__ == "__main__":
    logging.basicConfig(level="INFO")
    port, redis_url = sys.argv[1:]
    factory = MariaDBFactory(Environment("gateway", dict(os.environ)))
    access = FakeAccess({"ann": frozenset({"clerk"}), "eve": frozenset({"admin"})})
    run(
        Parts(Feed(factory.datastore, WORKSPACE.name), redis_url, access),
        "127.0.0.1",
        int(port),
        Limits(),
    )
