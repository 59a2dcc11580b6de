"""Background jobs: who may do what when, and what becomes of an attempt."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from commands.bus import decide
from commands.handlers import HANDLERS
from domain.actor import SYSTEM, Actor
from domain.command import Command
from domain.errors import Reason, RefusedError
from domain.job.commands import (
    FailJob,
    ReportProgress,
    RequestJob,
    RetryJob,
    StartJob,
    SucceedJob,
)
from domain.job.decide import LONGEST_ERROR, MOST_PARAMETERS, pause_after
from domain.job.events import (
    JobFailed,
    JobProgressed,
    JobRequested,
    JobRetried,
    JobStarted,
    JobSucceeded,
    Result,
)
from domain.job.job import ATTEMPTS, State, evolve, fold
from domain.metadata import Event
from projections.jobs import DUE, JOBS, LONG_AGO, PATIENCE_S
from tests.builders import (
    ANN,
    AT,
    BOB,
    DOCUMENT,
    ZOE,
    Decided,
    a_meta,
    an_envelope,
    ports,
    recorded,
)
from tests.fakes import InMemoryRows

JOB = DOCUMENT
REQUESTED = JobRequested("export", {"format": "csv"}, "ann")
STARTED = JobStarted(1, "w1")
LATER = AT + timedelta(seconds=3)
WAITING = JobFailed(1, "no room", LATER)
FAILED = JobFailed(1, "no such document", None)


def when(
    history: tuple[Event, ...], command: Command, by: Actor = SYSTEM, seconds: float = 0
) -> Decided:
    envelope = an_envelope(command, by, at=AT + timedelta(seconds=seconds))
    try:
        return Decided(decide(HANDLERS[type(command)], recorded(history), envelope, ports()))
    except RefusedError as refusal:
        return Decided(refusal=refusal)


def attempts(number: int, first: int = 1) -> tuple[Event, ...]:
    """So many attempts that failed; the last one runs."""
    found: list[Event] = []
    for attempt in range(first, first + number):
        found += [JobStarted(attempt, "w1"), JobFailed(attempt, "no", AT)]
    return tuple(found[:-1])


# ---- asking


def test_whoever_asks_is_the_requester() -> None:
    when((), RequestJob(JOB, "export", {"format": "csv"}), ANN).then(REQUESTED)


def test_a_job_is_asked_for_once() -> None:
    again = RequestJob(JOB, "export", {})
    when((REQUESTED,), again, ANN).refused(Reason.ALREADY_EXISTS, "job")


@pytest.mark.parametrize(
    ("kind", "parameters", "place"),
    [
        ("No Kind", {}, "kind"),
        ("export", {f"p{number}": 1 for number in range(MOST_PARAMETERS + 1)}, "parameters"),
        ("export", {"no name": 1}, "parameters"),
        ("export", {"text": "half \ud800"}, "parameters.text"),
        ("export", {"text": "x" * 10_001}, "parameters.text"),
    ],
)
def test_what_cannot_be_stored_is_not_asked_for(
    kind: str, parameters: dict[str, object], place: str
) -> None:
    command = RequestJob(JOB, kind, parameters)  # type: ignore[arg-type]
    when((), command, ANN).refused(Reason.INVALID, place)


# ---- starting


def test_a_request_is_begun_by_the_system_alone() -> None:
    when((REQUESTED,), StartJob(JOB, 1, "w1")).then(STARTED)
    for actor in (ANN, ZOE):
        when((REQUESTED,), StartJob(JOB, 1, "w1"), actor).refused(Reason.NOT_ALLOWED)


@pytest.mark.parametrize("command", [ReportProgress, SucceedJob, FailJob])
def test_what_becomes_of_an_attempt_is_told_by_the_system_alone(command: type[Command]) -> None:
    more = {ReportProgress: (1, 2), SucceedJob: (), FailJob: ("no",)}[command]
    told = command(JOB, 1, *more)  # type: ignore[call-arg]
    assert when((REQUESTED, STARTED), told).events
    when((REQUESTED, STARTED), told, ZOE).refused(Reason.NOT_ALLOWED)
    when((), told).refused(Reason.NOT_FOUND, "job")


def test_an_attempt_whose_worker_is_dead_is_followed_by_the_next() -> None:
    when((REQUESTED, STARTED), StartJob(JOB, 2, "w2")).then(JobStarted(2, "w2"))


@pytest.mark.parametrize("attempt", [0, 1, 3])
def test_no_attempt_is_made_twice_or_left_out(attempt: int) -> None:
    when((REQUESTED, STARTED), StartJob(JOB, attempt, "w2")).refused(Reason.WRONG_STATUS, "job")


def test_a_job_that_waits_is_begun_when_it_is_due_and_not_before() -> None:
    history = (REQUESTED, STARTED, WAITING)
    when(history, StartJob(JOB, 2, "w1"), seconds=2.9).refused(Reason.WRONG_STATUS, "job")
    when(history, StartJob(JOB, 2, "w1"), seconds=3).then(JobStarted(2, "w1"))


@pytest.mark.parametrize("end", [JobSucceeded(1), FAILED])
def test_a_job_that_has_ended_is_not_begun(end: Event) -> None:
    history = (REQUESTED, STARTED, end)
    when(history, StartJob(JOB, 2, "w1")).refused(Reason.WRONG_STATUS, "job")


def test_a_job_has_so_many_attempts_whatever_ends_them() -> None:
    died = tuple(JobStarted(attempt, "w") for attempt in range(1, ATTEMPTS + 1))
    beyond = StartJob(JOB, ATTEMPTS + 1, "w")
    when((REQUESTED, *died), beyond).refused(Reason.WRONG_STATUS, "job")
    when((REQUESTED, *died[:-1]), StartJob(JOB, ATTEMPTS, "w")).then(JobStarted(ATTEMPTS, "w"))


# ---- ending


def test_an_attempt_that_is_not_the_newest_changes_nothing() -> None:
    history = (REQUESTED, STARTED, JobStarted(2, "w2"))
    for late in (ReportProgress(JOB, 1, 1, 2), SucceedJob(JOB, 1), FailJob(JOB, 1, "no")):
        when(history, late).refused(Reason.WRONG_STATUS, "job")


@pytest.mark.parametrize("end", [JobSucceeded(1), FAILED, WAITING])
def test_an_attempt_ends_once(end: Event) -> None:
    for again in (SucceedJob(JOB, 1), FailJob(JOB, 1, "no"), ReportProgress(JOB, 1, 1, 1)):
        when((REQUESTED, STARTED, end), again).refused(Reason.WRONG_STATUS, "job")


def test_success_names_what_was_made() -> None:
    made = Result("0" * 64, 3, "text/csv", "a.csv")
    when((REQUESTED, STARTED), SucceedJob(JOB, 1, made)).then(JobSucceeded(1, made))


def test_progress_is_a_part_of_a_whole() -> None:
    running = (REQUESTED, STARTED)
    when(running, ReportProgress(JOB, 1, 2, 3)).then(JobProgressed(1, 2, 3))
    for done, total in ((-1, 3), (4, 3), (0, -1)):
        when(running, ReportProgress(JOB, 1, done, total)).refused(Reason.INVALID)


def test_a_failure_is_tried_again_after_a_pause() -> None:
    pause = pause_after(JOB, 1, 1)
    when((REQUESTED, STARTED), FailJob(JOB, 1, "no")).then(JobFailed(1, "no", AT + pause))


def test_the_last_attempts_failure_is_for_good() -> None:
    last = (REQUESTED, *attempts(ATTEMPTS))
    when(last, FailJob(JOB, ATTEMPTS, "no")).then(JobFailed(ATTEMPTS, "no", None))


def test_what_cannot_succeed_fails_for_good_at_once() -> None:
    when((REQUESTED, STARTED), FailJob(JOB, 1, "no", for_good=True)).then(JobFailed(1, "no", None))


def test_an_error_is_kept_as_one_line_that_can_be_stored() -> None:
    (event,) = when((REQUESTED, STARTED), FailJob(JOB, 1, "a\n\0b \ud800" + "c" * 9000)).events
    assert isinstance(event, JobFailed)
    assert event.error.startswith("a b ?ccc")
    assert len(event.error) == LONGEST_ERROR
    (event,) = when((REQUESTED, STARTED), FailJob(JOB, 1, "\n")).events
    assert isinstance(event, JobFailed)
    assert event.error


def test_pauses_grow_and_differ_between_jobs() -> None:
    jobs = [UUID(int=number) for number in range(50)]
    for failures in range(1, ATTEMPTS):
        pauses = {pause_after(job, failures, failures) for job in jobs}
        assert len(pauses) == len(jobs)
        assert max(pauses) <= timedelta(seconds=4**failures)
        assert min(pauses) >= timedelta(seconds=4**failures / 2)
    assert pause_after(JOB, 2, 2) == pause_after(JOB, 2, 2)


# ---- asking again


def test_the_requester_and_admins_ask_again_for_what_failed_for_good() -> None:
    failed = (REQUESTED, STARTED, FAILED)
    for actor in (ANN, ZOE):
        when(failed, RetryJob(JOB), actor).then(JobRetried())
    when(failed, RetryJob(JOB), BOB).refused(Reason.NOT_ALLOWED)
    when((), RetryJob(JOB), ANN).refused(Reason.NOT_FOUND, "job")


@pytest.mark.parametrize(
    "more", [(), (STARTED,), (STARTED, WAITING), (STARTED, JobSucceeded(1)), (STARTED, FAILED)]
)
def test_only_what_failed_for_good_is_asked_for_again(more: tuple[Event, ...]) -> None:
    history = (REQUESTED, *more)
    if more[-1:] == (FAILED,):
        history = (*history, JobRetried())
    when(history, RetryJob(JOB), ANN).refused(Reason.WRONG_STATUS, "job")


def test_a_job_that_is_asked_for_again_has_as_many_attempts_as_a_new_one() -> None:
    history = (REQUESTED, STARTED, FAILED, JobRetried(), *attempts(ATTEMPTS, first=2))
    last = ATTEMPTS + 1
    when(history, FailJob(JOB, last, "no")).then(JobFailed(last, "no", None))
    earlier = FailJob(JOB, last - 1, "no")
    (event,) = when(history[:-2], earlier).events
    assert isinstance(event, JobFailed)
    assert event.retry_at == AT + pause_after(JOB, last - 1, ATTEMPTS - 1)


# ---- the fold


def test_a_job_is_what_its_events_add_up_to() -> None:
    states: list[tuple[tuple[Event, ...], State | None]] = [
        ((), None),
        ((REQUESTED,), State.REQUESTED),
        ((REQUESTED, STARTED), State.RUNNING),
        ((REQUESTED, STARTED, WAITING), State.WAITING),
        ((REQUESTED, STARTED, FAILED), State.FAILED),
        ((REQUESTED, STARTED, FAILED, JobRetried()), State.REQUESTED),
        ((REQUESTED, STARTED, JobProgressed(1, 1, 2), JobSucceeded(1)), State.SUCCEEDED),
    ]
    for history, state in states:
        found = fold(history)
        assert (found and found.state) == state


def test_events_that_are_not_a_jobs_are_an_error() -> None:
    with pytest.raises(TypeError, match="comes before the request"):
        evolve(None, STARTED)


# ---- the reaction


def due_after(*events: Event) -> dict[UUID, tuple[object, object]]:
    rows = InMemoryRows()
    history = [
        replace(each, meta=replace(a_meta(), recorded_at=AT)) for each in recorded(events, JOB)
    ]
    rows.run(JOBS, history)
    return {UUID(str(row["job"])): (row["due_at"], row["worker"]) for row in rows.all(DUE).values()}


def test_what_is_due_follows_from_the_events() -> None:
    assert due_after(REQUESTED) == {JOB: (LONG_AGO, "")}
    soon = AT + timedelta(seconds=PATIENCE_S)
    assert due_after(REQUESTED, STARTED) == {JOB: (soon, "w1")}
    assert due_after(REQUESTED, STARTED, WAITING) == {JOB: (LATER, "")}
    assert due_after(REQUESTED, STARTED, FAILED) == {}
    assert due_after(REQUESTED, STARTED, FAILED, JobRetried()) == {JOB: (LONG_AGO, "")}
    assert due_after(REQUESTED, STARTED, JobSucceeded(1)) == {}


def test_only_what_is_due_at_once_is_told() -> None:
    events = (REQUESTED, STARTED, FAILED, JobRetried(), JobStarted(2, "w1"), JobSucceeded(2))
    told = InMemoryRows().run(JOBS, recorded(events, JOB))
    assert [change.type for change in told] == ["job.requested", "job.retried"]
    assert {change.topics for change in told} == {(f"job:{JOB}",)}
