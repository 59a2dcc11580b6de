"""Results are kept under the names of their contents, whole or not at all."""

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from errno import ENOSPC
from hashlib import sha256
from pathlib import Path
from subprocess import run
from time import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra import results as module
from infra.results import MissingResultError, NoRoomError, Results

LONG_AGO = 1_000_000.0


@pytest.fixture
def results(tmp_path: Path) -> Results:
    return Results(tmp_path / "home" / "results")


def a_file(folder: Path, content: bytes = b"made", name: str = "made") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def files_of(results: Results) -> set[str]:
    return {path.name for path in results.folder.rglob("*") if path.is_file()} - {"lock", "swept"}


def age(results: Results, digest: str) -> None:
    os.utime(results.folder / digest[:2] / digest, (LONG_AGO, LONG_AGO))


def read(results: Results, digest: str) -> bytes:
    with results.open(digest) as file:
        return file.read()


@given(content=st.binary(max_size=5_000))
def test_what_is_kept_is_read_again_by_its_digest(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    folder = tmp_path_factory.mktemp("results")
    results = Results(folder / "kept")
    digest, size = results.keep(a_file(folder, content))
    assert (digest, size) == (sha256(content).hexdigest(), len(content))
    assert read(results, digest) == content


def test_a_file_larger_than_a_chunk_is_whole(results: Results, tmp_path: Path) -> None:
    content = os.urandom(module._CHUNK + 1)
    digest, size = results.keep(a_file(tmp_path, content))
    assert size == module._CHUNK + 1
    assert read(results, digest) == content


def test_the_same_content_is_stored_once(results: Results, tmp_path: Path) -> None:
    first = results.keep(a_file(tmp_path))
    assert results.keep(a_file(tmp_path, name="again")) == first
    assert files_of(results) == {first[0]}


def test_only_the_owner_may_read_a_result(results: Results, tmp_path: Path) -> None:
    digest, _ = results.keep(a_file(tmp_path))
    assert (results.folder / digest[:2] / digest).stat().st_mode & 0o077 == 0
    assert results.folder.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "digest", ["0" * 64, "", "../../etc/passwd", "A" * 64, "0" * 64 + "\n", "0" * 63 + "/"]
)
def test_what_was_never_kept_is_missing(results: Results, digest: str) -> None:
    with pytest.raises(MissingResultError):
        results.open(digest)


