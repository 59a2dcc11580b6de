"""Who takes messages away: an SMTP server by one connection a run, or a folder."""

from dataclasses import dataclass, field, replace
from typing import Protocol

from infra.mail.book import Book
from infra.mail.deliveries import Delivery, Ending, State
from infra.mail.folder import MailFolder
from infra.mail.server import SmtpServer
from infra.mail.smtp import Bounds, BrokenError, NoConnectionError, Session


class OutOfReachError(Exception):
    """There is no server now: nothing more is to be tried in this run."""


class Carrier(Protocol):
    """Takes one message after another, for one run."""

    def carry(self, delivery: Delivery, address: str, message: bytes) -> None:
        """Try to deliver, and let the book say what came of it.

        Raises:
            OutOfReachError: there is no server now; that, too, is written down.
            PersistenceError: the database is away.
        """

    def close(self) -> None:
        """End the run."""


@dataclass(frozen=True)
class FolderCarrier:
    """Files instead of mails. Each has its delivery's name, so nothing needs to be claimed."""

    book: Book
    folder: MailFolder

    def carry(self, delivery: Delivery, _address: str, message: bytes) -> None:
        """Write the file; a full disk is tried again later."""
        try:
            self.folder.put(delivery.name, message)
        except OSError as error:
            ending = Ending(State.WAITING, f"{self.folder.folder}: {error}")
        else:
            ending = Ending(State.SENT)
        self.book.end_unclaimed(delivery, ending)

    def close(self) -> None:
        """Do nothing: no file is open."""


@dataclass
class SmtpCarrier:
    """One connection for a run; another one where it breaks."""

    book: Book
    server: SmtpServer
    sender: str
    bounds: Bounds = Bounds()  # noqa: RUF009  # frozen
    _session: Session | None = field(default=None, init=False)

    def carry(self, delivery: Delivery, address: str, message: bytes) -> None:
        """Name the recipient, claim the delivery, give the message away."""
        try:
            ending = self._addressed(address)
        except BrokenError as error:
            self._drop()
            self.book.end_unclaimed(delivery, Ending(State.WAITING, str(error)))
            if isinstance(error, NoConnectionError):
                raise OutOfReachError(str(error)) from error
            return
        if ending is not None:
            self.book.end_unclaimed(delivery, _without(address, ending))
        elif self.book.claim(delivery):
            assert self._session is not None  # noqa: S101  # it was addressed
            self.book.end(delivery, _without(address, self._session.send(message)))

    def close(self) -> None:
        """Take leave of the server. Idempotent."""
        session, self._session = self._session, None
        if session is not None:
            session.quit()

    def _addressed(self, address: str) -> Ending | None:
        if self._session is not None:
            try:
                return self._session.address(self.sender, address)
            except BrokenError:
                self._drop()  # it had served, and hung up since
        self._session = Session(self.server, self.bounds)
        return self._session.address(self.sender, address)

    def _drop(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None


def _without(address: str, ending: Ending) -> Ending:
    """Return the ending without the address: servers repeat it, and it is kept elsewhere alone."""
    return replace(ending, error=ending.error.replace(address, "(the address)"))
