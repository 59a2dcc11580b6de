"""What the command line shows to eyes: complete, and never wider than a terminal."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from api.cli.change_text import REMEMBERED, Lines, title_of
from api.cli.jobs import job_lines
from api.cli.layout import WIDTH, columns, cut, cut_in_the_middle, duration, from_now, printable
from api.cli.mail import mail_lines
from api.cli.status_text import status_lines
from infra.checking.redis import place_of
from infra.mail.deliveries import State
from infra.mail.overview import Shown, Unreached

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
LONG = 18_446_744_073_709_551_615
DOCUMENT = "6f0c2f64-8d1b-4b43-9d0e-0d6c1a2b3c4d"


def lane(name: str, number: int, lag: int = 0, lag_s: float = 0.0) -> dict[str, object]:
    place = {"position": LONG - number, "seq": LONG}
    return {
        "projection": name,
        "generation": 12,
        "lane": number,
        **place,
        "lag_events": lag,
        "lag_s": lag_s,
    }


def entry(name: str, **differing: object) -> dict[str, object]:
    return {
        "entry": name,
        "last_run": (NOW - timedelta(seconds=3)).isoformat(timespec="seconds"),
        "took_s": 0.071,
        "next_run": (NOW + timedelta(minutes=10)).isoformat(timespec="seconds"),
        "late_s": 0,
        "error": "",
        "worker": "a-long-host-name.somewhere.example:4194304:0123456789abcdef",
        **differing,
    }


def replica(place: str, **differing: object) -> dict[str, object]:
    return {
        "replica": place,
        "state": "in use",
        "positions": {"0": LONG, "1": 4},
        "mark": LONG,
        "lag_events": 0,
        "lag_s": 0.0,
        **differing,
    }


STATUS: Mapping[str, list[dict[str, object]]] = {
    "programs": [
        {
            "name": "api",
            "state": "RUNNING",
            "pid": 4_194_304,
            "uptime_s": 8_640_000 + 7_200,
            "metrics": "http://[2001:db8:85a3:8d3:1319:8a2e:370:7348]:65535/metrics/of/a/long/path",
        },
        {"name": "gateway", "state": "BACKOFF", "pid": None, "uptime_s": None, "metrics": None},
    ],
    "lanes": [
        *(lane("jobs", number) for number in range(4)),
        lane("workspace", 0),
        lane("workspace", 1, 100_000, 86_400.0 * 40),
        lane("workspace", 2),
    ],
    "parked": [{"projection": "jobs", "parked": 0}, {"projection": "workspace", "parked": LONG}],
    "queues": [
        {"queue": "catch_up", "messages": LONG},
        {"queue": "jobs", "messages": f"unknown: Error 111 connecting to {'x' * 90}:6379"},
    ],
    "mail": [
        {"waiting": LONG, "sent": LONG, "refused": 0, "no_address": LONG, "not_handled": LONG}
    ],
    "schedule": [
        entry("settle the log"),
        entry("clean the keys", error=f"OperationalError: {'no rights ' * 20}", late_s=86_400 * 50),
        entry("clean the results", took_s=None, next_run=None),
    ],
    "jobs": [{"state": state, "jobs": LONG} for state in ("requested", "running", "failed")],
    "replicas": [
        replica(f"db-{'replica-' * 12}7.dc2.internal.example.com:33061"),
        replica(
            "localhost:3306",
            state=f"left out: it does not answer ({'OperationalError ' * 9})",
            positions=None,
            mark=None,
            lag_events=None,
            lag_s=None,
        ),
    ],
}


@given(text=st.text(st.characters(categories=["L", "Cc", "Cf", "Co", "Z"])))
@example("the template fails: \x1b]0;owned\x07\x1b[2J\x9b31m\r\u202eevil")
def test_no_text_makes_a_terminal_act(text: str) -> None:
    job = {"job": DOCUMENT, "state": "failed", "kind": text, "requester": text, "error": text}
    job |= {"requested_at": NOW, "attempt": 1, "total": 0, "done": 0}
    status = {
        "queues": [{"queue": text, "messages": text}],
        "work": [{"error": text}],
        "replicas": [{"replica": text, "state": text, "positions": None}],
    }
    lines = [
        *job_lines([job], NOW),
        *status_lines({"API": text}, status, NOW),
        *columns([(text, text)]),
        cut(text, 5),
    ]
    assert [line for line in lines if not line.isprintable()] == []


def test_a_status_with_long_values_fits_and_is_complete() -> None:
    addresses = {"API": f"http://{'a-long-host.' * 9}example:8400", "gateway": "ws://b:1/ws"}
    lines = list(status_lines(addresses, STATUS, NOW))
    assert [line for line in lines if len(line) > WIDTH] == []
    text = " ".join(" ".join(lines).split())
    assert "{" not in text
    for found in (
        f"jobs: 4 lanes, up to position {LONG}, no lag, generation 12",
        f"workspace: 3 lanes, up to position {LONG}, lag up to 100000 events and 40 d,",
        f"lane 1 position {LONG - 1} lag 100000 events, 40 d",
        f"workspace {LONG} parked",
        "gateway BACKOFF",
        "settle the log ran 3 s ago took 71 ms next in 10 min",
        "clean the keys ran 3 s ago took 71 ms 50 d late",
        "OperationalError: no rights",
        "clean the results ran 3 s ago not ended",
        "dc2.internal.example.com:33061 in use",
        f"views up to position {LONG}, log up to {LONG}, no lag",
        "left out: it does not answer",
        f"waiting {LONG}, sent {LONG}, no address {LONG}, not handled {LONG}",
        f"requested {LONG}, running {LONG}, failed {LONG}",
    ):
        assert found in text, found
    assert [line for line in lines if "lane 0" in line or "refused" in line] == []


def test_every_table_of_a_status_has_a_heading() -> None:
    empty = list(status_lines({}, {**{title: [] for title in STATUS}, "work": []}, NOW))
    assert empty.count("  none") == len(STATUS) + 1
    assert "Schedule" in empty


def test_why_the_work_is_not_known_is_told_whole() -> None:
    lines = list(status_lines({}, {"work": [{"error": "no server " * 30}]}, NOW))
    assert " ".join(" ".join(lines).split()).count("no server") == 30
    assert max(map(len, lines)) <= WIDTH


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (0.0004, "1 ms"),
        (0.25, "250 ms"),
        (59.6, "1 min"),
        (125, "2 min 5 s"),
        (3_600, "1 h"),
        (3_605, "1 h"),
        (90_000, "1 d 1 h"),
    ],
)
def test_a_time_is_told_in_its_two_largest_units(seconds: float, said: str) -> None:
    assert duration(seconds) == said


def test_an_age_says_whether_it_is_past_or_to_come() -> None:
    ages = [from_now(NOW + timedelta(seconds=s), NOW) for s in (-125, -0.4, 0.4, 90)]
    assert ages == ["2 min 5 s ago", "now", "now", "in 1 min 30 s"]


@given(st.text(), st.integers(min_value=3, max_value=90))
def test_what_is_cut_in_the_middle_keeps_its_ends_and_fits(text: str, room: int) -> None:
    whole, short = printable(text), cut_in_the_middle(text, room)
    head, _, tail = short.rpartition("…")
    assert len(short) <= room
    assert short == whole or (whole.startswith(head) and whole.endswith(tail))


# ---- changes


def a_change(kind: str, about: str | None = DOCUMENT, **data: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "document": about,
        "version": 1,
        "time": "2026-11-23T10:00:00.000000Z",
        "data": data,
    }


def test_a_change_says_when_what_about_what_and_who() -> None:
    lines = Lines()
    values = {"subject": "Two chairs", "note": "by the window, as we had said"}
    entry = {"actor": "ann"}
    first = lines.of(a_change("document.created", document={"values": values}, entry=entry))
    time, *rest = first.split("  ")
    assert len(time) == len("10:00:00")
    assert rest == ["6f0c2f64 Two chairs", "created", "by ann"]
    opened = [{"assignee": "mia"}]
    later = lines.of(a_change("document.step_started", document={}, entry=entry, opened=opened))
    assert later.split("  ")[1:] == [
        "6f0c2f64 Two chairs",
        "step started",
        "by ann",
        "task for mia",
    ]


def test_changes_of_jobs_people_and_definitions_name_them() -> None:
    job = {"job": DOCUMENT, "done": 3, "total": 9, "requester": "bob"}
    shown = [
        Lines().of(a_change("job.progressed", None, job=job)),
        Lines().of(a_change("person.added", None, person={"login": "mia"})),
        Lines().of(a_change("person.role_granted", None, person={"roles": ["chief"]})),
        Lines().of(a_change("definition.published", None, definition={"definition": "trip"})),
    ]
    assert [line.split("  ")[1:] for line in shown] == [
        ["job 6f0c2f64", "progressed", "by bob", "3 of 9"],
        ["mia", "added"],
        ["person", "role granted"],
        ["trip", "published"],
    ]


@given(st.text(), st.text(min_size=1))
def test_a_change_is_one_line_whatever_people_wrote(title: str, actor: str) -> None:
    line = Lines().of(
        a_change("document.created", document={"values": {"title": title}}, entry={"actor": actor})
    )
    assert line.isprintable()
    assert len(line) <= WIDTH


def test_titles_are_remembered_of_so_many_documents() -> None:
    lines = Lines()
    for number in range(REMEMBERED + 1):
        values = {"title": f"paper {number}"}
        lines.of(a_change("document.created", str(UUID(int=number)), document={"values": values}))
    first, last = (
        lines.of(a_change("document.approved", str(UUID(int=number)), document={}))
        for number in (0, REMEMBERED)
    )
    assert "paper" not in first
    assert f"paper {REMEMBERED}" in last


def test_a_document_without_a_title_is_called_by_its_longest_text() -> None:
    assert title_of({"category": "goods", "why": "no coffee", "amount": {"amount": "1"}}) == (
        "no coffee"
    )
    assert title_of({}) == ""


# ---- jobs and mail


def test_jobs_fit_and_show_their_whole_id() -> None:
    row = {
        "job": DOCUMENT,
        "kind": "document_pdf",
        "state": "failed",
        "requester": "a" * 60,
        "requested_at": "2026-11-23T11:58:00.000000Z",
        "attempt": 3,
        "done": LONG,
        "total": LONG,
        "error": "ValueError: it cannot be laid out " * 6,
    }
    lines = list(job_lines([row, {**row, "error": "", "total": None}], NOW))
    text = " ".join(" ".join(lines).split())
    assert max(map(len, lines)) <= WIDTH
    assert text.count(f"{DOCUMENT} failed") == 2
    assert text.count("asked for 2 min ago") == 2
    assert text.count("it cannot be laid out") == 6
    assert list(job_lines([], NOW)) == ["no jobs"]


def test_mail_names_who_has_no_address_and_says_what_to_do() -> None:
    rows = [
        Shown(f"{DOCUMENT}.mia", "task_opened", state, 3, NOW, "550 no such box " * 9)
        for state in (State.REFUSED, State.UNCERTAIN, State.NO_ADDRESS)
    ]
    without = [Unreached("mia", 3), Unreached("bob", 1)]
    lines = list(mail_lines("mail.example:25", {"sent": 4, "refused": 1}, rows, without))
    text = " ".join(" ".join(lines).split())
    assert max(map(len, lines)) <= WIDTH
    assert "mia: 3 mails not sent bob: 1 mail not sent" in text
    assert "Give them an address" in text
    assert text.count("`ringi mail retry ID`") == 4
    assert text.count(f"{DOCUMENT}.mia") == 3


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("redis://:hidden@db.example:6380/0", "db.example:6380"),
        ("rediss://ann:hidden@db.example", "db.example:6379"),
        ("unix://:hidden@/run/redis.sock?db=1", "/run/redis.sock"),
        ("redis://[::1]/", "[::1]:6379"),
        ("redis://ann:hid/den@db.example/", "a place that cannot be told"),
        ("redis://ann:hid#den@db.example/", "a place that cannot be told"),
    ],
)
def test_a_place_is_told_without_its_secret(url: str, place: str) -> None:
    assert place_of(url) == place
