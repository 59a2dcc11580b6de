"""Writers, readers and settlers in processes of their own, and a hand that kills them."""

import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep
from uuid import UUID

import pymysql

from infra.stack import MariaDBServer
from tests.contracts.history import History, Seen, seen
from tests.contracts.log_contract import read_all
from tests.fault.journal import entries
from tests.servers import TestStore

#: Seconds until every process must have ended after it was told to.
PATIENCE_S = 60


class Storm:
    """One seeded run on one store; `run` returns how many events the log held at the end."""

    def __init__(
        self,
        store: TestStore,
        folder: Path,
        seed: int,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.store, self.folder, self.seed, self.tell = store, folder, seed, tell
        self.rng = random.Random(seed)
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.done: dict[str, int] = {}
        folder.mkdir(parents=True)

    @property
    def server(self) -> MariaDBServer:
        return self.store.server

    def run(self, seconds: float, *, writers: int = 4, readers: int = 3) -> int:
        self.store.recorder()  # makes the tables
        names = [f"writer-{n}" for n in range(writers)] + [f"reader-{n}" for n in range(readers)]
        for name in names:
            self.begin(name)
        mischief: list[Callable[[], None]] = [
            *[self.kill_a_process] * 4,
            *[self.stop_a_process_for_a_while] * 2,
            *[self.kill_a_connection] * 3,
            self.kill_the_server,
        ]
        try:
            end = monotonic() + seconds
            while monotonic() < end:
                sleep(self.rng.random() * 0.5)
                self.rng.choice(mischief)()
            self.finish()
        finally:
            for process in self.processes.values():
                if process.poll() is None:
                    process.kill()
                process.wait()
        return self.judge()

    def begin(self, name: str) -> None:
        lives = self.done[name] = self.done.get(name, 0) + 1
        program = f"tests.fault.{name.partition('-')[0]}"
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    program,
                    self.folder,
                    f"{name}.{lives}" if program.endswith("writer") else name,
                    f"{self.seed}/{name}/{lives}",
                ],
                env={**os.environ, **self.store.env(CREATE_TABLE="no")},
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )

    # ---- what may happen at any moment

    def kill_a_process(self) -> None:
        name = self.rng.choice(list(self.processes))
        self.tell(f"kill -9 {name}")
        self.processes[name].kill()
        self.processes[name].wait()
        self.begin(name)

    def stop_a_process_for_a_while(self) -> None:
        name = self.rng.choice(list(self.processes))
        process = self.processes[name]
        self.tell(f"kill -STOP {name}, for a while")
        process.send_signal(signal.SIGSTOP)
        sleep(self.rng.random())
        process.send_signal(signal.SIGCONT)

    def kill_a_connection(self) -> None:
        with self.server.admin() as admin, admin.cursor() as cursor:
            cursor.execute(
                "SELECT id FROM information_schema.processlist WHERE user = 'ringi_application'"
            )
            ids = [number for (number,) in cursor.fetchall()]
            if ids:
                self.tell("KILL CONNECTION of somebody")
                try:
                    cursor.execute("KILL CONNECTION %s", (self.rng.choice(ids),))
                except pymysql.MySQLError:
                    return  # it ended by itself meanwhile

    def kill_the_server(self) -> None:
        self.tell("kill -9 the database server, and start it again")
        self.server.kill()
        self.server.start()

    # ---- the end

    def finish(self) -> None:
        """Let the writers end, then the readers, who read on to what is then the end."""
        for role in ("writer", "reader"):
            (self.folder / f"{role}s-stop").touch()
            self.wait_for_all(role)

    def wait_for_all(self, role: str) -> None:
        deadline = monotonic() + PATIENCE_S
        for name, process in self.processes.items():
            if not name.startswith(role):
                continue
            code = process.wait(max(0.1, deadline - monotonic()))
            words = (self.folder / f"{name}.log").read_text()
            assert code == 0, f"{name} failed: {words}"

    def judge(self) -> int:
        history = History()
        for path in sorted(self.folder.glob("*.writer")):
            self.hear_writer(path, history)
        for path in sorted(self.folder.glob("*.reader")):
            history.readings[path.stem] = [
                (position, UUID(hex=stream), version)
                for page in entries(path)
                for position, stream, version in page
            ]
        log: list[Seen] = [seen(event) for event in read_all(self.store.recorder())]
        history.judge(log)
        for reader, reading in history.readings.items():
            assert reading == log, f"{reader} ended before the log did"
        assert history.acknowledged, "nothing was written: the run proves nothing"
        self.tell(
            f"{len(history.acknowledged)} events were acknowledged: each is there, once, at the "
            "position that its writer was told"
        )
        self.tell(
            f"{len(history.whole_or_absent)} saves got no answer (killed, cut off, or committed by "
            f"hand): each is whole or absent; {len(log) - len(history.acknowledged)} of their "
            "events are there"
        )
        self.tell(
            f"{len(history.readings)} readers, killed and started again, saw the same "
            f"{len(log)} events in the same order, each once"
        )
        return len(log)

    @staticmethod
    def hear_writer(path: Path, history: History) -> None:
        tried: list[tuple[UUID, int]] = []
        answered = True
        for kind, *rest in entries(path):
            assert kind != "unexpected conflict", f"{path.stem}: {rest}"
            if kind == "try":
                tried = [(UUID(hex=stream), version) for stream, version in rest[0]]
                answered = False
                continue
            answered = True
            if kind == "kept":
                assert rest[0] == list(range(rest[0][0], rest[0][0] + len(tried)))
                for event, position in zip(tried, rest[0], strict=True):
                    # A repeated key must give the first positions again.
                    assert history.acknowledged.setdefault(event, position) == position
            elif kind == "unknown":
                history.whole_or_absent.append(tried)
        if not answered:  # killed between the try and its answer
            history.whole_or_absent.append(tried)
