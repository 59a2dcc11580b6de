"""People, as decisions and sign-ins need them: asked on the primary, one statement each."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import inf

from commands.ports import Directory
from domain.actor import ADMIN, Actor
from domain.directory.facts import DirectoryFacts, Needs
from domain.directory.standing_in import Represented, represents
from infra.views.directory_facts import directory_facts, names, since
from infra.views.tables import Tables

#: How far up the chain of managers is looked: no organisation has more levels, so what is
#: longer is a circle.
LONGEST_CHAIN = 100


@dataclass(frozen=True)
class DirectoryView(Directory):
    """The port `commands.ports.Directory` on the view, and who a secret stands for."""

    tables: Tables

    def facts(self, needs: Needs, but_not: str, at: datetime | None = None) -> DirectoryFacts:
        """Return what is known of these people and their managers, and who holds these roles.

        A role counts if somebody active other than `but_not` holds it.
        """
        return directory_facts(self.tables, needs, but_not, at)

    def represented(self, login: str, at: datetime) -> Sequence[Represented]:
        """Return in whose place the person decides at this instant; one statement more if any."""
        rows = self.tables.select(
            "SELECT DISTINCT login FROM {absence} WHERE substitute = %s"
            " AND (last IS NULL OR last >= %s) AND (ended_at IS NULL OR ended_at > %s)",
            (login, *since(at)),
        )
        if not rows:
            return ()
        absent = frozenset(each for (each,) in rows)
        return represents(self.facts(Needs(absent), "", at), login, at)

    def managers_above(self, login: str) -> Sequence[str]:
        """Return the managers above a person, nearest first; at most a hundred."""
        rows = self.tables.select(
            "WITH RECURSIVE above (login, manager, level) AS ("
            " SELECT login, manager, 0 FROM {person} WHERE login = %s"
            " UNION ALL SELECT p.login, p.manager, a.level + 1"
            " FROM {person} p JOIN above a ON p.login = a.manager WHERE a.level < %s)"
            " SELECT manager FROM above WHERE manager IS NOT NULL ORDER BY level",
            (login, LONGEST_CHAIN - 1),
        )
        return [manager for (manager,) in rows]

    def is_active(self, login: str) -> bool | None:
        """Tell whether the person may act; None if there is no such person."""
        rows = self.tables.select("SELECT active FROM {person} WHERE login = %s", (login,))
        return bool(rows[0][0]) if rows else None

    def other_admins(self, login: str) -> int:
        """Return how many active people other than this one hold the role admin."""
        rows = self.tables.select(
            "SELECT COUNT(*) FROM {role_holder} JOIN {person} p USING (login)"
            " WHERE role = %s AND p.active AND p.login <> %s",
            (ADMIN, login),
        )
        return int(rows[0][0])

    def actor(self, login: str) -> Actor | None:
        """Return the person with the roles held now; None if there is none, or not active."""
        rows = self.tables.select(
            "SELECT login, roles FROM {person} WHERE login = %s AND active", (login,)
        )
        return _actor(rows)

    def signed_in(self, token_hash: str) -> tuple[Actor | None, float]:
        """Return whom the token of this hash stands for, and for how many seconds it will."""
        rows = self.tables.select(
            "SELECT p.login, p.roles, TIMESTAMPDIFF(MICROSECOND, UTC_TIMESTAMP(6), t.expires_at)"
            " FROM {token} t JOIN {person} p USING (login)"
            " WHERE t.token_hash = %s AND NOT t.revoked AND p.active"
            " AND (t.expires_at IS NULL OR t.expires_at > UTC_TIMESTAMP(6))",
            (token_hash,),
        )
        left = rows[0][2] if rows else None
        return _actor([row[:2] for row in rows]), inf if left is None else left / 1e6

    def is_party(self, actor: Actor, document: bytes) -> bool:
        """Tell whether the person requests, decides or decided the document."""
        rows = self.tables.select(
            "SELECT 1 FROM {document} WHERE document = %s AND requester = %s"
            " UNION ALL SELECT 1 FROM {party} WHERE document = %s"
            " AND (kind = 'person' AND name = %s OR kind = 'role' AND name IN %s) LIMIT 1",
            (document, actor.login, document, actor.login, names(actor.roles)),
        )
        return bool(rows)


def _actor(rows: Sequence[Sequence[str]]) -> Actor | None:
    if not rows:
        return None
    login, roles = rows[0]
    return Actor(login, frozenset(json.loads(roles)))
