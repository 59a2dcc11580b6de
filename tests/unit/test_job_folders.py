"""Folders of attempts: removed with their attempt, or when their process is found dead."""

import os
import tempfile
from pathlib import Path

import pytest

from workers.folders import UNLOCKED_S, new_folder, sweep


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def old(folder: Path) -> Path:
    """Let a folder be from before the time in which its lock is not asked for."""
    past = folder.stat().st_mtime - UNLOCKED_S - 1
    os.utime(folder, (past, past))
    return folder


def left_behind(parent: Path, name: str = "ringi-job-killed") -> Path:
    folder = parent / name
    (folder / "below").mkdir(parents=True)
    (folder / "below" / "file").write_text("x")
    return old(folder)


def test_a_folder_is_removed_at_the_end_of_its_attempt(tmp_path: Path) -> None:
    with new_folder() as folder:
        (folder / "file").write_text("x")
        assert folder.parent == tmp_path
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    left_behind(tmp_path)
    assert sweep() == 1
    assert list(tmp_path.iterdir()) == []


def test_what_a_living_attempt_uses_is_left_to_it() -> None:
    with new_folder() as folder:
        assert sweep() == 0
        assert old(folder).is_dir()
        assert sweep() == 0
        assert folder.is_dir()


def test_what_was_made_just_now_and_what_is_not_ours_is_left(tmp_path: Path) -> None:
    (tmp_path / "ringi-job-new").mkdir()
    other = left_behind(tmp_path, "somebody-elses")
    (tmp_path / "ringi-job-link").symlink_to(other)
    (tmp_path / "ringi-job-file").write_text("x")
    assert sweep() == 0
    assert len(list(tmp_path.iterdir())) == 4
    assert (other / "below" / "file").exists()
