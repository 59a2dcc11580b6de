"""Notices: what people are told by mail, and the form of addresses.

A notice is for one slot, or for one requester; its id is a function of the event that makes it.
"""

import re
from enum import StrEnum
from uuid import UUID, uuid5

#: The namespace of notices' ids. Another value would send what was sent once more.
NAMESPACE = UUID("0d5c9f0e-6a43-4f0b-9a55-1c6f7f0b3b7e")


class NoticeKind(StrEnum):
    """What a notice tells; a person may be without each."""

    TASK_ASSIGNED = "task_assigned"
    """A slot waits for the person, or for a role that they hold."""
    DOCUMENT_DECIDED = "document_decided"
    """A document of theirs was approved or returned."""
    JOB_FINISHED = "job_finished"
    """A background job of theirs succeeded, or failed for good."""


def notice_id(stream: UUID, version: int, number: int) -> UUID:
    """Return the id of the notice `number`, from 1, of the event at this place."""
    return uuid5(NAMESPACE, f"{stream}:{version}:{number}")


#: Characters of an address and of the part before its @, at most: RFC 5321, section 4.5.3.1.
LONGEST_ADDRESS, LONGEST_LOCAL_PART = 254, 64

#: RFC 5322's dot-atom: no quoted parts, no comments, no white space.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"({_ATOM}(?:\.{_ATOM})*)@{_LABEL}(?:\.{_LABEL})*")

#: The form of addresses in words, for messages.
ADDRESS_FORM = "a name, @ and a host, in ASCII, such as ann@example.org"


def is_address(text: str) -> bool:
    """Tell whether mail can be sent to `text`, as far as its form says; a foreign host in ASCII.

    What looks like an encoded word (RFC 2047) is none: readers of mail would decode it.
    """
    found = _ADDRESS.fullmatch(text)
    return (
        found is not None
        and "=?" not in text
        and len(text) <= LONGEST_ADDRESS
        and len(found[1]) <= LONGEST_LOCAL_PART
    )
