"""A company whose people have addresses, and a process that sends its mail."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from domain.directory.commands import SetMailAddress
from infra.bootstrap import Parts
from infra.mail.carriers import SmtpCarrier
from infra.mail.overview import counts
from infra.mail.server import SmtpServer
from infra.mail.smtp import Bounds
from tests.integration.api_world import World
from tests.mail_server import MailServer

#: Time-outs that a test can wait for, apart enough to tell which one it was.
QUICK = Bounds(connect_s=0.4, command_s=0.4, verdict_s=0.6)

ADDRESSED = ("ann", "mia", "fay", "fin")


@dataclass
class PostOffice:
    """One company, and its mail."""

    world: World
    parts: Parts
    """Those of a process of jobs."""

    def run(self) -> None:
        """Bring the projections up to date, and do what a run does."""
        self.world.pump()
        self.parts.mail.run()

    def rows(self, columns: str = "login, state") -> list[tuple[Any, ...]]:
        """Return the deliveries, by notice and login."""
        with self.parts.writing.cursor() as cursor:
            cursor.execute(
                f"SELECT {columns} FROM {self.world.store.views}.delivery"
                " ORDER BY changed_at, notice, login"
            )
            return list(cursor.fetchall())

    @property
    def states(self) -> dict[str, str]:
        """The state of each login's delivery, where each has one."""
        found = self.rows()
        assert len(found) == len(dict(found)), found
        return dict(found)

    @property
    def counts(self) -> dict[str, int]:
        return {name: count for name, count in counts(self.parts.writing).items() if count}

    def make_due(self) -> None:
        """Let everything that waits be due now."""
        with self.parts.writing.cursor() as cursor:
            cursor.execute(
                f"UPDATE {self.world.store.views}.delivery SET due_at = UTC_TIMESTAMP(6)"
                " WHERE state = 'waiting'"
            )

    def claimed_by(self, worker: str) -> None:
        """Leave what a worker leaves that dies while it sends."""
        with self.parts.writing.cursor() as cursor:
            cursor.execute(
                f"UPDATE {self.world.store.views}.delivery SET state = 'sending', worker = %s,"
                " attempts = attempts + 1 WHERE state = 'waiting'",
                (worker,),
            )

    def waits_for_mia(self) -> UUID:
        """Let a document wait for mia; return it."""
        return UUID(self.world.pending(amount={"amount": "10.00", "currency": "EUR"}))

    def approve(self, document: UUID, by: str) -> None:
        path = f"/v1/documents/{document}/approve"
        body = {"revision": self.world.revision(str(document))}
        self.world.do("POST", path, by=by, body=body)


@contextmanager
def a_post_office(world: World, folder: Path, to: MailServer | str | None) -> Iterator[PostOffice]:
    """Give the office of a process that hands in mail `to` a server, or writes it to `folder`."""
    url = to.url if isinstance(to, MailServer) else to
    settings = replace(
        world.settings,
        smtp_url=SmtpServer.of(url) if url else None,
        mail_folder=folder,
        mail_from="ringi@example.org",
        public_url="https://ringi.example",
    )
    parts = Parts(settings)
    if settings.smtp_url:
        book, server = parts.mail.book, settings.smtp_url
        parts.mail.carrier = lambda: SmtpCarrier(book, server, settings.mail_from, QUICK)
    empty(world)
    try:
        with parts.identity:
            yield PostOffice(world, parts)
    finally:
        parts.close()


def give_addresses(world: World) -> None:
    for login in ADDRESSED:
        world.as_system(SetMailAddress(login, f"{login}@example.org"))
    world.pump()


def empty(world: World) -> None:
    """Forget all mail of the tests before."""
    world.pump()
    views = world.store.views
    with world.parts.writing.cursor() as cursor:
        for table in ("delivery", "notice", "notices_notice_1"):
            cursor.execute(f"DELETE FROM {views}.{table}")


def a_stranger() -> str:
    """Return the name of a worker that never was."""
    return uuid4().hex
