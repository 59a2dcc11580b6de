"""The table of the schedule: one run for all schedulers, one for all that were missed."""

from threading import Barrier, Thread

import pytest

from infra.schedule import CLOCK, NOTED_S, Period, Schedule
from tests.integration.observing import rows
from tests.servers import TestStore

HOURLY = Period("clean", 3600, 600)


@pytest.fixture
def schedule(store: TestStore) -> Schedule:
    factory = store.factory()
    factory.tracking_recorder()
    return Schedule(factory.datastore)


def set_back(store: TestStore, seconds: int) -> None:
    """Let so much time pass."""
    rows(
        store.server,
        f"UPDATE {store.views}.schedule SET last_started = last_started - INTERVAL {seconds} SECOND"
        f", last_ended = last_ended - INTERVAL {seconds} SECOND",
    )


def test_an_entry_is_due_at_first_and_after_its_period(
    store: TestStore, schedule: Schedule
) -> None:
    assert schedule.claim(HOURLY, "one")
    schedule.end("clean", "one", "")
    assert not schedule.claim(HOURLY, "one")
    set_back(store, 3599)
    assert not schedule.claim(HOURLY, "one")
    set_back(store, 2)
    assert schedule.claim(HOURLY, "one")


def test_what_was_missed_is_made_up_for_once(store: TestStore, schedule: Schedule) -> None:
    assert schedule.claim(HOURLY, "one")
    schedule.end("clean", "one", "")
    set_back(store, 30 * 3600)
    assert schedule.claim(HOURLY, "one")
    schedule.end("clean", "one", "")
    assert not schedule.claim(HOURLY, "one")


@pytest.mark.parametrize("ended", [True, False])
def test_an_entry_that_ran_before_the_clock_was_set_back_is_due_and_shown(
    store: TestStore, schedule: Schedule, ended: bool
) -> None:
    assert schedule.claim(HOURLY, "one")
    if ended:
        schedule.end("clean", "one", "")
    set_back(store, -365 * 24 * 3600)
    (row,) = schedule.rows()
    assert (row["error"], row["late_s"]) == (CLOCK, 0)
    assert row["next_run"] is not None
    assert row["next_run"] < row["last_run"]  # type: ignore[operator]
    assert schedule.claim(HOURLY, "other")
    assert not schedule.claim(HOURLY, "one")
    (row,) = schedule.rows()
    assert (row["error"], row["worker"]) == ("", "other")


def test_a_clock_set_back_during_a_run_shows_no_negative_time(
    store: TestStore, schedule: Schedule
) -> None:
    assert schedule.claim(HOURLY, "one")
    set_back(store, -30)
    schedule.end("clean", "one", "")
    (row,) = schedule.rows()
    assert (row["took_s"], row["error"]) == (0.0, "")
    assert not schedule.claim(HOURLY, "other"), "so little may be a rival's"


def test_of_many_schedulers_one_has_the_entry(store: TestStore, schedule: Schedule) -> None:
    barrier, taken = Barrier(8), list[str]()

    def rival(name: str) -> None:
        barrier.wait(30)
        if schedule.claim(HOURLY, name):
            taken.append(name)

    for _ in range(5):
        taken.clear()
        rivals = [Thread(target=rival, args=(str(number),)) for number in range(8)]
        for thread in rivals:
            thread.start()
        for thread in rivals:
            thread.join(30)
        assert len(taken) == 1
        schedule.end("clean", taken[0], "")
        set_back(store, 3601)


def test_the_claim_of_a_dead_scheduler_is_void_in_the_end(
    store: TestStore, schedule: Schedule
) -> None:
    brief = Period("clean", 60, 600)
    assert schedule.claim(brief, "dead")
    set_back(store, 500)
    assert not schedule.claim(brief, "other")
    set_back(store, 101)
    assert schedule.claim(brief, "other")
    schedule.end("clean", "dead", "it was not dead, but slow")
    (row,) = schedule.rows()
    assert (row["worker"], row["error"], row["next_run"]) == ("other", "", None)


def test_a_status_shows_runs_errors_and_what_is_late(store: TestStore, schedule: Schedule) -> None:
    schedule.claim(HOURLY, "one")
    schedule.end("clean", "one", "x" * 1000)
    schedule.note(Period("tick", 1, 10), "two", "gone", 2.5, 0.5)
    schedule.note(Period("hangs", 1, 10), "two", "", 100 + NOTED_S, None)
    clean, hangs, tick = schedule.rows()
    assert (clean["entry"], clean["error"], clean["late_s"]) == ("clean", "x" * 500, 0)
    assert clean["took_s"] is not None
    assert clean["next_run"] is not None
    assert clean["next_run"] > clean["last_run"]  # type: ignore[operator]
    assert (tick["took_s"], tick["error"], tick["late_s"]) == (2.0, "gone", 0)
    assert (hangs["took_s"], hangs["next_run"], hangs["late_s"]) == (None, None, 90)
