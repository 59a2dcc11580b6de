"""Whom notices are for, and where their mail goes: asked on the primary, one statement each."""

from collections.abc import Collection
from dataclasses import dataclass

from domain.notices import NoticeKind
from infra.views.tables import Tables


@dataclass(frozen=True)
class People:
    """Questions to the directory's view."""

    tables: Tables

    def one(self, login: str, kind: NoticeKind) -> list[str]:
        """Return the login, if the person is active and wants this kind of notice."""
        return self._recipients("p.login = %s", login, kind)

    def holders(self, role: str, kind: NoticeKind, excluded: Collection[str]) -> list[str]:
        """Return who holds the role, is active, wants such notices and is not `excluded`."""
        holding = "EXISTS (SELECT 1 FROM {role_holder} h WHERE h.login = p.login AND h.role = %s)"
        return [each for each in self._recipients(holding, role, kind) if each not in excluded]

    def address(self, login: str) -> str | None:
        """Return where the person's mail goes now; None: nowhere, also for who is inactive."""
        rows = self.tables.select(
            "SELECT m.address FROM {person} p JOIN {mailing} m USING (login)"
            " WHERE p.login = %s AND p.active",
            (login,),
        )
        return rows[0][0] if rows else None

    def name(self, login: str) -> str:
        """Return the person's name; the login where it is not known here yet."""
        rows = self.tables.select("SELECT name FROM {person} WHERE login = %s", (login,))
        return str(rows[0][0]) if rows else login

    def _recipients(self, where: str, value: str, kind: NoticeKind) -> list[str]:
        rows = self.tables.select(
            "SELECT p.login FROM {person} p LEFT JOIN {mailing} m USING (login)"
            f" WHERE {where} AND p.active AND COALESCE(m.`{kind.value}`, TRUE) ORDER BY p.login",
            (value,),
        )
        return [login for (login,) in rows]
