"""The directory as people see it."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from domain.notices import NoticeKind
from infra.projecting.cells import RowForm
from infra.views.queries.snapshot import Page, Shown, Snapshot, columns, one
from projections.base import Table
from projections.workspace.directory import ABSENCE, MAILING, PERSON, TOKEN
from projections.workspace.plain import plain_row

#: What is told of a token. Its hash is nobody's business.
_TOKEN = Table(
    TOKEN.name,
    tuple(column for column in TOKEN.columns if column.name != "token_hash"),
    key=TOKEN.key,
)


_ABSENCE = RowForm(ABSENCE)


@dataclass(frozen=True)
class PeopleQueries:
    """Questions about people. Each is one statement."""

    snapshot: Snapshot

    def one(self, login: str) -> tuple[Shown, Mapping[str, object] | None]:
        """Return a person, None if there is none."""
        shown, found = self.snapshot.read(
            f"SELECT {columns(PERSON)} FROM {{person}} WHERE login = %s", (login,)
        )
        row = one(PERSON, found)
        return shown, None if row is None else plain_row(row)

    def whole(self, login: str) -> tuple[Shown, Mapping[str, object] | None]:
        """Return a person with what is not for everybody, None if there is none.

        That is `limits`; `absences` and `stands_in_for`, which others' absences name the person:
        of both those that are not over, the earliest first.
        """
        ahead = (
            f"SELECT {columns(ABSENCE)} FROM {{absence}} WHERE %s = {{by}} AND ended_at IS NULL"
            " AND (last IS NULL OR last >= CAST(UTC_DATE() - INTERVAL 1 DAY AS CHAR))"
        )
        away = ", ".join(f"a.`{each.name}` AS `away_{each.name}`" for each in ABSENCE.columns)
        shown, found = self.snapshot.read(
            f"SELECT {columns(PERSON, 'p')}, l.limits, {away}"
            " FROM {person} p LEFT JOIN {authority} l USING (login)"
            f" LEFT JOIN ({ahead.replace('{by}', 'login')} UNION ALL"
            f" {ahead.replace('{by}', 'substitute')}) a ON TRUE WHERE p.login = %s",
            (login, login, login),
        )
        row = one(PERSON, found)
        if row is None:
            return shown, None
        width = len(PERSON.columns)
        absences = sorted(
            (
                plain_row(_ABSENCE.loaded(tuple(each[width + 1 :])))
                for each in found
                if each[width + 1]
            ),
            key=lambda each: (str(each["first"] or ""), str(each["absence"])),
        )
        return shown, {
            **plain_row(row),
            "limits": json.loads(found[0][width] or "[]"),
            "absences": [each for each in absences if each["login"] == login],
            "stands_in_for": [each for each in absences if each["login"] != login],
        }

    def all(self, above: int, limit: int) -> Page:
        """Return everybody, in the order in which they came, from above the number `above` on."""
        rows = (
            f"SELECT {columns(PERSON)} FROM {{person}} WHERE number > %s"
            f" ORDER BY number LIMIT {limit + 1}"
        )
        return self.snapshot.page(PERSON, rows, (above,), "number", limit)

    def names(self, logins: Collection[str]) -> Mapping[str, str]:
        """Return the names of these people, some at the least, by login; of who is known."""
        _, found = self.snapshot.read(
            "SELECT login, name FROM {person} WHERE login IN %s", (sorted(logins),)
        )
        return {row[0]: row[1] for row in found}

    def mailing(self, login: str) -> tuple[Shown, Mapping[str, object] | None]:
        """Return where a person's notices go and which are wanted, None if there is no person."""
        kinds = ", ".join(f"COALESCE(m.`{kind.value}`, TRUE)" for kind in NoticeKind)
        shown, found = self.snapshot.read(
            f"SELECT p.login, m.address, {kinds} FROM {{person}} p"
            " LEFT JOIN {mailing} m USING (login) WHERE p.login = %s",
            (login,),
        )
        return shown, one(MAILING, found)

    def tokens(self, login: str, above: str, limit: int) -> Page:
        """Return a person's tokens by their ids, from above the id `above` on."""
        rows = (
            f"SELECT {columns(_TOKEN)} FROM {{token}} WHERE login = %s AND token > %s"
            f" ORDER BY token LIMIT {limit + 1}"
        )
        return self.snapshot.page(_TOKEN, rows, (login, above), "token", limit)
