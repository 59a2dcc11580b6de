"""What waits for somebody's decision, oldest first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC

import msgspec

from domain.actor import Actor
from domain.directory.standing_in import Represented
from infra.views.queries.snapshot import Page, Snapshot, columns
from projections.workspace.inbox import TASK


@dataclass(frozen=True)
class InboxQueries:
    """Questions about tasks. Each is one statement."""

    snapshot: Snapshot

    def of(
        self,
        actor: Actor,
        represented: Sequence[Represented],
        after: tuple[int, str] | None,
        limit: int,
    ) -> Page:
        """Return the tasks of the person and of the roles held, where the person is not excluded.

        And those of people in whose place they decide. `after` is the number and the slot of the
        last one that was seen.
        """
        where, values = " AND NOT JSON_CONTAINS(t.excluded, %s)", [_json(actor.login)]
        if after is not None:
            number, slot = after
            where += " AND t.number >= %s AND (t.number > %s OR t.slot > %s)"
            values += [number, number, slot]
        parts: list[str] = []
        all_values: list[object] = []
        for kind, name, narrowed, its_values in _asked(actor, represented):
            parts.append(
                f"(SELECT {columns(TASK, 't')} FROM {{task}} t WHERE t.kind = %s AND t.assignee"
                f" = %s{where}{narrowed} ORDER BY t.number, t.slot LIMIT {limit + 1})"
            )
            all_values += [kind, name, *values, *its_values]
        rows = f"{' UNION ALL '.join(parts)} ORDER BY number, slot LIMIT {limit + 1}"
        return self.snapshot.page(TASK, rows, all_values, "number, slot", limit)


def _asked(
    actor: Actor, represented: Sequence[Represented]
) -> Iterator[tuple[str, str, str, Sequence[object]]]:
    """Yield whose tasks are asked for, by kind and name, and which of them, as SQL with values."""
    yield "person", actor.login, "", ()
    for role in sorted(actor.roles):
        yield "role", role, "", ()
    for each in represented:
        narrowed, values = "", list[object]()
        named = each.but if each.only is None else each.only
        if named or each.only is not None:
            narrowed += f" AND t.definition {'NOT ' if each.only is None else ''}IN %s"
            values.append(tuple(sorted(named)) or ("",))
        if each.since is not None:
            narrowed += " AND t.opened_at >= %s"
            values.append(each.since.astimezone(UTC).replace(tzinfo=None))
        yield "person", each.login, narrowed, values


def _json(text: str) -> object:
    return msgspec.json.encode(text).decode()
