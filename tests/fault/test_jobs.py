"""Processes of jobs that are killed, messages that are lost and doubled: each job is done once."""

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import monotonic
from uuid import UUID, uuid4

import pytest

from commands.envelope import Envelope
from domain.actor import Actor
from domain.job.commands import RequestJob
from domain.job.events import JobFailed, JobStarted, JobSucceeded, Parameter
from domain.job.job import ATTEMPTS, State, fold
from domain.metadata import Channel, Event
from infra.home import CHECKOUT
from infra.jobs.queue import QUEUE_KEY
from infra.jobs.stream import now
from infra.stack import MariaDBServer
from projections.jobs import PATIENCE_S
from tests.integration.api_world import World, a_company
from tests.integration.observing import wait_until

PROJECTING, TICKING = ("-m", "workers"), ("-m", "workers.scheduler")


class Works:
    """A company, and the processes that work for it."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world, self.folder = world, folder
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self, *program: str) -> "subprocess.Popen[bytes]":
        env, settings = self.world.store.env(), self.world.settings
        given = {
            "RINGI_HOME": str(self.folder),
            "RINGI_DATABASE_URL": env["MARIADB_URL"],
            "RINGI_LOG": settings.log,
            "RINGI_VIEWS": settings.views,
            "RINGI_REDIS_URL": settings.redis_url,
            "RINGI_RESULTS_FOLDER": str(settings.results_folder),
            "PYTHONPATH": str(CHECKOUT),
        }
        plain = {name: text for name, text in os.environ.items() if not name.startswith("RINGI_")}
        with (self.folder / "processes.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, *program], env={**plain, **given}, stdout=log, stderr=log
            )
        self.processes.append(process)
        return process

    def start_jobs(self, *arguments: str) -> "subprocess.Popen[bytes]":
        """Start a process of jobs, and wait until it works."""
        before = self.log().count("working, 4 threads")
        process = self.start("-m", "tests.job_process", *arguments)
        wait_until(lambda: self.log().count("working, 4 threads") > before, "it works")
        return process

    def end(self, processes: Sequence["subprocess.Popen[bytes]"] = ()) -> None:
        for process in processes or self.processes:
            process.kill()
            process.wait()

    def log(self) -> str:
        path = self.folder / "processes.log"
        return path.read_text() if path.exists() else ""

    def ask(self, kind: str, **parameters: Parameter) -> UUID:
        job = uuid4()
        command = RequestJob(job, kind, parameters)
        envelope = Envelope(command, uuid4().hex, Actor("ann"), now(), Channel.API)
        self.world.parts.bus.handle(envelope)
        return job

    def events(self, job: UUID) -> list[Event]:
        return [each.event for each in self.world.parts.log.load(job)]

    def state(self, job: UUID) -> State:
        found = fold(self.events(job))
        assert found is not None
        return found.state

    def wait_for(self, job: UUID, state: State = State.SUCCEEDED) -> list[Event]:
        wait_until(lambda: self.state(job) is state, f"the job is {state}")
        return self.events(job)

    def count(self, job: UUID, kind: type[Event]) -> int:
        return sum(isinstance(each, kind) for each in self.events(job))


@pytest.fixture(scope="module")
def company(server: MariaDBServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with a_company(server, tmp_path_factory.mktemp("redis"), "jobfault") as world:
        works = Works(world, tmp_path_factory.mktemp("company"))
        works.start(*PROJECTING)
        works.start(*TICKING)
        yield world
        works.end()


@pytest.fixture
def works(company: World, tmp_path: Path) -> Iterator[Works]:
    works = Works(company, tmp_path)
    yield works
    works.end()


class Gate:
    """Where a job of the kind `noted` writes that it runs, and what it waits for."""

    def __init__(self, folder: Path) -> None:
        self.notes, self.gate = folder / uuid4().hex, folder / uuid4().hex

    @property
    def parameters(self) -> dict[str, Parameter]:
        return {"notes": str(self.notes), "gate": str(self.gate)}

    def wait_for_run(self, number: int = 1) -> None:
        def ran() -> bool:
            return self.notes.exists() and len(self.notes.read_text().splitlines()) >= number

        wait_until(ran, f"it runs for the {number}. time")

    def open(self) -> None:
        self.gate.touch()


def test_a_job_whose_process_is_killed_is_done_by_another(works: Works, tmp_path: Path) -> None:
    first, gate = works.start_jobs(), Gate(tmp_path)
    job = works.ask("noted", **gate.parameters)
    gate.wait_for_run()
    works.start_jobs()
    killed = monotonic()
    first.kill()
    gate.wait_for_run(2)
    assert monotonic() - killed < PATIENCE_S + 10
    gate.open()
    events = works.wait_for(job)
    assert [type(each) for each in events[1:]] == [JobStarted, JobStarted, JobSucceeded]
    assert len(gate.notes.read_text().splitlines()) == 2


def test_a_job_that_kills_its_process_fails_for_good(works: Works) -> None:
    job, parts = works.ask("kills"), works.world.parts
    with parts.identity:
        for _ in range(ATTEMPTS - 2):
            series = parts.attempts.series([job])
            assert series.due(job) is not None
            assert series.begin(job) is not None
            parts.identity.renew()
    for _ in range(2):
        assert works.start_jobs().wait(20) == -signal.SIGKILL
    works.start_jobs()
    events = works.wait_for(job, State.FAILED)
    assert works.count(job, JobStarted) == ATTEMPTS
    assert isinstance(events[-1], JobFailed)
    assert "ended before it did" in events[-1].error


def test_doubled_messages_and_two_processes_do_a_job_once(works: Works, tmp_path: Path) -> None:
    gate = Gate(tmp_path)
    works.start_jobs()
    works.start_jobs()
    jobs = [works.ask("noted", **gate.parameters) for _ in range(4)]
    parts = works.world.parts
    for _ in range(5):
        for key in parts.broker_redis.keys("ringi:hinted:*"):
            parts.broker_redis.delete(key)
        parts.job_queue.hint([(job, 1) for job in jobs])
    gate.wait_for_run(4)
    wait_until(lambda: parts.broker_redis.llen(QUEUE_KEY) == 0, "all messages are read")
    gate.open()
    for job in jobs:
        assert [type(each) for each in works.wait_for(job)[1:]] == [JobStarted, JobSucceeded]
    assert len(gate.notes.read_text().splitlines()) == 4


def test_a_redis_that_forgets_everything_loses_no_job(works: Works) -> None:
    jobs = [works.ask("text", text=str(number)) for number in range(10)]
    wait_until(lambda: len(_due(works)) >= 10, "the reaction knows them")
    works.world.redis.kill()
    works.world.redis.start()
    assert works.world.parts.broker_redis.llen(QUEUE_KEY) < 10
    works.start_jobs()
    for job in jobs:
        events = works.wait_for(job)
        assert works.count(job, JobSucceeded) == 1
        assert len(events) == 3


def test_a_process_that_is_told_to_end_ends_and_its_job_goes_on(
    works: Works, tmp_path: Path
) -> None:
    idle = works.start_jobs()
    began = monotonic()
    idle.send_signal(signal.SIGTERM)
    assert idle.wait(20) == 0
    assert monotonic() - began < 3.0
    busy, gate = works.start_jobs(), Gate(tmp_path)
    job = works.ask("noted", **gate.parameters)
    gate.wait_for_run()
    busy.send_signal(signal.SIGTERM)
    gate.open()
    assert busy.wait(20) == 0, "what was under way was ended"
    assert works.state(job) is State.SUCCEEDED


def test_a_job_that_takes_too_long_is_broken_off(works: Works) -> None:
    works.start_jobs("0.5")
    job = works.ask("endless")
    events = works.wait_for(job, State.WAITING)
    assert isinstance(events[-1], JobFailed)
    assert events[-1].error == "it took too long"


def test_one_message_of_jobs_that_end_fail_and_hang_ends_each_once(works: Works) -> None:
    works.start_jobs("0.5")
    text = [works.ask("text", text=str(number)) for number in range(8)]
    endless, cannot = works.ask("endless"), works.ask("cannot")
    works.world.parts.job_queue.hand_back([*text[:4], endless, cannot, *text[4:]])
    for job in text:
        assert [type(each) for each in works.wait_for(job)[1:]] == [JobStarted, JobSucceeded]
    works.wait_for(endless, State.WAITING)
    assert works.count(endless, JobStarted) == 1
    ended = works.wait_for(cannot, State.FAILED)
    assert ended[-1] == JobFailed(1, "there is no such thing", None)
    assert works.count(cannot, JobStarted) == 1


def test_jobs_under_random_kills_are_each_done_once(works: Works) -> None:
    rng = random.Random(7)
    running = [works.start_jobs(), works.start_jobs()]
    jobs = [works.ask("text", text=str(number)) for number in range(30)]
    for _ in range(3):
        victim = running.pop(rng.randrange(2))
        victim.kill()
        running.append(works.start_jobs())
        jobs += [works.ask("text", text=f"more {number}") for number in range(10)]
    for job in jobs:
        events = works.wait_for(job)
        assert works.count(job, JobSucceeded) == 1
        assert isinstance(events[-1], JobSucceeded)
        digest = events[-1].result.digest if events[-1].result else ""
        works.world.parts.results.open(digest).close()


def _due(works: Works) -> Sequence[object]:
    return works.world.parts.due_jobs.tables.select("SELECT job FROM {due}")
