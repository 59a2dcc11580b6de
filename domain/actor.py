"""Who gives a command, as the directory knew them at that moment."""

from dataclasses import dataclass
from datetime import datetime

from domain.errors import Reason, RefusedError

#: The role that manages people and definitions.
ADMIN = "admin"

#: The role that reads everything and changes nothing.
AUDITOR = "auditor"


@dataclass(frozen=True)
class Actor:
    """A person, or the system itself, with the roles that count for this command."""

    login: str
    roles: frozenset[str] = frozenset()

    def require(self, role: str) -> None:
        """Refuse who does not hold `role`.

        Raises:
            RefusedError: NOT_ALLOWED.
        """
        if role not in self.roles:
            raise RefusedError(Reason.NOT_ALLOWED, f"{self.login} does not hold the role {role}")


#: Who acts where no person does: the command line on the server itself. No login can be this.
SYSTEM = Actor("system", frozenset({ADMIN}))


@dataclass(frozen=True)
class Circumstances:
    """Who decides and when: what every decision is given beside state, command and facts."""

    actor: Actor
    at: datetime
    """Now: what is in force and who is there is asked as of this instant."""
    effective_at: datetime | None = None
    """When it happened in the world, if not now."""

    @property
    def since(self) -> datetime:
        """From when on what the decision begins has been so."""
        return self.effective_at or self.at
