"""What people say of their notices: given what happened, when this is asked, then that."""

from datetime import UTC, datetime
from functools import reduce

import pytest

from domain.actor import Actor, Circumstances
from domain.directory.commands import SetMailAddress, SetNotices
from domain.directory.events import MailAddressSet, NoticesSet, PersonAdded
from domain.directory.mailing import set_mail_address, set_notices
from domain.directory.person import Person, evolve
from domain.errors import Reason, RefusedError
from domain.metadata import Event
from domain.notices import is_address
from domain.values import Personal

AT = datetime(2026, 1, 2, tzinfo=UTC)
ANN = Circumstances(Actor("ann"), AT)
BOB = Circumstances(Actor("bob", frozenset({"auditor"})), AT)
ADMIN = Circumstances(Actor("root", frozenset({"admin"})), AT)

ADDED = PersonAdded("ann", Personal("ann", "Ann B."))
SET = MailAddressSet("ann", Personal("ann", "ann@example.org"))
OFF = NoticesSet("ann", {"task_assigned": False})


def after(*events: Event) -> Person | None:
    return reduce(evolve, events, None)


@pytest.mark.parametrize("by", [ANN, ADMIN], ids=["themselves", "an admin"])
def test_a_person_or_an_admin_says_where_notices_go(by: Circumstances) -> None:
    command = SetMailAddress("ann", "ann@example.org")
    assert set_mail_address(after(ADDED), command, by) == (SET,)
    assert set_mail_address(after(ADDED, SET), SetMailAddress("ann", None), by) == (
        MailAddressSet("ann", None),
    )
    with pytest.raises(RefusedError) as refusal:
        set_mail_address(after(ADDED, SET), command, by)
    assert refusal.value.reason is Reason.NOTHING_CHANGES


@pytest.mark.parametrize("by", [ANN, ADMIN], ids=["themselves", "an admin"])
def test_a_person_or_an_admin_says_which_notices_are_wanted(by: Circumstances) -> None:
    assert set_notices(after(ADDED), SetNotices("ann", {"task_assigned": False}), by) == (OFF,)
    asked = {"task_assigned": True, "document_decided": True, "job_finished": False}
    assert set_notices(after(ADDED, OFF), SetNotices("ann", asked), by) == (
        NoticesSet("ann", {"task_assigned": True, "job_finished": False}),
    )
    for same in ({"task_assigned": False}, {}):
        with pytest.raises(RefusedError) as refusal:
            set_notices(after(ADDED, OFF), SetNotices("ann", same), by)
        assert refusal.value.reason is Reason.NOTHING_CHANGES


def test_a_kind_that_there_is_not_is_refused_by_its_name() -> None:
    with pytest.raises(RefusedError) as refusal:
        set_notices(after(ADDED), SetNotices("ann", {"lunch": True}), ANN)
    assert (refusal.value.reason, refusal.value.place) == (Reason.UNKNOWN_FIELD, "lunch")


@pytest.mark.parametrize("there", [True, False])
def test_nobody_else_may_and_nobody_learns_who_exists(there: bool) -> None:
    person = after(ADDED) if there else None
    for decide, command in (
        (set_mail_address, SetMailAddress("ann", "bob@example.org")),
        (set_notices, SetNotices("ann", {"task_assigned": False})),
    ):
        with pytest.raises(RefusedError) as refusal:
            decide(person, command, BOB)  # type: ignore[operator]
        assert refusal.value.reason is Reason.NOT_ALLOWED
    if not there:
        with pytest.raises(RefusedError) as refusal:
            set_mail_address(None, SetMailAddress("ann", None), ADMIN)
        assert refusal.value.reason is Reason.NOT_FOUND


def test_a_person_has_the_last_address_and_is_without_what_is_switched_off() -> None:
    person = after(ADDED, SET, OFF, NoticesSet("ann", {"job_finished": False}))
    assert person == Person(
        "ann",
        "Ann B.",
        address="ann@example.org",
        muted=frozenset({"task_assigned", "job_finished"}),
    )
    assert evolve(person, NoticesSet("ann", {"task_assigned": True})).muted == {"job_finished"}
    assert evolve(person, MailAddressSet("ann", None)).address is None


@pytest.mark.parametrize(
    "text",
    [
        "ann@example.org",
        "ann.b+notices@mail.example.org",
        "a@localhost",
        f"{'x' * 64}@{'y' * 63}.org",
        "o'neil@xn--fsq.example",
    ],
)
def test_addresses_that_mail_goes_to(text: str) -> None:
    assert is_address(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ann",
        "@example.org",
        "ann@",
        "ann@-example.org",
        "ann@example..org",
        ".ann@example.org",
        "ann b@example.org",
        '"ann b"@example.org',
        "ann@example.org\n",
        "ann@example.org\r\nRCPT TO:<eve@example.org>",
        "ann@example.org>",
        "Ann <ann@example.org>",
        "änn@example.org",
        "ann@exämple.org",
        "=?utf-8?q?a?=@example.org",
        f"{'x' * 65}@example.org",
        f"ann@{'y' * 64}.org",
        f"a@{'.'.join(['y' * 60] * 5)}",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    assert not is_address(text)
    with pytest.raises(RefusedError) as refusal:
        set_mail_address(after(ADDED), SetMailAddress("ann", text), ANN)
    assert (refusal.value.reason, refusal.value.place) == (Reason.INVALID, "address")


def test_no_address_shows_in_an_event_of_another_subject() -> None:
    (event,) = set_mail_address(after(ADDED), SetMailAddress("ann", "x@example.org"), ADMIN)
    assert isinstance(event, MailAddressSet)
    assert event.address == Personal("ann", "x@example.org")
