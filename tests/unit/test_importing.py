"""An import beside others who write, on views that lag, of logs that are odd."""

from collections import Counter
from io import BytesIO
from uuid import uuid4

import pytest

from commands.ports import Request
from domain.document.events import CommentAdded, DocumentWithdrawn
from domain.document.facts import Needs
from domain.metadata import Channel, Event
from infra.importing import groundwork, recent
from infra.importing.activity import Kind
from infra.importing.importer import Importer
from infra.importing.plan import document_of
from infra.importing.recent import RecentDirectory
from infra.importing.report import (
    COMMANDS,
    MOST_ACTIVITIES,
    OTHERS,
    Fate,
    Report,
    Tally,
    UnaccountedError,
)
from infra.importing.xes import read_cases
from tests.builders import a_meta
from tests.fakes import InMemoryDirectory, Known
from tests.import_world import World
from tests.xes_generator import FINAL, HANDLED, REQUESTED, SUBMITTED, Sketch, xes

STORY = [Sketch("one", [SUBMITTED, FINAL, REQUESTED, HANDLED])]
DOCUMENT = document_of("one")


def imported(world: World, sketches: list[Sketch]) -> Report:
    cases = read_cases(BytesIO(xes(sketches).encode()))
    return Importer(world.bus, world.now, lambda _: None).run(cases)


def somebody_writes(world: World, *events: Event) -> None:
    """Append to the document by other means than the import."""
    request = Request(uuid4().hex, bytes(32))
    version = len(world.log.streams[DOCUMENT])
    world.log.append(DOCUMENT, version, events, a_meta("ann"), request)


def test_who_writes_to_a_case_meanwhile_is_seen_before_the_next_command():
    world = World()
    append, comments = world.log.append, iter([CommentAdded("first"), CommentAdded("second")])

    def crowded(stream, version, events, meta, request):
        is_import = meta.channel is Channel.IMPORT and stream == DOCUMENT and version > 0
        if is_import and (comment := next(comments, None)):
            world.log.append = append
            somebody_writes(world, comment)
            world.log.append = crowded
        return append(stream, version, events, meta, request)

    world.log.append = crowded
    report = imported(world, STORY)
    assert report.error is None
    assert not report.tally.refused
    said = [type(event) for event in world.log.events()[DOCUMENT]]
    assert said.count(CommentAdded) == 2
    assert [each.version for each in world.log.streams[DOCUMENT]] == list(range(1, len(said) + 1))


def test_what_others_did_later_does_not_change_what_is_already_there():
    world = World()
    first = imported(world, [Sketch("one", [HANDLED, SUBMITTED])])
    somebody_writes(world, CommentAdded("by hand"))
    second = imported(world, [Sketch("one", [HANDLED, SUBMITTED])])
    assert second.tally.refused == first.tally.refused
    assert second.tally.already_there == first.tally.accepted.total()


def test_a_log_that_has_grown_is_continued_where_it_stopped():
    world = World()
    imported(world, [Sketch("one", [SUBMITTED, FINAL])])
    report = imported(world, STORY)
    assert report.tally.accepted == {Kind.PAYMENT_REQUESTED: 1, Kind.PAYMENT_HANDLED: 1}
    assert report.tally.already_there == 3


def test_a_grown_log_meets_what_others_did_meanwhile():
    world = World()
    imported(world, [Sketch("one", [SUBMITTED])])
    somebody_writes(world, DocumentWithdrawn(1, "by hand"))
    report = imported(world, [Sketch("one", [SUBMITTED, FINAL])])
    assert report.tally.refused == {(Kind.APPROVE, "wrong_status"): 1}


def test_a_case_of_the_same_name_with_other_content_is_refused_as_such():
    world = World()
    imported(world, STORY)
    there = world.log.events()
    report = imported(world, [Sketch("one", STORY[0].activities, amount="99")])
    assert report.tally.refused[Kind.CREATE, "key_reused"] == 1
    assert world.log.events() == there


def test_workers_are_woken_once_for_a_case():
    world = World()
    imported(world, [])
    report = imported(world, [Sketch(f"case {n}", STORY[0].activities) for n in range(5)])
    laid = world.log.appends - report.tally.accepted.total()
    assert world.grown == 5 + laid


