"""One whole Ringi for all tests of this folder: to start it takes seconds."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

from infra.home import Home
from infra.local.installation import Installation
from infra.local.starting import up
from infra.local.stopping import down
from tests.e2e.browsing import CHROMIUM, FLAGS, Office, hire
from tests.e2e.machine import Machine, an_environ


@pytest.fixture(scope="module")
def chromium() -> Iterator[tuple[Playwright, Browser]]:
    """Give a browser. While there is one, its event loop runs in this thread, and no other can."""
    if not Path(CHROMIUM).exists():
        pytest.skip(f"there is no {CHROMIUM} on this machine (package chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            yield playwright, browser
        finally:
            browser.close()


@pytest.fixture(scope="session")
def staff(machine: Machine) -> dict[str, str]:
    """Add the people who use the page, and what they work on; return their tokens."""
    return hire(machine)


@pytest.fixture(scope="module")
def office(machine: Machine, staff: dict[str, str], chromium: tuple[Playwright, Browser]) -> Office:
    """Give these people a browser."""
    return Office(machine, *chromium, tokens=staff)


@pytest.fixture(scope="session")
def machine() -> Iterator[Machine]:
    """Give an installation that is up, with people and a definition."""
    with tempfile.TemporaryDirectory(prefix="ringi-e2e-", dir="/tmp") as folder:
        machine = Machine(Installation(Home(Path(folder) / "home"), an_environ()))
        try:
            up(machine.installation, print)
            machine.set_up()
            yield machine
        finally:
            machine.parts.close()
            down(machine.installation, print)
