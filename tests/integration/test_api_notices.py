"""Notices over HTTP and for operators: who may see and say what, and what is to be decided."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli import command_line, mail
from infra.bootstrap import Parts
from infra.projecting.rebuild import EffectsError
from infra.settings import Settings
from infra.stack import MariaDBServer
from projections.notices import NOTICES
from tests.integration.api_world import World, a_company
from tests.mail_server import MailServer, a_mail_server
from tests.post_office import PostOffice, a_post_office, give_addresses

ALL = {"task_assigned": True, "document_decided": True, "job_finished": True}
PATH = "/v1/people/bob/notices"


@pytest.fixture(scope="module")
def world(server: MariaDBServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with a_company(server, tmp_path_factory.mktemp("redis"), "notices") as world:
        give_addresses(world)
        yield world


def brief(found: dict[str, object]) -> dict[str, object]:
    return {name: found[name] for name in ("login", "address", "notices")}


def test_who_never_said_anything_has_no_address_and_wants_all(world: World) -> None:
    for by in ("bob", "root", "ivy"):
        found = world.ok("GET", PATH, by=by)
        assert brief(found) == {"login": "bob", "address": None, "notices": ALL}
        assert {"place", "position"} < found.keys()


def test_a_person_says_where_to_and_what_and_reads_it_back(world: World) -> None:
    done = world.do("PUT", "/v1/people/fay/address", by="fay", body={"address": "f@example.org"})
    assert done["person"] == "fay"
    world.do("PUT", "/v1/people/fay/notices", by="fay", body={"job_finished": False})
    world.do("PUT", "/v1/people/fay/notices", by="root", body={"task_assigned": False})
    assert brief(world.ok("GET", "/v1/people/fay/notices", by="fay")) == {
        "login": "fay",
        "address": "f@example.org",
        "notices": {"task_assigned": False, "document_decided": True, "job_finished": False},
    }
    world.do("PUT", "/v1/people/fay/address", by="root", body={"address": None})
    assert world.ok("GET", "/v1/people/fay/notices", by="fay")["address"] is None


def test_an_address_is_for_nobody_else(world: World) -> None:
    assert world.call("GET", "/v1/people/ann/notices", by="bob").status_code == 403
    for path in ("/v1/people", "/v1/people/ann"):
        assert "ann@example.org" not in world.call("GET", path, by="bob").text
    with world.parts.writing.cursor() as cursor:
        cursor.execute(
            f"SELECT COUNT(*), SUM(INSTR(message, 'example.org')) FROM {world.store.views}.feed"
        )
        count, told = cursor.fetchone() or (0, 0)
    assert count > 0
    assert told == 0, "the feed tells no address"


@pytest.mark.parametrize(
    ("path", "body", "by", "refused"),
    [
        ("bob/address", {"address": "bob"}, "bob", (422, "address")),
        ("bob/address", {}, "bob", (422, "address")),
        ("bob/address", {"address": 7}, "bob", (422, "address")),
        ("ann/address", {"address": "bob@example.org"}, "bob", (403, None)),
        ("nobody/address", {"address": None}, "root", (404, "login")),
        ("bob/notices", {"lunch": True}, "bob", (422, "lunch")),
        ("bob/notices", {"task_assigned": "yes"}, "bob", (422, "task_assigned")),
        ("ann/notices", {"task_assigned": False}, "bob", (403, None)),
        ("nobody/notices", {"task_assigned": False}, "root", (404, "login")),
    ],
)
def test_what_cannot_be_is_refused_at_its_place(
    world: World, path: str, body: object, by: str, refused: tuple[int, str | None]
) -> None:
    answer = world.call("PUT", f"/v1/people/{path}", by=by, body=body)
    assert (answer.status_code, answer.json.get("place")) == refused, answer.text


def test_what_changes_nothing_is_said(world: World) -> None:
    answer = world.call("PUT", PATH, by="bob", body={"task_assigned": True})
    assert answer.status_code == 409, answer.text


def test_there_are_no_notices_of_nobody(world: World) -> None:
    assert world.call("GET", "/v1/people/nobody/notices", by="root").status_code == 404


# ---- operators


@pytest.fixture
def office(world: World, tmp_path: Path) -> Iterator[tuple[PostOffice, MailServer]]:
    with a_mail_server() as smtp, a_post_office(world, tmp_path, smtp) as office:
        yield office, smtp


def asked(office: PostOffice, monkeypatch: pytest.MonkeyPatch, *words: str) -> str:
    """Return what `ringi mail` prints."""
    monkeypatch.setattr(Settings, "load", lambda: office.parts.settings)
    result = CliRunner().invoke(command_line("mail"), ["mail", *words])
    if result.exception is not None:
        raise result.exception
    return result.output


def test_operators_see_what_is_refused_and_let_it_be_sent_again(
    office: tuple[PostOffice, MailServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    post, smtp = office
    smtp.answers["RCPT"] = "550 no such person"
    post.waits_for_mia()
    post.run()
    shown = asked(post, monkeypatch, "--failed")
    assert f"Mail goes to smtp://127.0.0.1:{smtp.port}" in shown
    assert "refused 1" in shown
    assert "550 no such person" in shown
    (name,) = [word for word in shown.split() if word.endswith(".mia")]
    smtp.answers.clear()
    assert "is due now" in asked(post, monkeypatch, "retry", name)
    with pytest.raises(mail.MistakeError, match="nothing to decide"):
        asked(post, monkeypatch, "retry", name)
    post.run()
    assert smtp.recipients == ["mia@example.org"]
    assert "550" not in asked(post, monkeypatch)


@pytest.mark.parametrize("words", [["retry"], ["retry", "nonsense"], ["send", "x"]])
def test_operators_who_ask_for_nothing_are_told(
    office: tuple[PostOffice, MailServer], monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    with pytest.raises(mail.MistakeError):
        asked(office[0], monkeypatch, *words)


def test_notices_are_not_rebuilt(world: World) -> None:
    parts = Parts(world.settings)
    try:
        with pytest.raises(EffectsError):
            parts.rebuild(NOTICES, lambda _: None)
    finally:
        parts.close()