def test_a_fault_of_a_thread_ends_the_import_and_is_reported():
    world = World()
    load = world.log.load

    def failing(stream):
        if stream == document_of("case 3"):
            raise OSError("the disk is full")
        return load(stream)

    world.log.load = failing
    report = imported(world, [Sketch(f"case {n}", [SUBMITTED]) for n in range(500)])
    assert str(report.error) == "the disk is full"
    assert report.tally.cases < 500
    assert report.tally.cases == len(world.log.events())


def test_views_that_do_not_follow_are_told_by_name(monkeypatch):
    monkeypatch.setattr(groundwork, "PATIENCE_S", 0.05)
    world = World()
    world.log._view = lambda _event: None
    report = imported(world, STORY)
    assert str(report.error) == (
        "the views do not show the definition declaration after 0 s: do the workers run?"
    )
    assert report.tally.cases == 0


def test_a_log_of_too_many_roles_is_refused():
    many = [f"Declaration APPROVED by R{n}" for n in range(groundwork.MOST_ROLES)]
    report = imported(World(), [Sketch("a", [SUBMITTED, FINAL]), Sketch("b", many)])
    assert str(report.error) == "the log names more than 64 roles"
    assert report.tally.cases == 1


def test_a_round_of_more_roles_than_a_definition_may_have_is_refused_by_the_engine():
    roles = [f"Declaration APPROVED by R{n}" for n in range(20)]
    report = imported(World(), [Sketch("a", [SUBMITTED, *roles])])
    assert report.error is None
    assert report.tally.refused[Kind.CREATE, "unknown_field"] == 1


def test_an_amount_that_is_none_is_refused_by_the_engine_with_all_that_follows():
    report = imported(World(), [Sketch("one", [SUBMITTED, FINAL], amount="12,50")])
    assert report.tally.refused == {
        (Kind.CREATE, "invalid"): 1,
        (Kind.SUBMIT, "not_found"): 1,
        (Kind.APPROVE, "not_found"): 1,
    }
    assert report.as_json()["events"]["refused"] == 2


def test_an_answer_of_the_views_is_good_for_a_second(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(recent.time, "monotonic", lambda: now[0])
    directory = InMemoryDirectory({"a": Known(roles=frozenset({"a"}))})
    kept = RecentDirectory(directory)
    needs = Needs(roles=frozenset({"a"}))
    assert kept.facts(needs, "b").roles == {"a"}
    directory.people["a"] = Known(active=False, roles=frozenset({"a"}))
    now[0] += 0.9
    assert kept.facts(needs, "b").roles == {"a"}
    assert kept.facts(needs, "c").roles == frozenset()
    now[0] += 0.2
    assert kept.facts(needs, "b").roles == frozenset()


def test_events_of_which_nobody_knows_what_became_are_noticed():
    with pytest.raises(UnaccountedError, match="3 events were read"):
        Report(Tally(events=3, fates=Counter({Fate.ACCEPTED: 2})), 1.0)


def test_activities_without_end_are_counted_together():
    tally = Tally()
    for number in range(MOST_ACTIVITIES + 7):
        tally.add(Tally(ignored=Counter({f"activity {number}": 1})))
    tally.add(Tally(ignored=Counter({"activity 0": 1})))
    assert tally.ignored[OTHERS] == 7
    assert tally.ignored["activity 0"] == 2
    assert tally.ignored.total() == MOST_ACTIVITIES + 8


def test_a_report_names_every_command_also_what_did_not_happen():
    found = imported(World(), []).as_json()
    assert found["accepted"] == dict.fromkeys(map(str, COMMANDS), 0)
    assert (found["cases"], found["commands"], found["refused"], found["error"]) == (0, 0, [], None)


def test_an_interrupt_ends_an_import_with_the_cases_that_were_begun():
    world = World()

    def interrupt(tally: Tally) -> None:
        if tally.cases:
            raise KeyboardInterrupt

    cases = read_cases(BytesIO(xes([Sketch(f"{n}", [SUBMITTED]) for n in range(500)]).encode()))
    report = Importer(world.bus, world.now, interrupt).run(cases)
    assert report.is_interrupted
    assert 0 < report.tally.cases == len(world.log.events()) < 500
