"""Approval logs of the shape that real ones have, from a seed; and what an import must count.

`expected` shares nothing with the importer: it counts with a status, a place in the route and the
number of payments, as a reader with pencil and paper would.
"""

import gzip
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from random import Random
from xml.sax.saxutils import quoteattr

HEADER = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<log xes.version="1.0" xmlns="http://www.xes-standard.org">\n'
    '<extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>\n'
    '<global scope="trace"><string key="concept:name" value="name"/></global>\n'
)
FOOTER = "</log>\n"

SAVED = "Declaration SAVED by EMPLOYEE"
SUBMITTED = "Declaration SUBMITTED by EMPLOYEE"
TAKEN_BACK = "Declaration REJECTED by EMPLOYEE"
MISSING = "Declaration REJECTED by MISSING"
FINAL = "Declaration FINAL_APPROVED by SUPERVISOR"
REQUESTED, HANDLED = "Request Payment", "Payment Handled"
UNKNOWN = "Send Reminder"
ELSEWHERE = "Permit SUBMITTED by EMPLOYEE"

#: The roles before the supervisor, of the routes that real rounds take, by how often they do.
ROUTES = {
    ("ADMINISTRATION",): 51,
    ("ADMINISTRATION", "BUDGET OWNER"): 27,
    (): 15,
    ("PRE_APPROVER",): 7,
    ("PRE_APPROVER", "ADMINISTRATION", "BUDGET OWNER"): 1,
}

ACTIVITIES = (
    SAVED,
    SUBMITTED,
    TAKEN_BACK,
    MISSING,
    FINAL,
    REQUESTED,
    HANDLED,
    UNKNOWN,
    ELSEWHERE,
    "Declaration APPROVED by ADMINISTRATION",
    "Declaration APPROVED by BUDGET OWNER",
    "Declaration APPROVED by SUPERVISOR",
    "Declaration REJECTED by ADMINISTRATION",
    "Declaration REJECTED by SUPERVISOR",
)


@dataclass(frozen=True)
class Sketch:
    """A case to be written down."""

    name: str
    activities: Sequence[str]
    amount: str = "12.50"


def a_log(cases: int, seed: int = 0) -> list[Sketch]:
    """Return so many cases; the same seed gives the same ones."""
    random = Random(seed)
    return [
        Sketch(f"declaration {seed}-{number}", _life(random), _amount(random))
        for number in range(cases)
    ]


def _amount(random: Random) -> str:
    exact = random.random() < 0.1
    return f"{random.uniform(0, 900):.{2 if exact else random.randint(10, 14)}f}"


def _life(random: Random) -> list[str]:
    if random.random() < 0.02:
        return [SAVED] + [SUBMITTED] * (random.random() < 0.1)
    life: list[str] = []
    for _ in range(6):
        rejected = random.random() < 0.12
        life += [SUBMITTED, *_round(random, rejected=rejected)]
        if not rejected:
            return life + _end(random)
        if random.random() < 0.7:
            life.append(TAKEN_BACK)
        if random.random() < 0.2:
            return life
    return life


