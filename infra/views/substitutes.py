"""What somebody may see in the place of whom they stand in for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from domain.actor import Actor
from domain.directory.standing_in import Represented
from infra.views.directory import DirectoryView
from infra.views.directory_facts import names
from infra.views.tables import Tables


@dataclass(frozen=True)
class Substitutes:
    """Asked on the primary, as of now: an absence begins and ends without an event."""

    directory: DirectoryView
    tables: Tables
    now: Callable[[], datetime]

    def represented(self, actor: Actor) -> Sequence[Represented]:
        """Return in whose place the person decides now."""
        return self.directory.represented(actor.login, self.now())

    def sees(self, actor: Actor, document: bytes) -> bool:
        """Tell whether something of the document waits for the person as a substitute."""
        represented = self.represented(actor)
        if not represented:
            return False
        rows = self.tables.select(
            "SELECT assignee, definition, opened_at, JSON_CONTAINS(excluded, JSON_QUOTE(%s))"
            " FROM {task} WHERE document = %s AND kind = 'person' AND assignee IN %s",
            (actor.login, document, names({each.login for each in represented})),
        )
        return any(
            each.login == assignee and each.covers(definition, opened_at.replace(tzinfo=UTC))
            for assignee, definition, opened_at, excluded in rows
            for each in represented
            if not excluded
        )
