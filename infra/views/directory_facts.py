"""What the directory tells a flow: people, members of roles, chains; few statements for all."""

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
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

#: Logins in one statement: beyond 999 MariaDB makes a subquery of an IN.
_LOGINS = 500

# One member more than a role may have, and one level more than a chain: so that it shows.
_MEMBERS = (
    "(SELECT 'member', h.role, h.login, NULL FROM {role_holder} h JOIN {person} p USING (login)"
    f" WHERE h.role = %s AND p.active ORDER BY h.login LIMIT {MOST_MEMBERS + 1})"
)
_CHAINS = (
    "(SELECT DISTINCT 'person', NULL, login, NULL FROM (WITH RECURSIVE up (login, depth) AS ("
    " SELECT login, 0 FROM {person} WHERE login IN %s"
    " UNION ALL SELECT p.manager, u.depth + 1 FROM up u JOIN {person} p ON p.login = u.login"
    f" WHERE u.depth <= {LONGEST_CHAIN} AND p.manager IS NOT NULL)"
    " SELECT login FROM up) chains)"
)
_MANAGERS = "(SELECT 'person', NULL, manager, NULL FROM {person} WHERE login IN %s)"
_SEEN = (
    "(SELECT 'seen', NULL, c.lane, c.position FROM %(views)s.projection p"
    " JOIN %(views)s.checkpoint c ON c.projection = p.name AND c.generation = p.generation"
    " WHERE p.name = %s)"
)

_PEOPLE = (
    "SELECT p.login, p.active, p.manager, p.level, p.department, p.zone, l.limits,"
    " a.absence, a.first, a.last, a.since, a.substitute, a.open_tasks, a.definitions,"
    " a.taken_over, a.ended_at"
    " FROM {person} p LEFT JOIN {authority} l ON l.login = p.login"
    " LEFT JOIN {absence} a ON a.login = p.login"
    " AND (a.last IS NULL OR a.last >= %s) AND (a.ended_at IS NULL OR a.ended_at > %s)"
    " WHERE p.login IN %s"
)

_limits = msgspec.json.Decoder(tuple[Limit, ...])


def directory_facts(
    tables: Tables, needs: Needs, but_not: str, at: datetime | None
) -> DirectoryFacts:
    """Return what the view says of these, on the primary.

    One statement for whom the roles and chains name, one for each 500 of these people, and one for
    their substitutes, if there are any. Absences that were over at `at` are left out but for a day;
    without it, none is. `seen` is as of the first of the statements: what the others show is as
    new, or newer.
    """
    if not needs:
        return DirectoryFacts()
    named, members, seen = _named(tables, needs)
    over = since(_EVER if at is None else at)
    people = _people(tables, named, over)
    substitutes = {
        each.substitute for person in people.values() for each in person.absences if each.substitute
    }
    people |= _people(tables, substitutes - named, over)
    crowded = frozenset(role for role, logins in members.items() if len(logins) > MOST_MEMBERS)
    return DirectoryFacts(
        people=people,
        roles=frozenset(role for role, logins in members.items() if {*logins} - {but_not}),
        members={
            role: tuple(sorted(logins)) for role, logins in members.items() if role not in crowded
        },
        crowded=crowded,
        seen=seen,
    )


def _named(
    tables: Tables, needs: Needs
) -> tuple[set[str], Mapping[str, Sequence[str]], Mapping[int, int]]:
    """Return whom the flow names, who holds its roles, and the lanes' positions. One statement."""
    parts = [_SEEN.replace("%(views)s", tables.datastore.settings.views)]
    values: list[object] = [tables.projection.name]
    for role in sorted(needs.roles):
        parts.append(_MEMBERS)
        values.append(role)
    if needs.chains:
        parts.append(_CHAINS)
        values.append(names(needs.chains))
    if needs.people:
        parts.append(_MANAGERS)
        values.append(names(needs.people))
    named, members, seen = set(needs.people), defaultdict[str, list[str]](list), {}
    for kind, role, who, position in tables.select(" UNION ALL ".join(parts), values):
        if kind == "seen":
            seen[int(who)] = position
        elif kind == "member":
            members[role].append(who)
        elif who is not None:
            named.add(who)
    for logins in members.values():
        named.update(logins[:MOST_MEMBERS])
    return named, members, seen


def _people(
    tables: Tables, logins: Collection[str], over: tuple[str, datetime]
) -> dict[str, PersonFacts]:
    """Return what is known of these. One statement for each 500."""
    found: dict[str, PersonFacts] = {}
    absences = defaultdict[str, list[Absence]](list)
    waiting = sorted(logins)
    for begin in range(0, len(waiting), _LOGINS):
        for row in tables.select(_PEOPLE, (*over, waiting[begin : begin + _LOGINS])):
            login, active, manager, level, department, zone, limits, absence, *rest = row
            if login not in found:
                stated = _limits.decode(limits) if limits else ()
                found[login] = PersonFacts(bool(active), manager, level, department, stated, zone)
            if absence is not None:
                absences[login].append(_absence(absence, rest))
    for login, theirs in absences.items():
        ordered = tuple(sorted(theirs, key=Absence.precedence))
        found[login] = replace(found[login], absences=ordered)
    return found


def _absence(absence: str, row: Sequence[Any]) -> Absence:
    first, last, began, substitute, open_tasks, definitions, taken_over, ended = row
    return Absence(
        id=absence,
        first=date.fromisoformat(first) if first else None,
        last=date.fromisoformat(last) if last else None,
        since=began and began.replace(tzinfo=UTC),
        substitute=substitute,
        open_tasks=bool(open_tasks),
        definitions=tuple(json.loads(definitions)),
        taken_over=bool(taken_over),
        ended_at=ended and ended.replace(tzinfo=UTC),
    )


def since(at: datetime) -> tuple[str, datetime]:
    """Return the last day and the end, as stored, before which an absence was over at `at`."""
    return (at - _A_DAY).date().isoformat(), at.astimezone(UTC).replace(tzinfo=None)


def names(given: Collection[str]) -> tuple[str, ...]:
    """Return the names for a list of SQL, which must not be empty."""
    return tuple(sorted(given)) or (NOBODY,)
