"""An installation for tests of the API: real servers, a small company, and a pump for its views.

The company: root administrates, ivy audits, ann asks, mia is her manager, fay and fin do finance,
bob has nothing to do with it. A purchase is decided by the manager, and above 1000 EUR by finance.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from falcon.testing import Result, TestClient

from api.app import create_app
from commands.envelope import Envelope
from commands.ports import Outcome
from domain.actor import SYSTEM
from domain.command import Command
from domain.directory.commands import AddPerson, AssignManager, GrantRole, IssueToken
from domain.metadata import Channel
from infra.bootstrap import Parts, prepare
from infra.migrate import migrate
from infra.redis_server import RedisServer
from infra.settings import Settings
from infra.stack import MariaDBServer
from infra.tokens import new_token
from tests.servers import TestStore

PEOPLE: Mapping[str, tuple[str, ...]] = {
    "root": ("admin",),
    "ivy": ("auditor",),
    "ann": (),
    "mia": (),
    "fay": ("finance",),
    "fin": ("finance", "clerk"),
    "bob": (),
}

PURCHASE: dict[str, object] = {
    "definition": "purchase",
    "label": "Purchase",
    "fields": [
        {"name": "title", "kind": "text", "required": True},
        {"name": "amount", "kind": "money"},
        {"name": "share", "kind": "decimal"},
        {"name": "pieces", "kind": "integer"},
    ],
    "steps": [
        {"name": "lead", "approver": {"manager": "requester"}},
        {
            "name": "money",
            "approver": {"role": "finance"},
            "condition": 'amount != null && amount >= money("1000")',
        },
    ],
    "milestones": [{"name": "ordered", "role": "clerk"}, {"name": "paid", "role": "finance"}],
}

VALUES = {"title": "Chairs", "amount": {"amount": "1200.00", "currency": "EUR"}}


def settings_of(store: TestStore, redis: RedisServer) -> Settings:
    """Return what a process on these servers is told."""
    env = store.env()
    return Settings.from_env(
        {
            "RINGI_DATABASE_URL": env["MARIADB_URL"],
            "RINGI_MIGRATION_URL": env["MARIADB_MIGRATION_URL"],
            "RINGI_LOG": env["MARIADB_LOG"],
            "RINGI_VIEWS": env["MARIADB_VIEWS"],
            "RINGI_REDIS_URL": redis.url,
            "RINGI_API_THREADS": "2",
            "RINGI_RESULTS_FOLDER": str(redis.folder / "results"),
        }
    )


@dataclass
class World:
    """One company on servers of its own."""

    store: TestStore
    redis: RedisServer
    settings: Settings
    parts: Parts
    secrets: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.app = create_app(self.parts)
        self.client = TestClient(self.app)

    def pump(self) -> None:
        """Bring the views to the end of the log."""
        for runner in self.parts.runners:
            for lane in range(self.parts.lanes):
                runner.catch_up(lane)
        self.parts.remembered.forget()  # as it will, when it hears of what was published

    def as_system(self, command: Command) -> Outcome:
        at = datetime.now(UTC)  # noqa: TID251  # as an entrypoint takes it
        return self.parts.bus.handle(Envelope(command, uuid4().hex, SYSTEM, at, Channel.CLI))

    def settle_company(self) -> None:
        for login, roles in PEOPLE.items():
            self.add_person(login, *roles)
        self.pump()
        self.as_system(AssignManager("ann", "mia"))
        self.pump()
        self.ok("POST", "/v1/definitions", by="root", body=PURCHASE)
        self.pump()

    def add_person(self, login: str, *roles: str) -> None:
        self.as_system(AddPerson(login, login.title()))
        for role in roles:
            self.as_system(GrantRole(login, role))
        made = new_token()
        self.as_system(IssueToken(login, token=made.token, token_hash=made.token_hash))
        self.secrets[login] = made.secret

    def call(
        self,
        method: str,
        path: str,
        *,
        by: str | None = None,
        body: object = None,
        raw: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Result:
        """Send one request, and return the answer."""
        given = dict(headers or {})
        if by is not None:
            given.setdefault("Authorization", f"Bearer {self.secrets[by]}")
        if raw is not None:
            given.setdefault("Content-Type", "application/json")
            return self.client.simulate_request(method, path, body=raw, headers=given)
        if body is not None:
            return self.client.simulate_request(method, path, json=body, headers=given)
        return self.client.simulate_request(method, path, headers=given)

    def ok(self, method: str, path: str, **given: Any) -> Any:
        """Send a request that must succeed; return its body."""
        answer = self.call(method, path, **given)
        assert 200 <= answer.status_code < 300, answer.text
        return answer.json

    def do(self, method: str, path: str, **given: Any) -> Any:
        """Send a command that must succeed, and bring the views up to it."""
        found = self.ok(method, path, **given)
        self.pump()
        return found

    def draft(self, by: str = "ann", **values: object) -> str:
        body = {"definition": "purchase", "values": {**VALUES, **values}}
        return str(self.do("POST", "/v1/documents", by=by, body=body)["document"])

    def pending(self, by: str = "ann", **values: object) -> str:
        document = self.draft(by, **values)
        self.do("POST", f"/v1/documents/{document}/submit", by=by)
        return document

    def shown(self, document: str, by: str = "root") -> Any:
        return self.ok("GET", f"/v1/documents/{document}", by=by)

    def revision(self, document: str) -> str:
        return str(self.shown(document)["revision"])

    def events(self) -> int:
        """Return how many events the log holds."""
        with self.parts.writing.cursor() as cursor:
            cursor.execute(
                f"SELECT (SELECT COUNT(*) FROM {self.store.log}.event WHERE stream <> %s),"
                f" (SELECT COUNT(*) FROM {self.store.log}.idempotency)",
                (bytes(16),),
            )
            events, keys = cursor.fetchone()  # type: ignore[misc]
        return int(events) + int(keys)


@contextmanager
def a_company(server: MariaDBServer, folder: Path, name: str) -> Iterator[World]:
    """Give a company whose views are up to date, with a Redis of its own."""
    store, redis = TestStore(server, name), RedisServer(folder).start()
    settings = settings_of(store, redis)
    migrate(settings)
    prepare(settings)
    world = World(store, redis, settings, Parts(settings))
    try:
        world.settle_company()
        yield world
    finally:
        world.parts.close()
        redis.stop()
        store.drop()
