"""The directory's view at its bounds: crowded roles, circles of managers, many people at once."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from domain.directory.chain import LinkState, chain
from domain.directory.facts import LONGEST_CHAIN, MOST_MEMBERS, Needs, members_of
from domain.errors import RefusedError
from infra.projecting.generations import Generations
from infra.projecting.preparing import prepare
from infra.views.directory import DirectoryView
from infra.views.tables import Tables
from projections.workspace import WORKSPACE
from tests.servers import TestStore

AT = datetime(2026, 11, 23, 10, tzinfo=UTC)


@pytest.fixture
def view(store: TestStore) -> DirectoryView:
    factory = store.factory()
    factory.application_recorder()
    factory.tracking_recorder()  # makes the views database
    prepare(factory.datastore, WORKSPACE)
    return DirectoryView(Tables(factory.datastore, Generations(factory.datastore), WORKSPACE))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Record every statement."""
    seen: list[str] = []
    select = Tables.select

    def recorded(self: Tables, sql: str, values: Sequence[object] = ()):
        seen.append(sql)
        return select(self, sql, values)

    monkeypatch.setattr(Tables, "select", recorded)
    return seen


def fill(view: DirectoryView, table: str, columns: str, rows: Sequence[Sequence[object]]) -> None:
    marks = ", ".join(["%s"] * len(rows[0]))
    with view.tables.datastore.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {view.tables[table]} ({columns}) VALUES ({marks})", list(rows)
        )


def add(view: DirectoryView, *people: tuple[str, bool, str | None]) -> None:
    rows = [
        (login, login, active, manager, "[]", "", "UTC", 1, number)
        for number, (login, active, manager) in enumerate(people, 1)
    ]
    columns = "login, name, active, manager, roles, department, zone, version, number"
    fill(view, "person", columns, rows)


def hold(view: DirectoryView, role: str, logins: Sequence[str]) -> None:
    fill(view, "role_holder", "role, login", [(role, login) for login in logins])


def test_a_role_has_as_many_members_as_can_be_asked_and_one_more_is_told(
    view: DirectoryView, asked: list[str]
) -> None:
    logins = [f"p{number:04}" for number in range(MOST_MEMBERS + 2)]
    add(view, *((login, login != "p0000", None) for login in logins))
    hold(view, "full", logins[: MOST_MEMBERS + 1])
    hold(view, "crowded", logins)
    needs = Needs(roles=frozenset({"full", "crowded"}))
    facts = view.facts(needs, "", AT)
    assert members_of(facts, "full") == tuple(logins[1 : MOST_MEMBERS + 1])
    assert facts.crowded == {"crowded"}
    assert facts.roles == {"full", "crowded"}
    assert len(facts.people) == MOST_MEMBERS
    assert len(asked) == 1 + MOST_MEMBERS // 500, "and none for substitutes, for there are none"
    with pytest.raises(RefusedError):
        members_of(facts, "crowded")


def test_a_circle_of_managers_ends(view: DirectoryView, asked: list[str]) -> None:
    add(view, ("ann", True, "bob"), ("bob", True, "cid"), ("cid", True, "bob"))
    facts = view.facts(Needs(chains=frozenset({"ann"})), "", AT)
    assert [(each.login, each.state) for each in chain(facts, "ann")] == [
        ("bob", LinkState.ACTIVE),
        ("cid", LinkState.ACTIVE),
        ("bob", LinkState.CIRCLE),
    ]
    assert len(asked) == 2


def test_who_is_their_own_manager_is_no_endless_chain(view: DirectoryView) -> None:
    add(view, ("ann", True, "ann"))
    facts = view.facts(Needs(chains=frozenset({"ann"})), "", AT)
    assert [each.state for each in chain(facts, "ann")] == [LinkState.CIRCLE]


def test_a_manager_who_is_not_there_breaks_the_chain(view: DirectoryView) -> None:
    add(view, ("ann", True, "gone"))
    facts = view.facts(Needs(chains=frozenset({"ann"})), "", AT)
    assert [each.state for each in chain(facts, "ann")] == [LinkState.UNKNOWN]


def test_many_chains_and_people_cost_as_few_statements_as_one(
    view: DirectoryView, asked: list[str]
) -> None:
    levels = LONGEST_CHAIN + 3
    add(
        view,
        *((f"p{at}", True, f"p{at + 1}" if at < levels else None) for at in range(levels + 1)),
    )
    hold(view, "one", ["p0"])
    hold(view, "two", ["p1", "p2"])
    fill(
        view,
        "absence",
        "login, absence, first, last, substitute, open_tasks, definitions, taken_over",
        [
            ("p3", "a", "2026-11-01", "2026-11-30", f"p{levels}", True, "[]", False),
            (f"p{levels}", "b", "2026-11-01", "2026-11-30", "p0", True, "[]", False),
        ],
    )
    needs = Needs(
        people=frozenset({"p5", "nobody"}),
        roles=frozenset({"one", "two", "none"}),
        chains=frozenset({"p0", "p1", "nobody"}),
    )
    facts = view.facts(needs, "p0", AT)
    assert len(asked) == 3
    assert facts.people.keys() == {f"p{at}" for at in range(levels + 1)}
    assert facts.members == {"one": ("p0",), "two": ("p1", "p2")}
    assert facts.roles == {"two"}
    assert chain(facts, "p0")[-1].state is LinkState.TOO_LONG
    assert not any(each.is_broken for each in chain(facts, f"p{levels - LONGEST_CHAIN}"))


def test_facts_say_how_far_each_lane_was(view: DirectoryView) -> None:
    with view.tables.datastore.cursor() as cursor:
        views = view.tables.datastore.settings.views
        cursor.execute(f"UPDATE {views}.checkpoint SET position = 40 + lane")
    facts = view.facts(Needs(frozenset({"ann"})), "", AT)
    assert facts.seen
    assert facts.seen == {lane: 40 + lane for lane in range(len(facts.seen))}
    assert view.facts(Needs(), "", AT).seen == {}, "nothing was asked"