def _round(random: Random, *, rejected: bool) -> list[str]:
    route = [*random.choices(list(ROUTES), list(ROUTES.values()))[0], "SUPERVISOR"]
    if not rejected:
        return [f"Declaration APPROVED by {role}" for role in route[:-1]] + [FINAL]
    by = random.randrange(len(route) + 1)
    if by == len(route):
        return [f"Declaration APPROVED by {role}" for role in route[: by // 2]]
    approved = [f"Declaration APPROVED by {role}" for role in route[:by]]
    return [*approved, f"Declaration REJECTED by {route[by]}"]


def _end(random: Random) -> list[str]:
    """Payment; seldom what a reader would not expect after a final approval."""
    match random.randrange(40):
        case 0:
            return [MISSING, SUBMITTED, FINAL, REQUESTED, HANDLED]
        case 1:
            return [HANDLED, REQUESTED]
        case 2:
            return [UNKNOWN, REQUESTED, ELSEWHERE, HANDLED, HANDLED]
        case 3:
            return []
        case _:
            return [REQUESTED, HANDLED]


def xes(sketches: Iterable[Sketch]) -> str:
    """Return the log as XES."""
    return HEADER + "".join(map(trace, sketches)) + FOOTER


def trace(sketch: Sketch) -> str:
    """Return one case as XES, its attributes on every event as these logs have them."""
    at = datetime(2018, 3, 25, 1, 30, tzinfo=timezone(timedelta(hours=1)))
    events = "".join(
        "<event>"
        f"{_string('concept:name', activity)}"
        f'<date key="time:timestamp" value="{(at + timedelta(hours=number)).isoformat()}"/>'
        f"{_string('(case)_Amount', sketch.amount)}"
        f"{_string('(case)_BudgetNumber', 'budget 7')}"
        f"{_string('org:resource', 'STAFF MEMBER')}"
        "</event>\n"
        for number, activity in enumerate(sketch.activities)
    )
    return f"<trace>{_string('concept:name', sketch.name)}\n{events}</trace>\n"


def _string(key: str, value: str) -> str:
    return f'<string key="{key}" value={quoteattr(value)}/>'


def write(path: Path, sketches: Iterable[Sketch]) -> Path:
    """Write the log, compressed if the name says so, and return where it is."""
    content = xes(sketches).encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


@dataclass
class Expected:
    """What an import must count."""

    accepted: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    refused_cases: int = 0
    ignored: int = 0
    drafts: int = 0
    approved: int = 0
    """Documents that were approved."""


def expected(sketches: Iterable[Sketch]) -> Expected:
    """Return what an import of the log must count; revisions apart."""
    found = Expected()
    for sketch in sketches:
        before = found.refused.total()
        _Reader(found).read(sketch.activities)
        found.refused_cases += found.refused.total() > before
    return found


class _Reader:
    def __init__(self, found: Expected) -> None:
        self._found = found
        self._status = "draft"
        self._route: list[str] = []
        self._payments: list[str] = []

    def read(self, activities: Sequence[str]) -> None:
        self._found.accepted["create"] += bool(activities)
        self._object = next((each.split()[0] for each in activities if " by " in each), "")
        for number, activity in enumerate(activities):
            if activity in {REQUESTED, HANDLED}:
                self._pay(activity)
            elif " by " not in activity or not activity.startswith(self._object):
                self._found.ignored += 1
            elif " SAVED " in activity:
                self._found.drafts += 1
            else:
                words, _, role = activity.partition(" by ")
                self._act(words.split()[-1], role, activities[number + 1 :])

    def _pay(self, activity: str) -> None:
        due = [REQUESTED, HANDLED][len(self._payments) :][:1]
        possible = self._status == "approved" and due == [activity]
        if possible:
            self._payments.append(activity)
        name = "payment_requested" if activity == REQUESTED else "payment_handled"
        self._count(name, possible=possible)

    def _act(self, verb: str, role: str, later: Sequence[str]) -> None:
        pending = self._status == "pending"
        waits = pending and self._route[0] == role
        if verb == "SUBMITTED":
            possible = self._status in {"draft", "returned", "withdrawn"}
            if possible:
                self._status, self._route = "pending", self._route_of(later)
            self._count("submit", possible=possible)
        elif verb == "REJECTED" and role == "EMPLOYEE":
            possible = self._status in {"pending", "returned"}
            self._status = "withdrawn" if possible else self._status
            self._count("withdraw", possible=possible)
        elif verb == "REJECTED":
            self._status = "returned" if waits else self._status
            self._count("reject", possible=waits)
        else:
            if waits:
                del self._route[0]
                if not self._route:
                    self._status = "approved"
                    self._found.approved += 1
            self._count("approve", possible=waits)

    def _route_of(self, later: Sequence[str]) -> list[str]:
        route: list[str] = []
        for activity in later:
            words, _, role = activity.partition(" by ")
            if not role or not activity.startswith(self._object):
                continue
            verb = words.split()[-1]
            if verb == "REJECTED" and role == "EMPLOYEE":
                break
            if verb in {"APPROVED", "FINAL_APPROVED", "REJECTED"}:
                route += [role] * (role not in route)
                if verb != "APPROVED":
                    return route
        return route + ["SUPERVISOR"] * ("SUPERVISOR" not in route)

    def _count(self, name: str, *, possible: bool) -> None:
        (self._found.accepted if possible else self._found.refused)[name] += 1
