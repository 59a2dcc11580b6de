"""Folders of results are cleaned by the processes of jobs, wherever the scheduler is."""

import logging
import os
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import pytest

from infra.eventstore.errors import UnreachableError
from infra.metrics.metrics import Metrics
from infra.results import Results
from infra.schedule import Period
from workers.sweeping import Sweeper


@dataclass
class FakeSchedule:
    noted: list[tuple[str, str]] = field(default_factory=list)
    away: bool = False

    def note(self, period: Period, _worker: str, error: str, _began: float, _ended: float) -> None:
        if self.away:
            raise UnreachableError("the database")
        self.noted.append((period.entry, error))


@dataclass
class FakeParts:
    """Those of a process of jobs on a machine with this folder."""

    results: Results
    schedule: FakeSchedule = field(default_factory=FakeSchedule)
    metrics: Metrics = field(default_factory=Metrics)

    def clean_results(self, every_s: float) -> int | None:
        if self.schedule.away:
            raise UnreachableError("the database")
        return self.results.sweep_in_turn(lambda: 2.0, every_s)

    def sample(self, name: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(name, labels) or 0


def with_an_old_result(folder: Path) -> FakeParts:
    results = Results(folder / "results")
    made = folder / "made"
    made.write_bytes(b"made")
    digest, _ = results.keep(made)
    os.utime(results.folder / digest[:2] / digest, (1.0, 1.0))
    return FakeParts(results)


def look(parts: FakeParts) -> None:
    Sweeper(parts).look()  # type: ignore[arg-type]


def left(parts: FakeParts) -> list[str]:
    return [path.name for path in parts.results.folder.glob("??/*")]


def test_each_machine_cleans_its_own_folder(tmp_path: Path) -> None:
    machines = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        machines.append(with_an_old_result(tmp_path / name))
    for parts in machines:
        look(parts)
        assert left(parts) == []
        assert parts.schedule.noted == [("clean the results", "")]
        assert parts.sample("ringi_cleaned_rows_total", of="results") == 1


def test_processes_that_share_a_folder_take_turns(tmp_path: Path) -> None:
    one = with_an_old_result(tmp_path)
    other = FakeParts(one.results)
    look(one)
    look(other)
    assert (len(one.schedule.noted), other.schedule.noted) == (1, [])


def test_a_trouble_is_logged_once_and_ends_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    parts = with_an_old_result(tmp_path)
    swept = parts.results.folder / "swept"
    swept.mkdir()
    sweeper = Sweeper(parts)  # type: ignore[arg-type]
    with caplog.at_level(logging.INFO):
        sweeper.look()
        sweeper.look()
        assert [record.levelname for record in caplog.records] == ["ERROR"]
        swept.rmdir()
        sweeper.look()
    assert "clean the results: IsADirectoryError" in caplog.text
    assert left(parts) == []
    assert [bool(error) for _, error in parts.schedule.noted] == [True, True, False]
    runs = {"entry": "clean the results", "outcome": "failed"}
    assert parts.sample("ringi_schedule_runs_total", **runs) == 2


def test_nothing_is_cleaned_while_nobody_can_confirm_the_time(tmp_path: Path) -> None:
    parts = with_an_old_result(tmp_path)
    parts.schedule.away = True
    look(parts)
    assert len(left(parts)) == 1
    parts.schedule.away = False
    look(parts)
    assert left(parts) == []


def test_what_another_machine_cleaned_does_not_hide_a_trouble_for_long(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "other").mkdir()
    one, other = with_an_old_result(tmp_path / "one"), with_an_old_result(tmp_path / "other")
    other.schedule = one.schedule
    (one.results.folder / "swept").mkdir()
    sweeper = Sweeper(one)  # type: ignore[arg-type]
    sweeper.look()
    look(other)
    sweeper.look()
    assert [bool(error) for _, error in one.schedule.noted] == [True, False, True]


def test_it_looks_when_the_process_begins_and_ends_when_told(tmp_path: Path) -> None:
    parts, stop = with_an_old_result(tmp_path), Event()
    stop.set()
    Sweeper(parts).attend(stop)  # type: ignore[arg-type]
    assert left(parts) == []
