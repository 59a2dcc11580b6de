"""The home of a local installation, its Procfile and supervisord's configuration."""

import configparser
import os
import shlex
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.home import CHECKOUT, Home
from infra.local.config import Program, render
from infra.local.errors import InstallationError
from infra.local.procfile import Role, read_procfile
from infra.private_server import LONGEST_SOCKET_PATH

TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30)


def test_the_home_is_in_the_checkout_unless_it_is_named() -> None:
    assert Home.of({}).folder == Home.of({"RINGI_HOME": ""}).folder == CHECKOUT / ".ringi"
    assert Home.of({"RINGI_HOME": "/somewhere/else"}).folder == Path("/somewhere/else")
    assert Home.of({"RINGI_HOME": "here"}).folder == Path.cwd() / "here"


@pytest.mark.parametrize("letter", ["x", "é"])
def test_sockets_fit_however_long_the_path_is(letter: str) -> None:
    outside = 0
    for length in range(1, 120):
        home = Home(Path("/tmp") / (letter * length))
        longest = home.sockets / "supervisor.sock.4194304"
        assert len(os.fsencode(longest)) <= LONGEST_SOCKET_PATH
        outside += home.sockets != home.folder
    assert 0 < outside < 119


def test_two_homes_with_long_paths_have_folders_of_their_own() -> None:
    homes = [Home(Path("/tmp") / ("x" * 120) / name) for name in "ab"]
    assert homes[0].sockets != homes[1].sockets
    assert homes[0].sockets == Home(homes[0].folder).sockets


def test_only_the_owner_may_enter_what_is_made(tmp_path: Path) -> None:
    home = Home(tmp_path / "a" / "home")
    home.make()
    home.make()
    for folder in (home.folder, home.logs):
        assert folder.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "home").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PermissionError, match="not a folder of ours"):
        Home(tmp_path / "home").make()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    os.chown(tmp_path / "home", 65534, 65534)
    with pytest.raises(PermissionError, match="not a folder of ours"):
        Home(tmp_path / "home").make()


@given(values=st.dictionaries(st.from_regex(r"[A-Z_]{1,9}", fullmatch=True), TEXTS))
def test_what_is_written_to_the_environment_file_is_read_again(
    tmp_path_factory: pytest.TempPathFactory, values: dict[str, str]
) -> None:
    home = Home(tmp_path_factory.mktemp("home"))
    assert home.read_environment() == {}
    home.write_environment({"OLD": "1"})
    home.write_environment(values)
    assert home.read_environment() == values
    assert home.environment.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in home.folder.iterdir()] == ["environment"]


def test_a_shell_reads_the_environment_file_too(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.write_environment({"RINGI_X": "a b&c'd?e=%2F"})
    script = f'. {shlex.quote(str(home.environment))}; printf %s "$RINGI_X"'
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "a b&c'd?e=%2F"


def test_a_procfile_is_a_list_of_names_and_commands(tmp_path: Path) -> None:
    path = tmp_path / "Procfile"
    path.write_text("# all\n\napi: gunicorn -c 'a b' app\n  worker:  python -m workers  \n")
    assert read_procfile(path) == (
        Role("api", ("gunicorn", "-c", "a b", "app")),
        Role("worker", ("python", "-m", "workers")),
    )


@pytest.mark.parametrize("text", ["api", "api:", "a b: c", "API: x", "x: 1\nx: 2", ": x"])
def test_a_bad_line_of_a_procfile_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "Procfile").write_text(text)
    with pytest.raises(InstallationError, match=r"Procfile, line \d: not `name: command`"):
        read_procfile(tmp_path / "Procfile")


def test_a_missing_procfile_is_named(tmp_path: Path) -> None:
    with pytest.raises(InstallationError, match="Procfile is missing"):
        read_procfile(tmp_path / "Procfile")


def test_the_procfile_of_this_checkout_names_the_five_roles() -> None:
    names = [role.name for role in read_procfile(CHECKOUT / "Procfile")]
    assert names == ["api", "worker", "jobs", "scheduler", "gateway"]


@given(arguments=st.lists(TEXTS, max_size=4), folder=TEXTS)
def test_supervisord_reads_what_was_meant_or_is_given_nothing(
    arguments: list[str], folder: str
) -> None:
    home = Home(Path("/tmp") / ("h" + folder.replace("/", "")))
    program = Program("one", ("run", *arguments), priority=1, start_s=1, stop_wait_s=5)
    try:
        text = render(home, Path("/directory"), [program])
    except InstallationError as refused:
        assert "cannot stand" in str(refused)  # noqa: PT017  # one of two outcomes
        return
    parser = configparser.RawConfigParser(inline_comment_prefixes=(";", "#"), strict=False)
    parser.read_string(text)  # with the options of supervisord's own parser
    command = parser["program:one"]["command"].replace("%%", "%")
    assert shlex.split(command) == ["run", *arguments]
    log = parser["program:one"]["stdout_logfile"].replace("%%", "%")
    assert log == str(home.logs / "one.log")
