"""A status in lines for eyes: what is well is short, what is not has a row of its own."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby

from api.cli.layout import (
    WIDTH,
    columns,
    cut_in_the_middle,
    duration,
    from_now,
    section,
    wrapped,
)

Row = Mapping[str, object]
Report = Mapping[str, Sequence[Row]]
"""The rows of each table, by its title; every row has the same columns."""

#: Characters of an address, and of a replica's place, that are shown.
_ADDRESS = WIDTH - 9
_PLACE = 60


def status_lines(addresses: Mapping[str, str], shown: Report, now: datetime) -> Iterator[str]:
    """Give the lines of a status, none wider than a terminal. Says something of every table."""
    for name, address in addresses.items():
        yield f"{name:8} {cut_in_the_middle(address, _ADDRESS)}"
    for title, rows in shown.items():
        heading, lines_of = _SECTIONS[title]
        yield from section(heading, lines_of(rows, now) if rows else ["none"])


def _programs(rows: Sequence[Row], _now: datetime) -> list[str]:
    return columns(
        [
            (
                str(row["name"]),
                str(row["state"]),
                f"pid {row['pid']}" if row["pid"] else "",
                "" if row["uptime_s"] is None else f"for {duration(_number(row['uptime_s']))}",
                str(row["metrics"] or ""),
            )
            for row in rows
        ]
    )


def _projections(rows: Sequence[Row], _now: datetime) -> list[str]:
    """Return a line for each projection, and below it one for each lane that lags."""
    lines = []
    for name, its in groupby(rows, lambda row: str(row["projection"])):
        lanes = list(its)
        behind = [lane for lane in lanes if lane["lag_events"] or lane["lag_s"]]
        count = "1 lane" if len(lanes) == 1 else f"{len(lanes)} lanes"
        said = [count, f"up to position {max(int(str(lane['position'])) for lane in lanes)}"]
        said += [_worst(behind)] if behind else ["no lag"]
        said += [f"generation {lanes[0]['generation']}"]
        lines += wrapped(f"{name}: {', '.join(said)}")
        lines += columns(
            [
                (f"  lane {lane['lane']}", f"position {lane['position']}", _lag(lane))
                for lane in behind
            ]
        )
    return lines


def _worst(behind: Sequence[Row]) -> str:
    events = max(_number(lane["lag_events"]) for lane in behind)
    seconds = max(_number(lane["lag_s"]) for lane in behind)
    return f"lag up to {events:.0f} events and {duration(seconds)}"


def _lag(row: Row) -> str:
    """Return how far a lane or a replica is behind; empty where nobody knows."""
    events, seconds = row["lag_events"], row["lag_s"]
    if not events and not seconds:
        return "lag unknown" if events is None else "no lag"
    told = [] if events is None else [f"{events} events"]
    return f"lag {', '.join([*told, *([] if seconds is None else [duration(_number(seconds))])])}"


def _parked(rows: Sequence[Row], _now: datetime) -> list[str]:
    """Return what each projection could not fold, and what to do about it."""
    with_some = [row for row in rows if row["parked"]]
    lines = columns([(str(row["projection"]), f"{row['parked']} parked") for row in with_some])
    hints = [f"`ringi retry {row['projection']}` shows why" for row in with_some]
    return [*lines, *hints] or ["none"]


def _counts(name: str, count: str) -> Callable[[Sequence[Row], datetime], list[str]]:
    """Return what says each row as `name count`, all in one line."""
    return lambda rows, _: wrapped(", ".join(f"{row[name]} {row[count]}" for row in rows))


def _mail(rows: Sequence[Row], _now: datetime) -> list[str]:
    """Return one line of what there is; states that nothing is in are left out."""
    return wrapped(
        ", ".join(
            f"{str(state).replace('_', ' ')} {count}"
            for row in rows
            for state, count in row.items()
            if count
        )
        or "none yet"
    )


def _schedule(rows: Sequence[Row], now: datetime) -> list[str]:
    """Return a line for each entry, and below it why it failed or by how much it is late."""
    table = columns(
        [
            (
                str(row["entry"]),
                f"ran {from_now(str(row['last_run']), now)}",
                "not ended"
                if row["took_s"] is None
                else f"took {duration(_number(row['took_s']))}",
                _next(row, now),
            )
            for row in rows
        ]
    )
    lines = []
    for row, line in zip(rows, table, strict=True):
        lines.append(line)
        lines += wrapped(str(row["error"]), "    ")
    return lines


def _next(row: Row, now: datetime) -> str:
    if row["late_s"]:
        return f"{duration(_number(row['late_s']))} late"
    return "" if row["next_run"] is None else f"next {from_now(str(row['next_run']), now)}"


def _replicas(rows: Sequence[Row], _now: datetime) -> list[str]:
    """Return some lines for each replica: where it is, whether it is asked, how far it is."""
    lines = []
    for row in rows:
        lines.append(cut_in_the_middle(str(row["replica"]), _PLACE))
        lines += wrapped(str(row["state"]), "  ")
        positions = row["positions"]
        if isinstance(positions, Mapping):
            reached = max((int(str(each)) for each in positions.values()), default=0)
            far = [f"views up to position {reached}", f"log up to {row['mark']}", _lag(row)]
            lines += wrapped(", ".join(far), "  ")
    return lines


def _errors(rows: Sequence[Row], _now: datetime) -> list[str]:
    return [line for row in rows for line in wrapped(str(row["error"]))]


def _number(value: object) -> float:
    return float(str(value))


#: Each table's heading and what makes its lines, by its title in a report.
_SECTIONS: Mapping[str, tuple[str, Callable[[Sequence[Row], datetime], list[str]]]] = {
    "programs": ("Programs", _programs),
    "lanes": ("Projections", _projections),
    "parked": ("Parked events", _parked),
    "queues": ("Queues", _counts("queue", "messages")),
    "mail": ("Mail", _mail),
    "schedule": ("Schedule", _schedule),
    "jobs": ("Jobs that have not succeeded", _counts("state", "jobs")),
    "replicas": ("Replicas", _replicas),
    "work": ("How far the work is, is not known", _errors),
}
