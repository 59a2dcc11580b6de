"""The command line: one table, quick help, errors in one line."""

import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

import api.cli
from api.cli.subcommands import SUBCOMMANDS

BROKEN = "raise_on_purpose"


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Add a subcommand that fails with an error of two lines."""

    def run() -> None:
        raise ValueError("it is\n  broken")

    module = type(sys)("broken")
    module.run = run  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "broken", module)
    monkeypatch.setattr(api.cli, "SUBCOMMANDS", {BROKEN: ("broken", "Break.")})
    monkeypatch.setattr("sys.argv", ["ringi", BROKEN])
    monkeypatch.delenv("RINGI_DEBUG", raising=False)


@pytest.mark.parametrize("name", SUBCOMMANDS)
def test_every_subcommand_of_the_table_runs_and_says_what_it_does(name: str) -> None:
    module, line = SUBCOMMANDS[name]
    assert line.endswith(".")
    assert import_module(module).run.__doc__
    shown = CliRunner().invoke(api.cli.command_line(name), [name, "--help"])
    assert (shown.exit_code, "Usage" in shown.output) == (0, True)


def test_the_help_names_every_subcommand_and_imports_none() -> None:
    program = (
        "import sys; from typer.testing import CliRunner; import api.cli;"
        "print(CliRunner().invoke(api.cli.command_line(''), ['--help']).output);"
        "print([name for name in sys.modules if name in sys.argv[1:]])"
    )
    modules = [module for module, _line in SUBCOMMANDS.values()]
    done = subprocess.run(
        [sys.executable, "-c", program, *modules, "infra", "sqlalchemy", "redis"],
        capture_output=True,
        text=True,
        check=True,
    )
    *shown, imported = done.stdout.strip().splitlines()
    assert imported == "[]"
    for name in SUBCOMMANDS:
        assert any(f" {name} " in line for line in shown), name


def test_an_error_is_one_line_and_exit_code_1(
    broken: None, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        api.cli.main()
    assert ended.value.code == 1
    assert capsys.readouterr() == ("", "ringi: it is broken\n")


def test_a_developer_sees_the_traceback(broken: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RINGI_DEBUG", "1")
    with pytest.raises(ValueError, match="broken"):
        api.cli.main()


def test_an_error_that_says_nothing_is_named_by_its_kind() -> None:
    assert api.cli.one_line(TimeoutError()) == "TimeoutError"


def test_an_unknown_subcommand_is_a_wrong_argument() -> None:
    assert CliRunner().invoke(api.cli.command_line("dance"), ["dance"]).exit_code == 2


def test_who_reads_no_more_stops_nothing() -> None:
    program = (
        "from api.cli.telling import to_whoever_reads as say\n"
        "import sys\n"
        "for line in range(9): say(str(line))\n"
        "print('went on', file=sys.stderr)\n"
    )
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-c", program],
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "went on\n")


@pytest.fixture
def stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the folder of an installation that was made once and does not run."""
    for name in [name for name in os.environ if name.startswith("RINGI_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("RINGI_HOME", str(tmp_path))
    database = f"mysql+pymysql://ann:hidden@localhost?unix_socket={tmp_path}/db.sock"
    (tmp_path / "environment").write_text(
        f"RINGI_DATABASE_URL='{database}'\nRINGI_REDIS_URL='unix://{tmp_path}/redis.sock'\n"
    )
    return tmp_path


def checked(*arguments: str) -> Result:
    return CliRunner().invoke(api.cli.command_line("check-config"), ["check-config", *arguments])


def test_check_config_says_once_that_the_installation_is_stopped(stopped: Path) -> None:
    shown = checked()
    told = shown.output.splitlines()[shown.output.splitlines().index("") + 1 :]
    assert shown.exit_code == 0
    assert [line.split()[0] for line in told] == ["stopped", "at", "ok"]
    assert "(RINGI_DATABASE_URL, RINGI_REDIS_URL)" in told[1]
    found = json.loads(checked("--json").output)
    assert found["stopped"] == ["RINGI_DATABASE_URL", "RINGI_REDIS_URL"]


def test_check_config_looks_at_servers_that_are_given_and_names_where_it_tried(
    stopped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = f"mysql+pymysql://ann:hidden@localhost?unix_socket={stopped}/given.sock"
    monkeypatch.setenv("RINGI_DATABASE_URL", there)
    monkeypatch.setenv("RINGI_REDIS_URL", "redis://:hidden@127.0.0.1:1/")
    shown = checked()
    assert shown.exit_code == 1
    assert "stopped" not in shown.output
    assert f"no server answers at {stopped}/given.sock within" in shown.output
    assert "no answer at 127.0.0.1:1 within" in shown.output
    assert "hidden" not in shown.output
