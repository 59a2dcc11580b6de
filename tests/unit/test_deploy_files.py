"""The files of infra/deploy say the same as the Procfile, the settings and the processes do."""

import re
import runpy
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from infra.home import CHECKOUT
from infra.local.config import DESCRIPTORS
from infra.local.installation import ROLE_STOP_S
from infra.local.procfile import read_procfile
from infra.settings import Settings
from realtime.limits import Limits

DEPLOY = CHECKOUT / "infra" / "deploy"
UNITS = DEPLOY / "systemd"
BIN = "/opt/ringi/.venv/bin/"

_SECTIONS = {"Unit", "Service", "Install"}


def lines_of(path: Path) -> dict[str, list[str]]:
    """Return the values of each `Section.Key`; refuse a line that is neither."""
    found: dict[str, list[str]] = {}
    section = ""
    for line in path.read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        if line.startswith("["):
            section = line.strip("[]")
            assert section in _SECTIONS, line
            continue
        key, equals, value = line.partition("=")
        assert re.fullmatch(r"[A-Z][A-Za-z]+", key), line
        assert equals, line
        found.setdefault(f"{section}.{key}", []).append(value)
    return found


def units() -> dict[str, dict[str, list[str]]]:
    """Return the units of processes by the name of their role."""
    pattern = re.compile(r"ringi-([a-z]+)@?\.service")
    found = {pattern.fullmatch(path.name): path for path in UNITS.glob("*.service")}
    return {match[1]: lines_of(path) for match, path in found.items() if match}


def test_there_is_a_unit_for_each_line_of_the_procfile_and_it_runs_the_same() -> None:
    started = {role: shlex.split(unit["Service.ExecStart"][0]) for role, unit in units().items()}
    assert started == {
        role.name: [BIN + role.command[0], *role.command[1:]]
        for role in read_procfile(CHECKOUT / "Procfile")
    }


def test_every_unit_belongs_to_the_target_and_ends_in_the_same_time_as_a_local_role() -> None:
    for unit in units().values():
        assert unit["Install.WantedBy"] == ["ringi.target"]
    shared = lines_of(UNITS / "ringi-.service.d" / "ringi.conf")
    assert shared["Unit.PartOf"] == ["ringi.target"]
    assert shared["Service.TimeoutStopSec"] == [str(ROLE_STOP_S)]
    assert shared["Service.Restart"] == ["always"]


def test_a_gateway_may_have_as_many_descriptors_as_its_connections_need() -> None:
    (limit,) = units()["gateway"]["Service.LimitNOFILE"]
    assert Limits().connections + 256 < int(limit) == DESCRIPTORS


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze here")
def test_systemd_finds_nothing_wrong_with_the_units(tmp_path: Path) -> None:
    shutil.copytree(UNITS, tmp_path, dirs_exist_ok=True)
    for path in tmp_path.rglob("*"):
        if path.is_file():
            path.write_text(path.read_text().replace("/opt/ringi", str(CHECKOUT)))
    names = ["ringi.target", "ringi-api@8400.service", "ringi-gateway@8401.service"]
    names += [path.name for path in tmp_path.glob("*.service") if "@" not in path.name]
    done = subprocess.run(
        ["systemd-analyze", "verify", *names],
        env={"SYSTEMD_UNIT_PATH": f"{tmp_path}:", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (0, "")
    assert str(tmp_path) not in done.stderr


def directive(name: str, file: str) -> list[str]:
    """Return the values of an nginx directive, in their order."""
    text = (DEPLOY / "nginx" / file).read_text()
    return re.findall(rf"^\s*{name} ([^;]+);", text, re.MULTILINE)


def test_nginx_closes_idle_connections_before_the_api_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Settings, "load", lambda: Settings.from_env(SOME))
    gunicorn = runpy.run_path(str(CHECKOUT / "api" / "gunicorn_conf.py"))
    (kept,) = directive("keepalive_timeout", "ringi-upstreams.conf")
    assert int(kept.removesuffix("s")) < gunicorn["keepalive"]
    waits = [
        int(value.removesuffix("s")) for value in directive("proxy_read_timeout", "ringi-site.conf")
    ]
    assert waits[0] > gunicorn["timeout"]
    assert waits[1] > 2 * Limits().heartbeat_s


SOME = {
    "RINGI_DATABASE_URL": "mysql+pymysql://user:secret@127.0.0.1/",
    "RINGI_REDIS_URL": "redis://127.0.0.1/",
}


def test_every_example_of_a_setting_is_one() -> None:
    text = (DEPLOY / "ringi.env.example").read_text()
    given = dict(re.findall(r"^#?(RINGI_[A-Z_]+)=(.+)$", text, re.MULTILINE))
    settings = Settings.from_env(given)
    assert settings.pubsub_url != settings.redis_url
    assert len(given) >= 3
