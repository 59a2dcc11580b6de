"""Any case at all, imported whole, in parts and twice, against a count that shares no code."""

from collections import Counter
from contextlib import suppress
from io import BytesIO

from hypothesis import example, given
from hypothesis import strategies as st

from infra.importing.case_runner import run_case
from infra.importing.groundwork import Groundwork
from infra.importing.importer import Importer
from infra.importing.plan import plan_case
from infra.importing.report import Report
from infra.importing.xes import read_cases
from tests.import_world import World
from tests.xes_generator import ACTIVITIES, SUBMITTED, Sketch, expected, xes

lives = st.lists(st.sampled_from(ACTIVITIES), max_size=14) | st.lists(
    st.sampled_from(ACTIVITIES), max_size=10
).map(lambda rest: [SUBMITTED, *rest])
logs = st.lists(lives, min_size=1, max_size=4).map(
    lambda found: [Sketch(f"case {number}", life) for number, life in enumerate(found)]
)


class CutError(BaseException):
    """What ends a process, as a kill does: nobody catches it."""


def imported(world: World, sketches: list[Sketch]) -> Report:
    cases = read_cases(BytesIO(xes(sketches).encode()))
    report = Importer(world.bus, world.now, lambda _: None).run(cases)
    assert report.error is None
    return report


def carried_out(world: World, sketches: list[Sketch]) -> None:
    """Import by hand, in this thread, so that it can be cut off."""
    groundwork = Groundwork(world.bus, world.now)
    for case in read_cases(BytesIO(xes(sketches).encode())):
        plan = plan_case(case)
        groundwork.lay(plan, lambda: None)
        run_case(plan, world.bus, world.now)


@given(logs)
def test_the_engine_decides_as_an_independent_reader_counts(sketches):
    tally = imported(World(), sketches).tally
    found = expected(sketches)
    assert {kind: n for kind, n in tally.accepted.items() if kind != "revise"} == {
        name: n for name, n in found.accepted.items() if n
    }
    by_command: Counter[str] = Counter()
    for (kind, _reason), count in tally.refused.items():
        by_command[kind] += count
    assert by_command == found.refused
    assert tally.refused_cases == found.refused_cases
    assert tally.fates["ignored"] == tally.ignored.total() == found.ignored
    assert tally.fates["draft"] == found.drafts
    assert tally.events == sum(len(each.activities) for each in sketches)


_REJECTED_AS_A_DRAFT = Sketch("case 0", ["Declaration REJECTED by EMPLOYEE"])
_OF_A_LATER_VERSION = Sketch(
    "case 1",
    ["Declaration SUBMITTED by EMPLOYEE"]
    + [
        f"Declaration APPROVED by {role}"
        for role in ("ADMINISTRATION", "BUDGET OWNER", "PRE_APPROVER")
    ]
    + ["Declaration REJECTED by MISSING"],
)


@given(logs)
@example([_REJECTED_AS_A_DRAFT, _OF_A_LATER_VERSION])
def test_a_second_import_writes_nothing_and_refuses_the_same(sketches):
    world = World()
    first = imported(world, sketches).tally
    there = world.log.events()
    second = imported(world, sketches).tally
    assert world.log.events() == there
    assert second.refused == first.refused
    assert second.accepted.total() == 0
    assert second.already_there == first.accepted.total()
    assert second.commands == first.commands


@given(logs)
def test_a_second_import_needs_no_idempotency_rows(sketches):
    world = World()
    first = imported(world, sketches).tally
    there = world.log.events()
    world.log.forget_requests()
    second = imported(world, sketches).tally
    assert world.log.events() == there
    assert (second.refused, second.already_there) == (first.refused, first.accepted.total())


@given(logs, st.data())
def test_an_import_cut_off_anywhere_and_repeated_equals_one_that_was_not(sketches, data):
    whole, cut = World(), World()
    report = imported(whole, sketches)
    after = data.draw(st.integers(1, max(1, whole.log.appends)), label="appends before the cut")
    append = cut.log.append

    def cutting(*arguments):
        if cut.log.appends >= after:
            raise CutError
        return append(*arguments)

    cut.log.append = cutting
    with suppress(CutError):
        carried_out(cut, sketches)
    cut.log.append = append
    again = imported(cut, sketches).tally
    assert cut.log.events() == whole.log.events()
    assert again.refused == report.tally.refused
    assert again.accepted.total() + again.already_there == report.tally.accepted.total()
