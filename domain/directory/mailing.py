"""What a person says of the notices that they get: where to, and which kinds."""

from domain.actor import Circumstances
from domain.directory.commands import SetMailAddress, SetNotices
from domain.directory.events import MailAddressSet, NoticesSet
from domain.directory.person import Person, own
from domain.errors import Reason, RefusedError
from domain.metadata import Event
from domain.notices import ADDRESS_FORM, NoticeKind, is_address
from domain.values import Personal


def set_mail_address(
    person: Person | None,
    command: SetMailAddress,
    circumstances: Circumstances,
    facts: None = None,  # noqa: ARG001  # every decision has the same four arguments
) -> tuple[Event, ...]:
    """Say where notices for the person go; themselves or an admin may.

    Raises:
        RefusedError: NOT_ALLOWED, NOT_FOUND, NOTHING_CHANGES; INVALID for the address.
    """
    found = own(person, command, circumstances)
    address = command.address
    if address is not None and not is_address(address):
        raise RefusedError(Reason.INVALID, f"an address is {ADDRESS_FORM}", "address")
    if address == found.address:
        raise RefusedError(Reason.NOTHING_CHANGES, "notices go there already")
    about = None if address is None else Personal(found.login, address)
    return (MailAddressSet(found.login, about),)


def set_notices(
    person: Person | None,
    command: SetNotices,
    circumstances: Circumstances,
    facts: None = None,  # noqa: ARG001  # see set_mail_address
) -> tuple[Event, ...]:
    """Say which kinds of notices the person wants; themselves or an admin may.

    Raises:
        RefusedError: NOT_ALLOWED, NOT_FOUND, NOTHING_CHANGES; UNKNOWN_FIELD for a kind.
    """
    found = own(person, command, circumstances)
    for kind in command.notices:
        if kind not in frozenset(NoticeKind):
            raise RefusedError(Reason.UNKNOWN_FIELD, "there is no such kind of notice", kind[:40])
    changed = {
        kind: wanted for kind, wanted in command.notices.items() if wanted == (kind in found.muted)
    }
    if not changed:
        raise RefusedError(Reason.NOTHING_CHANGES, "these notices are wanted so already")
    return (NoticesSet(found.login, changed),)
