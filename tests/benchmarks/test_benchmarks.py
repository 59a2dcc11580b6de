"""The benchmarks measure what they say; how fast anything is, is no matter of a test."""

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from infra.stack import MariaDBServer
from tests.benchmarks import postgres
from tests.benchmarks.__main__ import run
from tests.benchmarks.groups import GROUPS
from tests.benchmarks.report import as_json, table, write
from tests.benchmarks.rows import Round, Row, in_turns, percentile
from tests.benchmarks.scale import Scale

SMALL = Scale(
    rounds=1,
    append_s=0.05,
    writers=(2,),
    many_writers=2,
    log_events=1_200,
    small_reads=3,
    holes=(1, 10),
    lag_appends=5,
    lag_rate=100.0,
    projected_events=1_200,
    command_s=0.1,
    latency_commands=10,
    latency_rate=50.0,
    jobs=10,
)

#: The rows that each group has.
NAMES: Mapping[str, Sequence[str]] = {
    "append": ["append/2", "append-autocommit/2"],
    "append-key": ["append-key/2"],
    "append-lock": ["append-lock/2"],
    "append-postgres": ["append-postgres/2"],
    "read": ["read/settled", "read/first"],
    "decode": ["decode"],
    "settle": [
        "settle/nothing-new",
        "settle/one-new",
        "settle/hole-1",
        "settle/hole-10",
        "settle/holes-10-apart",
    ],
    "tail": ["tail/2", "tail-bare/2"],
    "lag": ["lag/process", "lag/woken"],
    "decide": ["decide"],
    "commands": ["commands/16"],
    "projecting": ["projecting/1", "projecting/2", "projecting/count"],
    "latency": ["latency/p50", "latency/p99"],
    "jobs": ["jobs", "jobs/start"],
    "memory": ["memory"],
}


@pytest.mark.parametrize("group", GROUPS)
def test_every_row_is_measured_beside_its_floor_and_written(
    server: MariaDBServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, group: str
) -> None:
    monkeypatch.setattr(postgres, "PACKAGED", tmp_path)  # a machine without PostgreSQL
    which = shutil.which
    monkeypatch.setattr(
        shutil, "which", lambda name, **rest: None if name == "initdb" else which(name, **rest)
    )
    told: list[str] = []
    rows, report = run(server, SMALL, [group], told.append)
    write(report, tmp_path / "new" / "log.json")
    report = json.loads((tmp_path / "new" / "log.json").read_text())

    assert [row["name"] for row in report["rows"]] == NAMES[group]
    assert report["machine"]["cores"] > 0
    assert len(report["load"]["before"]) == len(report["load"]["after"]) == 3
    printed = table(rows, report["machine"], report["load"])
    for row in report["rows"]:
        assert row["name"] in printed
        assert row["what"]
        assert row["against"]
        if row["name"] == "append-postgres/2":
            assert row["not_measured"] == "no PostgreSQL on this machine"
            continue
        (one,) = row["rounds"]
        assert row["floor"] == one["floor"] != 0
        assert row["measured"] == one["measured"]
        assert row["ratio"]["median"] == one["measured"] / one["floor"]
        assert any(line.startswith(f"{row['name']}:") for line in told)


def test_pairs_begin_with_either_side_in_turns() -> None:
    order: list[str] = []

    def side(name: str, value: float) -> float:
        order.append(name)
        return value

    pairs = in_turns(3, lambda: side("measured", 8.0), lambda: side("floor", 4.0))
    assert pairs == [Round(8.0, 4.0)] * 3
    assert order == ["measured", "floor", "floor", "measured", "measured", "floor"]


def test_a_row_quotes_the_median_of_the_ratios_of_its_rounds() -> None:
    rounds = [Round(10, 10), Round(9, 3), Round(2, 1)]
    row = Row(name="x", what="a", against="b", unit="c", rounds=rounds, target=2.0)
    written = as_json(row)
    assert written["ratio"] == {"median": 2.0, "min": 1.0, "max": 3.0}
    assert (written["measured"], written["floor"], written["reached"]) == (9, 3, True)


def test_percentiles_are_values_that_occurred() -> None:
    assert percentile([3, 1, 2, 4], 50) == 2
    assert percentile(range(1, 101), 99) == 99
    assert percentile([7], 99) == 7
