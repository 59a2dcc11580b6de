"""Hints on Dramatiq's queue that mail is due. They may be lost or doubled without harm."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import dramatiq
from redis import Redis

from infra.feed import FeedRow
from infra.redis_clients import Outage
from infra.views.tables import Tables

#: Dramatiq's queue of mail, the name of its actor, and where its Redis broker keeps it.
QUEUE = "mail"
QUEUE_KEY = f"dramatiq:{QUEUE}"

#: Messages in the queue from which on no further ones are sent: each stands for all mail that is
#: due when it is taken up.
MOST_QUEUED = 2


class MailQueue:
    """The side of those who know that mail is due. Safe to use from many threads.

    `redis` must give up quickly (`infra.redis_clients.quick_client`), and so must `send`.
    """

    def __init__(self, redis: Redis, send: Callable[["dramatiq.Message[None]"], object]) -> None:
        self._redis = redis
        self._send = send
        self._outage = Outage("mail goes out when it is back")

    def hint(self) -> None:
        """Send a message unless enough are waiting. Never raises for Redis."""
        with self._outage.attempt() as may:
            if may and int(self._redis.llen(QUEUE_KEY)) < MOST_QUEUED:
                self._send(mail_message())

    def told(self, _lane: int, _rows: Sequence[FeedRow]) -> None:
        """Send a hint: the projection `notices` has committed what it made of new events."""
        self.hint()


@dataclass(frozen=True)
class DueMail:
    """Tells whether there is anything to do, on the server that is written to."""

    notices: Tables
    """Those of the projection `notices`."""

    def is_there(self) -> bool:
        """Tell whether notices wait, mail is due, or some is being sent. One statement.

        What is being sent is looked after by the next run, should its worker have died.
        """
        views = self.notices.datastore.settings.views
        rows = self.notices.select(
            "SELECT EXISTS (SELECT 1 FROM {notice})"
            f" OR EXISTS (SELECT 1 FROM {views}.delivery WHERE state = 'waiting'"
            " AND due_at <= UTC_TIMESTAMP(6))"
            f" OR EXISTS (SELECT 1 FROM {views}.delivery WHERE state = 'sending')"
        )
        return bool(rows[0][0])


class DueParts(Protocol):
    """What `enqueue_due_mail` needs: `infra.bootstrap.Parts` has it."""

    @property
    def due_mail(self) -> DueMail:
        """Whether anything is due."""

    @property
    def mail_queue(self) -> MailQueue:
        """Where it is told."""


def enqueue_due_mail(parts: DueParts) -> bool:
    """Tell the workers if mail is due; return whether it is.

    Safe to call at any time, by any number of processes at once. Never raises for Redis.

    Raises:
        PersistenceError: the database is away; try again later.
    """
    if not parts.due_mail.is_there():
        return False
    parts.mail_queue.hint()
    return True


def mail_message() -> "dramatiq.Message[None]":
    """Return the message for `workers.mail`."""
    return dramatiq.Message(queue_name=QUEUE, actor_name=QUEUE, args=(), kwargs={}, options={})