def test_a_file_that_does_not_exist_is_not_kept(results: Results, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        results.keep(tmp_path / "none")
    assert files_of(results) == set()


def test_a_full_disk_is_said_and_leaves_nothing_behind(
    results: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(ENOSPC, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", full)
        with pytest.raises(NoRoomError, match="disk that keeps the results is full"):
            results.keep(a_file(tmp_path))
    assert files_of(results) == set()
    assert results.keep(a_file(tmp_path))[1] == 4, "with room again it is kept"


def test_a_really_full_disk_is_said(tmp_path: Path) -> None:
    if not os.access("/dev/full", os.W_OK):
        pytest.skip("this machine has no /dev/full")
    with Path("/dev/full").open("wb", buffering=0) as full, a_file(tmp_path).open("rb") as source:
        with pytest.raises(OSError, match="No space left") as refused:
            module._copy(source, full)  # type: ignore[arg-type]  # unbuffered, to fail at once
        assert refused.value.errno == ENOSPC


def test_another_trouble_of_the_disk_is_not_called_a_full_one(
    results: Results, tmp_path: Path
) -> None:
    results.folder.parent.mkdir()
    results.folder.write_text("a file is in the way")
    with pytest.raises(FileExistsError):
        results.keep(a_file(tmp_path))


def test_a_sweep_removes_what_is_old_and_only_that(results: Results, tmp_path: Path) -> None:
    old, _ = results.keep(a_file(tmp_path, b"old"))
    wanted, _ = results.keep(a_file(tmp_path, b"wanted"))
    new, _ = results.keep(a_file(tmp_path, b"new"))
    age(results, old)
    age(results, wanted)
    assert results.sweep(LONG_AGO + 1, keep={wanted}) == 1
    assert files_of(results) == {wanted, new}
    with pytest.raises(MissingResultError):
        results.open(old)


def test_a_sweep_removes_what_a_killed_process_left(results: Results, tmp_path: Path) -> None:
    results.keep(a_file(tmp_path))
    left = results.folder / "unfinished" / "tmpkilled"
    left.write_bytes(b"half")
    os.utime(left, (LONG_AGO, LONG_AGO))
    assert results.sweep(LONG_AGO + 1) == 0, "it is no result"
    assert not left.exists()


def test_a_sweep_of_no_folder_removes_nothing(results: Results) -> None:
    assert results.sweep(LONG_AGO) == 0


def test_a_result_that_is_kept_again_counts_as_new(results: Results, tmp_path: Path) -> None:
    digest, _ = results.keep(a_file(tmp_path))
    age(results, digest)
    results.keep(a_file(tmp_path))
    assert results.sweep(LONG_AGO + 1) == 0
    assert read(results, digest) == b"made"


def test_who_reads_a_result_reads_it_to_its_end_though_it_is_swept(
    results: Results, tmp_path: Path
) -> None:
    digest, _ = results.keep(a_file(tmp_path))
    age(results, digest)
    with results.open(digest) as file:
        assert results.sweep(LONG_AGO + 1) == 1
        assert file.read() == b"made"


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Path]:
    """Give a folder on a disk of its own, of 64 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = run(["mount", "-t", "tmpfs", "-o", "size=64k", "ringi-test", folder], check=False)
    if made.returncode:
        pytest.skip("this machine lets nobody mount a disk of memory")
    yield folder
    run(["umount", folder], check=True)


def test_a_full_disk_is_swept(room: Path, tmp_path: Path) -> None:
    results = Results(room / "results")
    digest, _ = results.keep(a_file(tmp_path))
    with (room / "rest").open("wb", buffering=0) as rest, suppress(OSError):
        while rest.write(bytes(1024)):
            continue
    with pytest.raises(NoRoomError):
        results.keep(a_file(tmp_path, bytes(5000)))
    age(results, digest)
    assert results.sweep_in_turn(lambda: LONG_AGO + 1, 60) == 1


def test_nothing_but_results_is_swept(results: Results, tmp_path: Path) -> None:
    digest, _ = results.keep(a_file(tmp_path))
    shard = results.folder / digest[:2]
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    others = [
        results.folder / "zz" / "ab12",
        results.folder / "ab" / "notes.txt",
        results.folder / "ff" / ("0" * 64),
        elsewhere / ("f" * 64),
        tmp_path / "linked",
    ]
    for path in others:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"not ours")
        os.utime(path, (LONG_AGO, LONG_AGO))
    (results.folder / "ee").symlink_to(elsewhere)
    (shard / (digest[:2] + "0" * 62)).symlink_to(tmp_path / "linked")
    (shard / (digest[:2] + "1" * 62)).mkdir()
    age(results, digest)
    assert results.sweep(time() + 60) == 1
    assert all(path.exists() for path in others)
    assert (shard / (digest[:2] + "0" * 62)).is_symlink()


def test_what_cannot_be_removed_ends_no_sweep(
    results: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [results.keep(a_file(tmp_path, bytes([number])))[0] for number in range(5)]
    for digest in made:
        age(results, digest)
    stuck, unlink = min(made), Path.unlink

    def refusing(path: Path, *, missing_ok: bool = False) -> None:
        if path.name == stuck:
            raise PermissionError(f"not {path.name}")
        unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", refusing)
    with pytest.raises(PermissionError, match=stuck):
        results.sweep_in_turn(lambda: LONG_AGO + 1, 60)
    assert files_of(results) == {stuck}
    monkeypatch.undo()
    assert results.sweep_in_turn(lambda: LONG_AGO + 1, 60) == 1, "a failed sweep is due again"


def test_what_is_kept_between_a_sweeps_look_and_its_removal_stays(
    results: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest, _ = results.keep(a_file(tmp_path))
    age(results, digest)
    looks, look = [], module._is_older

    def meanwhile(path: Path, before: float) -> bool:
        looks.append(look(path, before))
        if len(looks) == 1:
            results.keep(a_file(tmp_path))
        return looks[-1]

    monkeypatch.setattr(module, "_is_older", meanwhile)
    assert results.sweep(LONG_AGO + 1) == 0
    assert looks[:2] == [True, False]
    assert read(results, digest) == b"made"


def test_what_is_kept_beside_sweeps_stays(results: Results, tmp_path: Path) -> None:
    """One keeps an old content again and again, while others sweep what is old."""
    path, done = a_file(tmp_path), threading.Event()
    digest, _ = results.keep(path)

    def sweep() -> None:
        while not done.is_set():
            results.sweep(LONG_AGO + 1)

    with ThreadPoolExecutor(2) as sweepers:
        running = [sweepers.submit(sweep) for _ in range(2)]
        try:
            for _ in range(100):
                if (results.folder / digest[:2] / digest).exists():
                    _age_if_there(results, digest)
                results.keep(path)
                assert read(results, digest) == b"made"
        finally:
            done.set()
    assert all(each.exception() is None for each in running)


def _age_if_there(results: Results, digest: str) -> None:
    try:
        age(results, digest)
    except FileNotFoundError:
        return  # a sweeper was here: that is what it is for


def test_many_who_keep_the_same_at_once_all_succeed(results: Results, tmp_path: Path) -> None:
    path = a_file(tmp_path, os.urandom(10_000))
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: results.keep(path), range(40)))
    assert found == {(sha256(path.read_bytes()).hexdigest(), 10_000)}
    assert len(files_of(results)) == 1


def test_of_those_who_share_a_folder_one_sweeps_it_in_each_period(
    results: Results, tmp_path: Path
) -> None:
    for content, expected in ((b"one", 1), (b"two", None)):
        age(results, results.keep(a_file(tmp_path, content))[0])
        assert Results(results.folder).sweep_in_turn(lambda: LONG_AGO + 1, 3600) == expected
    swept = results.folder / "swept"
    for moment in (LONG_AGO, time() + 3 * 3600):  # long since, and by a clock that was set back
        age(results, results.keep(a_file(tmp_path))[0])
        os.utime(swept, (moment, moment))
        assert results.sweep_in_turn(lambda: LONG_AGO + 1, 3600)
        assert results.sweep_in_turn(lambda: LONG_AGO + 1, 3600) is None


def test_nobody_sweeps_while_somebody_does(
    results: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    age(results, results.keep(a_file(tmp_path))[0])
    rivals, sweep = [], Results.sweep

    def meanwhile(self: Results, before: float) -> int:
        rivals.append(results.sweep_in_turn(lambda: before, 0))
        return sweep(self, before)

    monkeypatch.setattr(Results, "sweep", meanwhile)
    assert results.sweep_in_turn(lambda: LONG_AGO + 1, 0) == 1
    assert rivals == [None]


def test_where_nothing_was_ever_kept_no_folder_is_made(results: Results) -> None:
    assert results.sweep_in_turn(lambda: LONG_AGO, 3600) is None
    assert not results.folder.exists()
