"""A run's rows as a table for people and as JSON."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from textwrap import fill
from typing import Any

from tests.benchmarks.rows import Row

Report = dict[str, Any]

_INDENT = "    "

_COLUMNS = "{:26} {:>12} {:>12}  {:>6} {:17} {:>7} {}"


def write(report: Report, path: Path) -> None:
    """Write the report to `path`, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n")


def as_json(row: Row) -> dict[str, Any]:
    """Return everything that is known of a row; figures that were not measured are missing."""
    found: dict[str, Any] = {
        "name": row.name,
        "what": row.what,
        "against": row.against,
        "unit": row.unit,
        "better": row.better,
        "target": row.target,
        "reached": row.reached,
    }
    if row.not_measured is not None:
        return {**found, "not_measured": row.not_measured}
    return {
        **found,
        "ratio": {"median": row.ratio, "min": row.spread[0], "max": row.spread[1]},
        "measured": row.measured,
        "floor": row.floor,
        "rounds": [
            {"measured": each.measured, "floor": each.floor, "ratio": each.ratio}
            for each in row.rounds
        ],
        "details": row.details,
        "load_before": row.load,
    }


def table(rows: Sequence[Row], machine: Report, load: Report) -> str:
    """Return the table with its heading."""
    lines = [
        ", ".join(f"{name} {value}" for name, value in machine.items()),
        f"load average before {load['before']}, after {load['after']} (1, 5, 15 minutes)",
        "",
        _COLUMNS.format("row", "measured", "floor", "ratio", "(min to max)", "target", "reached"),
    ]
    for row in rows:
        lines += _lines(row)
    return "\n".join(lines)


def _lines(row: Row) -> Iterator[str]:
    target = "-" if row.target is None else f">={row.target:.2f}"
    if row.not_measured is not None:
        yield _COLUMNS.format(row.name, "-", "-", "-", "", target, "not measured:")
        yield f"{_INDENT}{row.not_measured}"
        return
    low, high = row.spread
    reached = {True: "yes", False: "NO", None: ""}[row.reached]
    yield _COLUMNS.format(
        row.name,
        _amount(row.measured),
        _amount(row.floor),
        f"{row.ratio:.2f}",
        f"({low:.2f} to {high:.2f})",
        target,
        reached,
    ).rstrip()
    lower = ", lower is better" if row.better == "lower" else ""
    yield f"{_INDENT}{row.unit}{lower}: {row.what}"
    yield f"{_INDENT}against {row.against}"
    if row.details:
        details = ", ".join(f"{name} {value:.3g}" for name, value in row.details.items())
        yield fill(details, 100, initial_indent=_INDENT, subsequent_indent=_INDENT)


def _amount(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
