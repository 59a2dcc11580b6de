"""Sign-ins and definitions in force are remembered, and a change is known in every process soon."""

from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest

from domain.directory.commands import DeactivatePerson, GrantRole
from infra.bootstrap import Parts
from infra.stack import MariaDBServer
from infra.views import remembered as module
from tests.integration.api_world import PURCHASE, World, a_company
from tests.integration.observing import wait_until


@pytest.fixture
def world(server: MariaDBServer, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[World]:
    name = f"remembered_{abs(hash(request.node.name)) % 10_000}"
    with a_company(server, tmp_path, name) as world:
        yield world


@pytest.fixture
def other(world: World) -> Iterator[Parts]:
    """Another process of the API, which remembers from the first question on."""
    parts = Parts(world.settings)
    parts.sign_in(world.secrets["ann"])
    wait_until(lambda: remembers(parts), "it remembers")
    yield parts
    parts.close()


def remembers(parts: Parts) -> bool:
    """Tell whether a question that was asked is not asked again."""
    asked: list[int] = []

    def ask() -> tuple[int, float]:
        asked.append(1)
        return 1, 100.0

    for _ in range(2):
        parts.remembered.recall("whatever", ask)
    return len(asked) < 2


def roles(parts: Parts, secret: str) -> set[str]:
    actor = parts.sign_in(secret)
    return set() if actor is None else set(actor.roles)


def test_what_is_published_is_known_without_a_comparison(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "COMPARE_S", 60.0)
    monkeypatch.setattr(module, "STANDS_S", 60.0)
    parts = Parts(world.settings)
    try:
        parts.sign_in(world.secrets["ann"])
        wait_until(lambda: remembers(parts), "it remembers")
        assert roles(parts, world.secrets["ann"]) == set()
        world.as_system(GrantRole("ann", "buyer"))
        world.pump()
        wait_until(lambda: roles(parts, world.secrets["ann"]) == {"buyer"}, "the role is known")
        assert parts.definitions.latest("purchase") is not None
        world.ok("POST", "/v1/definitions", by="root", body={**PURCHASE, "label": "Buying"})
        world.pump()

        def version() -> int:
            found = parts.definitions.latest("purchase")
            return 0 if found is None else found.version

        wait_until(lambda: version() == 2, "the new version is in force")
    finally:
        parts.close()


def test_what_is_not_heard_of_is_known_by_comparison(
    world: World, other: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert other.sign_in(world.secrets["ann"]) is not None
    monkeypatch.setattr(module.Remembered, "_hear", lambda *_: None)
    world.as_system(DeactivatePerson("ann"))
    world.pump()
    wait_until(lambda: other.sign_in(world.secrets["ann"]) is None, "ann is nobody any more")


def test_without_redis_nothing_is_remembered_and_everything_works(
    world: World, other: Parts
) -> None:
    assert remembers(other)
    world.redis.kill()
    wait_until(lambda: not remembers(other), "every question is asked")
    world.as_system(GrantRole("ann", "buyer"))
    world.pump()
    assert roles(other, world.secrets["ann"]) == {"buyer"}  # at once
    world.redis.start()
    wait_until(lambda: remembers(other), "it remembers again")


def test_a_token_that_is_unknown_is_asked_for_each_time(world: World, other: Parts) -> None:
    assert other.sign_in(world.secrets["ann"]) is not None
    kept = set(other.remembered._kept)
    assert other.sign_in("rt_unknown") is None
    assert set(other.remembered._kept) <= kept


def test_who_names_the_position_of_a_change_is_judged_after_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STANDS_S", 60.0)
    remembered = world.parts.remembered
    wait_until(
        lambda: remembers_ann(world) and remembered._stands_until > monotonic() + 30,
        "it remembers, and will for longer than this test lasts",
    )
    monkeypatch.setattr(module.Remembered, "_hear", lambda *_: None)
    monkeypatch.setattr(module.Remembered, "_compare", lambda *_: None)
    granted = world.as_system(GrantRole("ann", "buyer"))
    for runner in world.parts.runners:  # not World.pump, which lets it forget
        for lane in range(world.parts.lanes):
            runner.catch_up(lane)
    assert world.ok("GET", "/v1/me", by="ann")["roles"] == ["buyer"]  # the view's
    assert remembers_ann(world)
    position = world.parts.position(granted)
    world.ok("GET", f"/v1/me?after_position={position}", by="ann")
    assert roles(world.parts, world.secrets["ann"]) == {"buyer"}


def remembers_ann(world: World) -> bool:
    return remembers(world.parts) and roles(world.parts, world.secrets["ann"]) == set()
