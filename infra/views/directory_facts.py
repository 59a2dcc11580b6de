"""What the directory tells a flow: people, members of roles and chains, as of one moment."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from operator import itemgetter
from typing import Any

import msgspec

from domain.directory.absence import Absence
from domain.directory.authority import Limit
from domain.directory.facts import (
    LONGEST_CHAIN,
    MOST_MEMBERS,
    DirectoryFacts,
    Needs,
    PersonFacts,
)
from infra.views.tables import Tables

#: No role and no login is this: it stands where a list must not be empty.
NOBODY = ""

#: Before every absence.
_EVER = datetime(1000, 1, 1, tzinfo=UTC)

#: Days of all time zones begin and end within this of those of UTC.
_A_DAY = timedelta(days=1)

# One statement, so that everything is of one moment. `named` are whom the flow names, `known` also
# their substitutes. A chain is one level longer than it may be, and a role has one member more, so
# that it shows.
_QUESTION = f"""WITH RECURSIVE up (login, depth) AS (
 SELECT login, 0 FROM {{person}} WHERE login IN %(chains)s
 UNION SELECT p.manager, u.depth + 1 FROM up u JOIN {{person}} p ON p.login = u.login
 WHERE u.depth <= {LONGEST_CHAIN} AND p.manager IS NOT NULL
), held AS (
 SELECT h.role, h.login, ROW_NUMBER() OVER (PARTITION BY h.role ORDER BY h.login) AS place
 FROM {{role_holder}} h JOIN {{person}} p ON p.login = h.login
 WHERE h.role IN %(roles)s AND p.active
), named AS (
 SELECT login FROM {{person}} WHERE login IN %(people)s
 UNION SELECT manager FROM {{person}} WHERE login IN %(people)s AND manager IS NOT NULL
 UNION SELECT login FROM up
 UNION SELECT login FROM held WHERE place <= {MOST_MEMBERS}
), known AS (
 SELECT login FROM named
 UNION SELECT a.substitute FROM named n JOIN {{absence}} a ON a.login = n.login
 WHERE a.substitute IS NOT NULL
 AND (a.last IS NULL OR a.last >= %(day)s) AND (a.ended_at IS NULL OR a.ended_at > %(at)s)
)
SELECT 'person', p.login, p.active, p.manager, p.level, p.department, p.zone, l.limits,
 NULL, NULL, NULL
FROM known k JOIN {{person}} p ON p.login = k.login LEFT JOIN {{authority}} l ON l.login = p.login
UNION ALL
SELECT 'absence', a.login, a.open_tasks, a.substitute, a.taken_over, a.absence, a.last,
 a.definitions, a.first, a.since, a.ended_at
FROM known k JOIN {{absence}} a ON a.login = k.login
WHERE (a.last IS NULL OR a.last >= %(day)s) AND (a.ended_at IS NULL OR a.ended_at > %(at)s)
UNION ALL
SELECT 'member', role, place, login, NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM held WHERE place <= {MOST_MEMBERS} + 1
UNION ALL
SELECT 'seen', NULL, c.lane, NULL, c.position, NULL, NULL, NULL, NULL, NULL, NULL
FROM %(views)s.projection j JOIN %(views)s.checkpoint c
 ON c.projection = j.name AND c.generation = j.generation
WHERE j.name = %(projection)s
"""

_limits = msgspec.json.Decoder(tuple[Limit, ...])


def directory_facts(
    tables: Tables, needs: Needs, but_not: str, at: datetime | None
) -> DirectoryFacts:
    """Return what the view says of these, on the primary. One statement.

    Absences that were over at `at` are left out but for a day; without it, none is.
    """
    day, instant = since(_EVER if at is None else at)
    rows = tables.select(
        _QUESTION.replace("%(views)s", tables.datastore.settings.views),
        {
            "people": names(needs.people),
            "roles": names(needs.roles),
            "chains": names(needs.chains),
            "day": day,
            "at": instant,
            "projection": tables.projection.name,
        },
    )
    return _told(rows, but_not)


def since(at: datetime) -> tuple[str, datetime]:
    """Return the last day and the end, as stored, before which an absence was over at `at`."""
    return (at - _A_DAY).date().isoformat(), at.astimezone(UTC).replace(tzinfo=None)


def names(given: Collection[str]) -> tuple[str, ...]:
    """Return the names for a list of SQL, which must not be empty."""
    return tuple(sorted(given)) or (NOBODY,)


def _told(rows: Iterable[Sequence[Any]], but_not: str) -> DirectoryFacts:
    found = defaultdict[str, list[Sequence[Any]]](list)
    for kind, *row in rows:
        found[kind].append(row)
    absences = defaultdict[str, list[Absence]](list)
    for away in found["absence"]:
        absences[away[0]].append(_absence(away))
    members = defaultdict[str, list[str]](list)
    for role, _, login, *_ in sorted(found["member"], key=itemgetter(0, 1)):
        members[role].append(login)
    crowded = frozenset(role for role, logins in members.items() if len(logins) > MOST_MEMBERS)
    return DirectoryFacts(
        people={row[0]: _person(row, absences[row[0]]) for row in found["person"]},
        roles=frozenset(role for role, logins in members.items() if {*logins} - {but_not}),
        members={role: tuple(logins) for role, logins in members.items() if role not in crowded},
        crowded=crowded,
        seen={lane: position for _, lane, _, position, *_ in found["seen"]},
    )


def _person(row: Sequence[Any], absences: Iterable[Absence]) -> PersonFacts:
    _, active, manager, level, department, zone, limits, *_ = row
    return PersonFacts(
        active=bool(active),
        manager=manager,
        level=level,
        department=department,
        limits=_limits.decode(limits) if limits else (),
        zone=zone,
        absences=tuple(sorted(absences, key=Absence.precedence)),
    )


def _absence(row: Sequence[Any]) -> Absence:
    _, open_tasks, substitute, taken_over, absence, last, definitions, first, since, ended = row
    return Absence(
        id=absence,
        first=date.fromisoformat(first) if first else None,
        last=date.fromisoformat(last) if last else None,
        since=since and since.replace(tzinfo=UTC),
        substitute=substitute,
        open_tasks=bool(open_tasks),
        definitions=tuple(json.loads(definitions)),
        taken_over=bool(taken_over),
        ended_at=ended and ended.replace(tzinfo=UTC),
    )
