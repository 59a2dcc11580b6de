"""What surrounds a command in its headers: the key of its repetition, the version seen."""

import hashlib
import re
from dataclasses import dataclass
from uuid import UUID, uuid4, uuid5

import falcon

from api.problems import ApiError, Fault
from commands.ports import LONGEST_COMMAND_ID
from domain.streams import NAMESPACE

_VISIBLE = re.compile(r"[!-~]{1,255}")
_TAG = re.compile(r'"(0|[1-9][0-9]{0,17})"')


@dataclass(frozen=True)
class CommandHeaders:
    """The headers of one command."""

    command_id: str
    """`<login>/<Idempotency-Key>`, so that people do not meet in each other's keys; where that is
    too long for the log, the key's SHA-256 stands for it. No login holds a `/`. Without the
    header, a new UUID."""
    has_key: bool
    expected_version: int | None

    @property
    def new_document(self) -> UUID:
        """The id of the document that the command creates: the same for its repetition."""
        return self._new("document")

    @property
    def new_job(self) -> UUID:
        """The id of the background job that the command asks for: the same for its repetition."""
        return self._new("job")

    @property
    def new_absence(self) -> UUID:
        """The id of the absence that the command begins: the same for its repetition."""
        return self._new("absence")

    def _new(self, kind: str) -> UUID:
        return uuid5(NAMESPACE, f"{kind}:{self.command_id}") if self.has_key else uuid4()


def headers_of(req: falcon.Request, login: str) -> CommandHeaders:
    """Return what the headers of a command say.

    Raises:
        ApiError: MALFORMED_HEADER, with the header's name.
    """
    key = req.get_header("Idempotency-Key")
    expected_version = _expected_version(req.get_header("If-Match"))
    if key is None:
        return CommandHeaders(str(uuid4()), has_key=False, expected_version=expected_version)
    if not _VISIBLE.fullmatch(key):
        raise ApiError(
            Fault.MALFORMED_HEADER,
            "a key is 1 to 255 visible ASCII characters, such as a UUID",
            "Idempotency-Key",
        )
    command_id = f"{login}/{key}"
    if len(command_id) > LONGEST_COMMAND_ID:
        command_id = f"{login}/sha256:{hashlib.sha256(key.encode()).hexdigest()}"
    return CommandHeaders(command_id, has_key=True, expected_version=expected_version)


def _expected_version(header: str | None) -> int | None:
    if header is None or header.strip() == "*":
        return None
    match = _TAG.fullmatch(header.strip())
    if match is None:
        raise ApiError(
            Fault.MALFORMED_HEADER,
            'If-Match is one version as the ETag shows it, such as "3", or *',
            "If-Match",
        )
    return int(match[1])
