"""What the service says of itself; open to all, for who asks is a machine."""

import logging
from dataclasses import dataclass

import falcon
import msgspec
from eventsourcing.persistence import PersistenceError
from redis.exceptions import RedisError

from api.problems import ApiError, Fault
from api.query import no_parameters
from infra.bootstrap import Parts

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Health:
    """/healthz: the process lives."""

    is_open = True

    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        """Say so."""
        resp.data = b'{"status":"alive"}'


@dataclass(frozen=True)
class Readiness:
    """/readyz: commands take effect here. They do without Redis, which is told of all the same."""

    parts: Parts
    is_open = True

    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        """Ask the servers behind it.

        Raises:
            ApiError: NOT_READY, the database does not answer; with which servers do not.
        """
        away = [
            name
            for name, ask in (("database", self._ask_database), ("redis", self.parts.redis.ping))
            if not _answers(name, ask)
        ]
        if "database" in away:
            raise ApiError(Fault.NOT_READY, f"no answer from {', '.join(away)}", away=away)
        resp.data = msgspec.json.encode({"status": "ready", "away": away})

    def _ask_database(self) -> object:
        """Read what every request needs: the log, and the views of the people."""
        return self.parts.recorder and self.parts.access.actor("")


@dataclass(frozen=True)
class Root:
    """/v1: where everything is."""

    links: dict[str, str]
    is_open = True

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Show the links."""
        no_parameters(req)
        resp.data = msgspec.json.encode({"links": self.links})


def _answers(name: str, ask: object) -> bool:
    try:
        ask()  # type: ignore[operator]
    except (PersistenceError, RedisError) as error:
        _log.warning("not ready: %s: %s: %s", name, type(error).__name__, error)
        return False
    return True
