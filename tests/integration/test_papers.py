"""Papers are made in processes of their own: what takes too much ends alone, and nobody waits."""

import logging
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from time import monotonic, sleep

import pytest
from pypdf import PdfReader

from workers.kinds import presses
from workers.kinds.base import FailedForGoodError
from workers.kinds.presses import Bounds, LayoutError, Presses

#: Half a minute of layout: fifty thousand rows of cells.
LARGE = "<table>" + "<tr><td>a<td>b</tr>" * 50_000 + "</table>"


@pytest.fixture
def made() -> Iterator[list[Presses]]:
    """Give a list; what is put there is closed at the end."""
    found: list[Presses] = []
    yield found
    for each in found:
        each.close()


def some_presses(made: list[Presses], bounds: Bounds | None = None) -> Presses:
    made.append(Presses(bounds or Bounds()))
    return made[-1]


def a_source(folder: Path, name: str, text: str) -> Path:
    source = folder / f"{name}.html"
    source.write_text(text, encoding="utf-8")
    return source


def laid_out(by: Presses, folder: Path, name: str, text: str = "here") -> str:
    target = folder / f"{name}.pdf"
    by.lay_out(a_source(folder, name, text), target)
    return PdfReader(target).pages[0].extract_text().strip()


def processes(by: Presses) -> list[int]:
    return [each._process.pid for each in by._idle]


@pytest.mark.parametrize(
    ("bounds", "text", "told"),
    [
        (Bounds(cpu_s=1), LARGE, "over 1 seconds of a processor"),
        (Bounds(memory=330 << 20), "x" * (100 << 20), "over 330 MB"),
        (Bounds(wall_s=0.2), LARGE, "over 0 seconds"),
    ],
    ids=["time of a processor", "memory", "time"],
)
def test_a_paper_that_takes_too_much_fails_for_good_and_leaves_no_process(
    made: list[Presses], tmp_path: Path, bounds: Bounds, text: str, told: str
) -> None:
    tried = some_presses(made, bounds)
    with pytest.raises(FailedForGoodError, match=told):
        laid_out(tried, tmp_path, "large", text)
    assert processes(tried) == []


def test_nobody_waits_behind_a_paper_that_takes_long(made: list[Presses], tmp_path: Path) -> None:
    tried = some_presses(made, Bounds(cpu_s=4))
    ends: dict[str, float] = {}

    def attack() -> None:
        with pytest.raises(FailedForGoodError, match="over 4 seconds"):
            laid_out(tried, tmp_path, "large", LARGE)
        ends["large"] = monotonic()

    attacking = Thread(target=attack)
    attacking.start()
    assert laid_out(tried, tmp_path, "small") == "here"
    ends["small"] = monotonic()
    attacking.join(60)
    assert ends["small"] < ends["large"]


def test_the_next_paper_is_made_by_the_same_process(made: list[Presses], tmp_path: Path) -> None:
    tried = some_presses(made)
    laid_out(tried, tmp_path, "one")
    before = processes(tried)
    laid_out(tried, tmp_path, "two")
    assert len(before) == 1
    assert processes(tried) == before


def test_the_limit_is_that_of_each_paper_not_of_all(made: list[Presses], tmp_path: Path) -> None:
    tried = some_presses(made, Bounds(cpu_s=2))
    text = "<p>here " * 1_200
    for number in range(4):
        assert laid_out(tried, tmp_path, str(number), text)
    (pid,) = processes(tried)
    ticks = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    assert int(ticks[11]) / os.sysconf("SC_CLK_TCK") > 3, "the papers were too small to tell"


def test_a_process_that_has_ended_meanwhile_is_replaced(
    made: list[Presses], tmp_path: Path
) -> None:
    tried = some_presses(made)
    laid_out(tried, tmp_path, "one")
    (pid,) = processes(tried)
    os.kill(pid, signal.SIGKILL)
    wait_for_the_end(pid)
    assert laid_out(tried, tmp_path, "two") == "here"
    assert processes(tried) != [pid]


def test_an_idle_process_ends_when_who_ordered_is_gone(made: list[Presses], tmp_path: Path) -> None:
    tried = some_presses(made)
    laid_out(tried, tmp_path, "one")
    (press,) = tried._idle
    assert press._process.stdin is not None
    press._process.stdin.close()
    assert press._process.wait(20) == 0


def test_an_idle_process_ends_by_itself_and_the_next_paper_is_made(
    made: list[Presses], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "layout.py"
    text = presses._PROGRAM.read_text(encoding="utf-8")
    assert "IDLE_S = 300.0" in text
    program.write_text(text.replace("IDLE_S = 300.0", "IDLE_S = 0.1"), encoding="utf-8")
    monkeypatch.setattr(presses, "_PROGRAM", program)
    tried = some_presses(made)
    # The first order is in the pipe before it is awaited.
    laid_out(tried, tmp_path, "one")
    (press,) = tried._idle
    assert press._process.wait(20) == 0
    assert laid_out(tried, tmp_path, "two") == "here"


def test_what_else_goes_wrong_is_told_and_may_be_tried_again(
    made: list[Presses], tmp_path: Path
) -> None:
    source = a_source(tmp_path, "one", "here")
    with pytest.raises(LayoutError, match="FileNotFoundError"):
        some_presses(made).lay_out(source, tmp_path / "nowhere" / "one.pdf")


def test_warnings_of_the_layout_are_logged(
    made: list[Presses], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        laid_out(some_presses(made), tmp_path, "one", "<style>p { colour: x }</style>here")
    assert "while a paper was laid out" in caplog.text
    assert "colour" in caplog.text


def wait_for_the_end(pid: int) -> None:
    deadline = monotonic() + 10
    while Path(f"/proc/{pid}/stat").read_text(encoding="ascii").split()[2] != "Z":
        assert monotonic() < deadline
        sleep(0.01)
