"""A reader process: tails the log, and settles it in rivalry with the others.

Journal: one list of [position, stream, version] for each page that was not empty. Started
again after a kill, it goes on after the last position it had written down.
"""

import os
import random
import sys
from pathlib import Path
from time import sleep

from eventsourcing.persistence import OperationalError
from eventsourcing.utils import Environment

from infra.eventstore import MariaDBFactory
from tests.fault.journal import Journal, cut_torn_line, entries

PAUSE_S = 0.02


def run(path: Path, stop: Path, seed: str) -> None:
    cut_torn_line(path)
    pages = list(entries(path))
    after = pages[-1][-1][0] if pages else 0
    rng, journal = random.Random(seed), Journal(path)
    recorder = MariaDBFactory(Environment("storm", os.environ)).application_recorder()
    while True:
        over = stop.exists()
        try:
            page = recorder.select_notifications(
                after, rng.choice((1, 10, 100, 1000)), inclusive_of_start=False
            )
            if rng.random() < 0.1:
                recorder.max_notification_id()
        except OperationalError:  # the server is away, or a writer hangs: look again
            sleep(PAUSE_S)
            continue
        if page:
            journal.write([[n.id, n.originator_id.hex, n.originator_version] for n in page])
            after = page[-1].id
        elif over:
            return
        else:
            sleep(PAUSE_S * rng.random())


if __name__ == "__main__":
    where, who, number = sys.argv[1:4]
    run(Path(where) / f"{who}.reader", Path(where) / "readers-stop", number)
