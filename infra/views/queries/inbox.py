"""What waits for somebody's decision, oldest first."""

from dataclasses import dataclass

import msgspec

from domain.actor import Actor
from infra.views.queries.snapshot import Page, Snapshot, columns
from projections.workspace.inbox import TASK


@dataclass(frozen=True)
class InboxQueries:
    """Questions about tasks. Each is one statement."""

    snapshot: Snapshot

    def of(self, actor: Actor, after: tuple[int, str] | None, limit: int) -> Page:
        """Return the tasks of the person and of the roles held, where the person is not excluded.

        `after` is the number and the slot of the last one that was seen.
        """
        where, values = " AND NOT JSON_CONTAINS(t.excluded, %s)", [_json(actor.login)]
        if after is not None:
            number, slot = after
            where += " AND t.number >= %s AND (t.number > %s OR t.slot > %s)"
            values += [number, number, slot]
        parts: list[str] = []
        all_values: list[object] = []
        names = [("person", actor.login), *(("role", role) for role in sorted(actor.roles))]
        for kind, name in names:
            parts.append(
                f"(SELECT {columns(TASK, 't')} FROM {{task}} t WHERE t.kind = %s"
                f" AND t.assignee = %s{where} ORDER BY t.number, t.slot LIMIT {limit + 1})"
            )
            all_values += [kind, name, *values]
        rows = f"{' UNION ALL '.join(parts)} ORDER BY number, slot LIMIT {limit + 1}"
        return self.snapshot.page(TASK, rows, all_values, "number, slot", limit)


def _json(text: str) -> object:
    return msgspec.json.encode(text).decode()
