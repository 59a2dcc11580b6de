"""Ranks, limits, absences over HTTP and on the command line: who says what, and who sees it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from typer.testing import CliRunner

from api.cli import command_line, person
from infra.settings import Settings
from infra.stack import MariaDBServer
from tests.integration.api_world import World, a_company

PRIVATE = {"limits", "absences", "stands_in_for"}
LIMITS = [
    {"amount": "250.00", "currency": "EUR", "definition": None},
    {"amount": "unlimited", "currency": "EUR", "definition": "purchase"},
]


@pytest.fixture(scope="module")
def world(server: MariaDBServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with a_company(server, tmp_path_factory.mktemp("redis"), "absences") as world:
        yield world


@pytest.fixture
def login(world: World) -> str:
    """A person of their own for a test."""
    login = f"p{uuid4().hex[:8]}"
    world.add_person(login)
    world.pump()
    return login


def day(days: int) -> str:
    today = datetime.now(UTC).date()  # noqa: TID251  # the absences of tests are ahead
    return (today + timedelta(days=days)).isoformat()


def seen(world: World, login: str, by: str = "root") -> dict[str, object]:
    found: dict[str, object] = world.ok("GET", f"/v1/people/{login}", by=by)
    return found


def test_an_admin_ranks_people_and_everybody_sees_it(world: World, login: str) -> None:
    world.do("PUT", f"/v1/people/{login}/level", by="root", body={"level": 4})
    world.do("PUT", f"/v1/people/{login}/department", by="root", body={"department": "A & B"})
    world.do("PUT", f"/v1/people/{login}/zone", by=login, body={"zone": "Europe/Amsterdam"})
    found = seen(world, login, by="bob")
    assert [found[name] for name in ("level", "department", "zone")] == [
        4,
        "A & B",
        "Europe/Amsterdam",
    ]
    (listed,) = [
        each
        for each in world.ok("GET", "/v1/people?limit=200", by="bob")["items"]
        if each["login"] == login
    ]
    assert listed["level"] == 4
    assert not PRIVATE & listed.keys()
    world.do("PUT", f"/v1/people/{login}/department", by="root", body={"department": None})
    world.do("PUT", f"/v1/people/{login}/level", by="root", body={"level": None})
    again = seen(world, login)
    assert (again["level"], again["department"]) == (None, "")


def test_limits_and_absences_are_for_the_person_and_who_reads_everything(
    world: World, login: str
) -> None:
    path = f"/v1/people/{login}"
    body = {"limits": [LIMITS[1], {"amount": "250.00", "currency": "EUR"}]}
    world.do("PUT", f"{path}/limits", by="root", body=body)
    body = {"first": day(3), "last": day(5), "substitute": "ann", "definitions": ["purchase"]}
    done = world.do("POST", f"{path}/absences", by=login, body=body)
    expected = {
        "login": login,
        "absence": done["absence"],
        "first": day(3),
        "last": day(5),
        "since": None,
        "substitute": "ann",
        "open_tasks": True,
        "definitions": ["purchase"],
        "taken_over": False,
        "ended_at": None,
    }
    for by in (login, "root", "ivy"):
        found = seen(world, login, by=by)
        assert found["limits"] == LIMITS
        assert found["absences"] == [expected]
        assert found["stands_in_for"] == []
    assert world.ok("GET", "/v1/me", by=login)["absences"] == [expected]
    assert expected in world.ok("GET", "/v1/me", by="ann")["stands_in_for"]
    assert not PRIVATE & seen(world, login, by="bob").keys()
    with world.parts.writing.cursor() as cursor:
        cursor.execute(
            f"SELECT SUM(INSTR(message, %s) OR INSTR(message, '250.00')) FROM"
            f" {world.store.views}.feed WHERE message LIKE %s",
            (day(5), f"%{login}%"),
        )
        assert cursor.fetchone() == (0,), "the feed tells no limit and no absence"


def test_an_absence_is_planned_once_and_cancelled(world: World, login: str) -> None:
    path = f"/v1/people/{login}/absences"
    body = {"first": day(1), "last": day(1), "substitute": "bob", "open_tasks": False}
    key = {"Idempotency-Key": uuid4().hex}
    first = world.call("POST", path, by=login, body=body, headers=key)
    assert first.status_code == 201
    assert first.headers["Location"] == f"{path}/{first.json['absence']}"
    world.pump()
    again = world.ok("POST", path, by=login, body=body, headers=key)
    assert (again["absence"], again["repeated"]) == (first.json["absence"], True)
    assert world.call("POST", path, by=login, body=body).status_code == 422
    world.do("DELETE", f"{path}/{first.json['absence']}", by="root")
    assert seen(world, login)["absences"] == []
    assert world.call("DELETE", f"{path}/{first.json['absence']}", by=login).status_code == 404


def test_who_is_away_unexpectedly_is_stood_in_for_once_taken_over(world: World, login: str) -> None:
    path = f"/v1/people/{login}/absences"
    absence = world.do("POST", path, by="root", body={"substitute": "bob"})["absence"]
    (waiting,) = seen(world, login)["absences"]  # type: ignore[misc]
    assert (waiting["first"], waiting["taken_over"]) == (None, False)
    assert world.call("POST", f"{path}/{absence}/take_over", by=login).status_code == 403
    world.do("POST", f"{path}/{absence}/take_over", by="bob")
    (taken,) = seen(world, login)["absences"]  # type: ignore[misc]
    assert taken["taken_over"] is True
    world.do("DELETE", f"{path}/{absence}", by=login)
    assert seen(world, login)["absences"] == []
    assert seen(world, "bob")["stands_in_for"] == []


def test_a_substitute_is_told_in_whose_place_they_decide(world: World, login: str) -> None:
    directory, now = world.parts.directory, datetime.now(UTC)  # noqa: TID251  # to ask as of now
    assert directory.represented(login, now) == ()
    path = "/v1/people/mia/absences"
    body = {"first": day(-1), "last": day(2), "substitute": login, "definitions": ["travel"]}
    absence = world.do("POST", path, by="mia", body=body)["absence"]
    (found,) = directory.represented(login, now)
    assert (found.login, found.absence) == ("mia", absence)
    assert found.covers("travel", now - timedelta(days=300))
    assert not found.covers("purchase", now)
    assert directory.represented(login, now + timedelta(days=4)) == ()
    own = {"first": day(0), "last": day(1)}
    world.do("POST", f"/v1/people/{login}/absences", by=login, body=own)
    assert directory.represented(login, now) == ()
    world.do("DELETE", f"{path}/{absence}", by="mia")


def test_two_do_not_stand_in_for_each_other(world: World, login: str) -> None:
    days = {"first": day(10), "last": day(12)}
    path = "/v1/people/fin/absences"
    absence = world.do("POST", path, by="fin", body={**days, "substitute": login})["absence"]
    answer = world.call(
        "POST", f"/v1/people/{login}/absences", by=login, body={**days, "substitute": "fin"}
    )
    assert (answer.status_code, answer.json["place"]) == (422, "substitute")
    world.do("DELETE", f"{path}/{absence}", by="fin")


@pytest.mark.parametrize(
    ("request_line", "body", "by", "refused"),
    [
        ("PUT bob/level", {"level": "4"}, "root", (422, "level")),
        ("PUT bob/level", {"level": -1}, "root", (422, "level")),
        ("PUT bob/level", {"level": 4}, "bob", (403, None)),
        ("PUT nobody/level", {"level": 4}, "root", (404, "login")),
        ("PUT bob/department", {}, "root", (422, "department")),
        ("PUT bob/zone", {"zone": "Mars"}, "bob", (422, "zone")),
        ("PUT bob/zone", {"zone": "UTC"}, "ann", (403, None)),
        ("PUT bob/limits", {"limits": [{"currency": "EUR"}]}, "root", (422, "limits.0.amount")),
        ("PUT bob/limits", {"limits": [{"amount": 5}]}, "root", (422, "limits.0.amount")),
        ("PUT bob/limits", {"limits": [{"amount": "1e3"}]}, "root", (422, "limits.0.amount")),
        ("PUT bob/limits", {"limits": [{"amount": "5"}]}, "root", (422, "limits.0.currency")),
        ("PUT bob/limits", {"limits": []}, "bob", (403, None)),
        ("POST bob/absences", {}, "bob", (422, "substitute")),
        ("POST bob/absences", {"first": "2030-01-01"}, "bob", (422, "last")),
        ("POST bob/absences", {"last": "2030-01-01"}, "bob", (422, "first")),
        ("POST bob/absences", {"first": "20300101", "last": None}, "bob", (422, "first")),
        ("POST bob/absences", {"first": "2030-02-30", "last": None}, "bob", (422, "first")),
        ("POST bob/absences", {"substitute": "nobody"}, "bob", (404, "substitute")),
        ("POST bob/absences", {"substitute": "bob"}, "bob", (422, "substitute")),
        ("POST ann/absences", {"substitute": "bob"}, "bob", (403, None)),
        ("DELETE bob/absences/none", None, "bob", (404, "absence")),
        ("POST bob/absences/none/take_over", None, "root", (404, "absence")),
    ],
)
def test_what_cannot_be_is_refused_at_its_place(
    world: World, request_line: str, body: object, by: str, refused: tuple[int, str | None]
) -> None:
    before = world.events()
    method, _, path = request_line.partition(" ")
    answer = world.call(method, f"/v1/people/{path}", by=by, body=body)
    assert (answer.status_code, answer.json.get("place")) == refused
    assert world.events() == before


# ---- the command line


@pytest.fixture
def ringi(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Settings, "load", classmethod(lambda _: world.settings))
    monkeypatch.setattr(person, "PATIENCE_S", 0.0)

    def call(*arguments: str) -> str:
        result = CliRunner().invoke(command_line("person"), ["person", *arguments])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        world.pump()
        assert result.exit_code == 0, result.output
        return result.output

    return call


def test_an_operator_ranks_plans_and_looks(world: World, login: str, ringi) -> None:
    ringi(login, "--manager", "mia", "--level", "4", "--department", "A", "--zone", "Asia/Tokyo")
    ringi(login, "--limit", "EUR=250", "--limit", "purchase:EUR=unlimited")
    ringi(login, "--away", f"{day(2)}..{day(3)}", "--substitute", "bob", "--only", "purchase")
    ringi(login, "--away", "now", "--substitute", "mia", "--new-tasks")
    shown = ringi(login)
    for line in (
        "manager    mia",
        "level      4",
        "department A",
        "zone       Asia/Tokyo",
        "limit      250 EUR",
        "limit      unlimited EUR for purchase",
        f"away       {day(2)} to {day(3)}: bob stands in for purchase",
        "not taken over: mia stands in, new tasks alone",
    ):
        assert line in shown
    for absence in seen(world, login)["absences"]:  # type: ignore[attr-defined]
        if absence["first"] is None:
            ringi(login, "--take-over", absence["absence"])
        ringi(login, "--back", absence["absence"])
    ringi(login, "--limit", "none", "--level", "none", "--department", "none", "--manager", "none")
    shown = ringi(login)
    assert "away" not in shown
    assert "limit" not in shown
    assert "level      none" in shown


@pytest.mark.parametrize(
    "arguments",
    [
        ["--level", "high"],
        ["--limit", "5 EUR"],
        ["--limit", "EUR=1.2.3"],
        ["--away", "tomorrow"],
        ["--away", "now"],
        ["--substitute", "ann"],
        ["--new-tasks"],
    ],
)
def test_what_an_operator_mistypes_does_nothing(world: World, ringi, arguments: list[str]) -> None:
    before = world.events()
    with pytest.raises(person.MistakeError):
        ringi("bob", *arguments)
    assert world.events() == before


def test_who_is_not_there_is_said_to_the_operator(ringi) -> None:
    with pytest.raises(LookupError, match="there is no eve"):
        ringi("eve")
