"""Calendars through the API and the command line, their views, and what decisions are told."""

import json
import re
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner

from api.cli import calendar as command_line
from api.cli import command_line as cli
from api.schemas.calendars import CalendarBody
from domain.calendar.content import Content, hours_of
from domain.calendar.duration import Unit, parse_duration
from domain.calendar.hours import add
from infra.stack import MariaDBServer
from tests.integration.api_world import World, a_company

PAGE = (Path(__file__).parents[2] / "docs/calendars.md").read_text()
OFFICE: dict[str, object] = json.loads(re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)[0])
PATH = "/v1/calendars/office"


@pytest.fixture(scope="module")
def world(server: MariaDBServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with a_company(server, tmp_path_factory.mktemp("calendars"), "calendars") as world:
        world.do("PUT", PATH, by="root", body=OFFICE)
        yield world


def shown(world: World, path: str = PATH) -> dict[str, object]:
    found: dict[str, object] = world.ok("GET", path, by="ann")
    return found


def test_a_calendar_reads_as_it_was_sent(world: World) -> None:
    found = shown(world, f"{PATH}?version=1")
    weekend: dict[str, object] = {"saturday": [], "sunday": []}
    assert {name: found[name] for name in OFFICE} == OFFICE | {
        "week": OFFICE["week"] | weekend  # type: ignore[operator]
    }
    assert (found["calendar"], found["calendar_version"]) == ("office", 1)


def test_a_calendar_begins_with_version_one_and_goes_on(world: World) -> None:
    path = "/v1/calendars/hours"
    first = world.call("PUT", path, by="root", body=OFFICE)
    assert (first.status_code, first.headers["Location"]) == (201, path)
    assert (first.json["calendar"], first.json["version"]) == ("hours", 1)
    again = world.call("PUT", path, by="root", body=OFFICE)
    assert (again.status_code, again.json["type"]) == (409, "urn:ringi:problem:nothing-changes")
    second = world.call("PUT", path, by="root", body={**OFFICE, "label": "New"})
    assert (second.status_code, second.json["version"]) == (200, 2)
    world.pump()
    answer = world.call("GET", path, by="ann")
    assert (answer.json["label"], answer.headers["ETag"]) == ("New", '"2"')
    assert shown(world, f"{path}?version=1")["label"] == OFFICE["label"]
    listed = world.ok("GET", "/v1/calendars", by="ann")["items"]
    assert [each["calendar_version"] for each in listed if each["calendar"] == "hours"] == [2]


def test_holidays_are_those_of_a_country_or_those_given(world: World) -> None:
    world.do("PUT", "/v1/calendars/nl", by="root", body=OFFICE)
    path = "/v1/calendars/nl/holidays"
    world.do("POST", path, by="root", body={"country": "NL", "years": "2026-2027"})
    world.do("POST", path, by="root", body={"holidays": {"2026-12-31": "Oudjaarsdag"}})
    found = shown(world, "/v1/calendars/nl")["holidays"]
    assert isinstance(found, dict)
    assert found["2026-12-31"] == "Oudjaarsdag"
    assert found["2027-04-27"] == "Koningsdag"
    assert list(found) == sorted(found)


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({}, "holidays"),
        ({"country": "NL"}, "years"),
        ({"country": "NL", "years": "2026", "holidays": {"2026-12-31": ""}}, "holidays"),
        ({"country": "XX", "years": "2026"}, "country"),
        ({"holidays": {"2026-12-32": "No day"}}, "holidays"),
        ({"holidays": {"20261231": "Another form"}}, "holidays"),
        ({"holidays": {"2026-12-31": 1}}, "holidays"),
        ({"holidays": ["2026-12-31"]}, "holidays"),
    ],
)
def test_holidays_that_cannot_be_are_refused(world: World, body: object, place: str) -> None:
    before = world.events()
    answer = world.call("POST", f"{PATH}/holidays", by="root", body=body)
    assert (answer.status_code, answer.json["place"]) == (422, place)
    assert world.events() == before


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        ({"zone": "Utrecht"}, "zone"),
        ({"zone": None}, "zone"),
        ({"week": {}}, "week"),
        ({"week": {"monday": "09:00-17:00"}}, "week.monday"),
        ({"week": {"monday": ["09:00-25:00"]}}, "week.monday.0"),
        ({"week": {"Monday": ["09:00-17:00"]}}, "week.Monday"),
        ({"special": {"2026-12-24": "09:00-13:00"}}, "special"),
        ({"special": {"2026-12-24": ["13:00"]}}, "special.2026-12-24.0"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_calendar_that_cannot_be_is_refused_at_its_place(
    world: World, wrong: dict[str, object], place: str
) -> None:
    before = world.events()
    answer = world.call("PUT", PATH, by="root", body=OFFICE | wrong)
    assert (answer.status_code, answer.json["place"]) == (422, place)
    assert world.events() == before


def test_only_admins_define_calendars(world: World) -> None:
    for method, path in (("PUT", PATH), ("POST", f"{PATH}/holidays")):
        body = OFFICE if method == "PUT" else {"country": "NL", "years": "2026"}
        assert world.call(method, path, by="mia", body=body).status_code == 403


def test_a_calendar_is_tried_out(world: World) -> None:
    given = "from=2026-11-23T15:00:00Z&duration=2%20business_hours&version=1"
    found = shown(world, f"{PATH}/add?{given}")
    assert {name: found[name] for name in ("to", "local", "business_seconds")} == {
        "to": "2026-11-24T09:00:00.000000Z",
        "local": "2026-11-24T10:00:00+01:00",
        "business_seconds": 7200,
    }


@pytest.mark.parametrize(
    ("query", "status", "place"),
    [
        ("duration=1%20hour", 400, "from"),
        ("from=2026-11-23T15:00:00&duration=1%20hour", 400, "from"),
        ("from=2026-11-23T15:00:00Z", 422, "duration"),
        ("from=2026-11-23T15:00:00Z&duration=1%20week", 422, "duration"),
        ("from=2026-11-23T15:00:00Z&duration=999999999%20business_days", 422, "duration"),
        ("from=0001-01-01T00:00:00Z&duration=-1%20day", 422, "from"),
        ("from=9999-12-31T23:59:59Z&duration=1%20day", 422, "from"),
        ("from=2026-11-23T15:00:00Z&duration=1%20hour&version=99", 404, "name"),
    ],
)
def test_what_cannot_be_added_is_refused(world: World, query: str, status: int, place: str) -> None:
    answer = world.call("GET", f"{PATH}/add?{query}", by="ann")
    assert (answer.status_code, answer.json["place"]) == (status, place)


def test_decisions_are_told_the_version_in_force_and_those_before(world: World) -> None:
    path, calendars = "/v1/calendars/told", world.parts.bus.ports.calendars
    assert calendars.calendar("told") is None
    world.do("PUT", path, by="root", body=OFFICE)
    first = calendars.calendar("told")
    world.do("PUT", path, by="root", body={**OFFICE, "label": "New"})
    second = calendars.calendar("told")
    assert first is not None
    assert second is not None
    assert (first.version, second.version) == (1, 2)
    content: Content = CalendarBody().load(OFFICE)
    assert (first.content, first.content_hash) == (content, content.hash)
    assert calendars.version("told", 1) == first
    assert calendars.version("told", 3) is None
    assert date(2026, 12, 25) in second.hours.holidays


def test_a_version_that_is_known_is_not_asked_for_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    calendars = world.parts.calendars
    known = calendars.version("office", 1)
    assert known is not None
    monkeypatch.setattr(type(calendars._tables), "select", lambda *_: pytest.fail("asked"))
    assert calendars.version("office", 1) is known


def test_the_command_line_defines_shows_and_tries_out(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(command_line.Settings, "load", lambda: world.settings)
    file = tmp_path / "office.json"
    file.write_text(json.dumps(OFFICE))

    def ringi(*words: str) -> str:
        done = CliRunner().invoke(cli("calendar"), ["calendar", *words])
        assert done.exception is None, done.exception
        world.pump()
        return done.output

    assert ringi("define", "desk", str(file)) == "desk is at version 1\n"
    years = ("--country", "NL", "--years", "2027")
    assert ringi("holidays", "desk", *years) == "desk is at version 2\n"
    assert "desk  version 2, Europe/Amsterdam, holidays" in ringi("list")
    assert json.loads(ringi("show", "desk"))["holidays"]["2027-04-27"] == "Koningsdag"
    duration = ("--from", "2026-11-23T16:00", "--duration", "2 business_hours")
    assert ringi("add", "desk", *duration) == (
        "Mon 2026-11-23 16:00 CET + 2 business_hours\n"
        "= Tue 2026-11-24 10:00 CET, 2026-11-24T09:00:00Z\n"
    )


def test_the_command_line_says_what_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "office.json"
    file.write_text(json.dumps({**OFFICE, "zone": 1, "colour": "red"}))
    with pytest.raises(command_line.MistakeError, match=r"zone: .*; colour: "):
        command_line.read_calendar(file)
    with pytest.raises(command_line.MistakeError, match="ringi calendar"):
        command_line.run(command_line.Action.SHOW)


def rows() -> list[tuple[str, str, str]]:
    """Return the page's table of examples."""
    pattern = r"^\| \w{3} (\S+ \S+) \| `([^`]+)` \| \w{3} (\S+ \S+) \|$"
    return re.findall(pattern, PAGE, re.MULTILINE)


@pytest.mark.parametrize(("begins", "duration", "ends"), rows())
def test_the_pages_examples_are_so(begins: str, duration: str, ends: str) -> None:
    calendar = hours_of(CalendarBody().load(OFFICE))
    zone = ZoneInfo(calendar.zone)
    found = add(
        calendar, datetime.fromisoformat(begins).replace(tzinfo=zone), parse_duration(duration)
    )
    assert f"{found.astimezone(zone):%Y-%m-%d %H:%M}" == ends


def test_the_page_names_every_unit() -> None:
    assert re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE) == list(Unit)
    assert {parse_duration(duration).unit for _, duration, _ in rows()} >= {
        unit for unit in Unit if unit.startswith("business") and unit is not Unit.BUSINESS_MINUTES
    }
    for text in re.findall(r"\| (\w{3} \d{4}-\d\d-\d\d) ", PAGE):
        assert f"{date.fromisoformat(text[4:]):%a}" == text[:3]
    assert len(rows()) > 10
