"""What must stand before a case: the definition, and people who hold its roles."""

import time
from collections.abc import Callable, Iterable
from datetime import datetime
from uuid import uuid4

from commands.bus import Bus
from commands.envelope import Envelope
from domain.actor import SYSTEM
from domain.command import Command
from domain.definition.commands import PublishDefinition
from domain.directory.commands import AddPerson, GrantRole
from domain.document.facts import Needs
from domain.errors import Reason, RefusedError
from domain.metadata import Channel
from infra.importing.declaration import (
    DEFINITION,
    MOST_APPROVERS,
    PAYMENT,
    REQUESTER,
    USUAL_APPROVERS,
    content,
)
from infra.importing.plan import Plan

#: Roles of one log, at most: each becomes a person. The logs that were seen have eight.
MOST_ROLES = 64
#: Seconds until the views must show what was just laid; with workers running it takes milliseconds.
PATIENCE_S = 30.0
_PAUSE_S = 0.01


class NotReadyError(Exception):
    """The views do not show what the import has set up."""


class TooManyRolesError(Exception):
    """The log names more roles than any organisation that it could be of."""


class Groundwork:
    """Lays what cases need, as soon as one needs it. For one thread."""

    def __init__(self, bus: Bus, now: Callable[[], datetime]) -> None:
        self._bus = bus
        self._now = now
        self._roles: frozenset[str] = frozenset()
        self._approvers = 0

    def lay(self, plan: Plan, drained: Callable[[], None]) -> bool:
        """Make sure that the definition and the people which a case needs are there, and seen.

        Returns whether something was not known to be there before.

        `drained` is called before a definition is published, and returns when all cases before
        this one are done: so the version that a case meets is the same in every run.

        Raises:
            TooManyRolesError, NotReadyError
        """
        approvers = min(max(plan.approvers, USUAL_APPROVERS), MOST_APPROVERS)
        roles = self._roles | plan.roles | {REQUESTER, PAYMENT}
        is_laid = approvers <= self._approvers and roles == self._roles
        if approvers > self._approvers:
            self._publish(approvers, drained)
        if roles != self._roles:
            self._appoint(roles)
        return not is_laid

    def _publish(self, approvers: int, drained: Callable[[], None]) -> None:
        sizes = {content(size).hash: size for size in range(approvers, MOST_APPROVERS + 1)}

        def size_in_force() -> int:
            published = self._bus.ports.definitions.latest(DEFINITION)
            return sizes.get(published.content.hash, 0) if published else 0

        if not size_in_force():
            drained()
            self._give([PublishDefinition(DEFINITION, content(approvers))])
            _wait(size_in_force, f"the definition {DEFINITION}")
        self._approvers = size_in_force()

    def _appoint(self, roles: frozenset[str]) -> None:
        if len(roles) > MOST_ROLES:
            raise TooManyRolesError(f"the log names more than {MOST_ROLES} roles")
        needs = Needs(people=roles, roles=roles)

        def missing() -> frozenset[str]:
            facts = self._bus.ports.directory.facts(needs, "")
            active = {login for login, person in facts.people.items() if person.active}
            return roles - (facts.roles & active)

        for role in sorted(missing()):
            name = role.replace("_", " ").capitalize()
            self._give([AddPerson(role, name), GrantRole(role, role)])
        _wait(lambda: not missing(), "the people who stand for the log's roles")
        self._roles = roles

    def _give(self, commands: Iterable[Command]) -> None:
        """Let the commands take effect; what is so already is well."""
        for command in commands:
            envelope = Envelope(command, f"import:{uuid4()}", SYSTEM, self._now(), Channel.IMPORT)
            try:
                self._bus.handle(envelope)
            except RefusedError as error:
                if error.reason not in {Reason.ALREADY_EXISTS, Reason.NOTHING_CHANGES}:
                    raise


def _wait(is_there: Callable[[], object], what: str) -> None:
    """Wait until the views show what was laid."""
    deadline = time.monotonic() + PATIENCE_S
    while not is_there():
        if time.monotonic() > deadline:
            raise NotReadyError(
                f"the views do not show {what} after {PATIENCE_S:.0f} s: do the workers run?"
            )
        time.sleep(_PAUSE_S)
