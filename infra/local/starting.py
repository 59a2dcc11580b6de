"""`ringi up`: from nothing, or from whatever a crash left, to a machine that is ready."""

import os
import subprocess
import sys
from pathlib import Path
from time import monotonic, sleep

from infra.local import processes
from infra.local.config import render
from infra.local.decisions import decide, give_accounts, require_free_ports
from infra.local.errors import InstallationError
from infra.local.installation import Installation, Say
from infra.local.readiness import reachable, role_answers, unready, wait_until_ready
from infra.local.stopping import end_left_over
from infra.migrate import migrate
from infra.settings import Settings

#: Seconds until supervisord must answer.
SUPERVISOR_TIMEOUT_S = 20


def up(installation: Installation, say: Say) -> None:
    """Start what does not run yet, wait until all of it is ready, say where it is.

    Idempotent, also at once by several; interrupted or killed anywhere, the next one goes on.

    Raises:
        InstallationError: something does not start; what runs by then is left running, to be
            looked into.
        PersistenceError: a server is unsafe, or a database somebody else's.
    """
    with installation.alone():
        if installation.supervisor.is_up():
            if not _missing(installation):
                say(f"Ringi is up already.\n{_addresses(installation)}")
                return
        else:
            end_left_over(installation, say)
            _prepare(installation, say)
            _start_supervisor(installation)
        _start_servers(installation, say)
        _migrate(installation, say)
        _start_roles(installation, say)
    say(f"Ringi is up.\n{_addresses(installation)}")


def _missing(installation: Installation) -> dict[str, str]:
    names = [program.name for program in installation.programs()]
    return unready(installation, names, role_answers(installation.settings()))


def _prepare(installation: Installation, say: Say) -> None:
    home = installation.home
    for server in installation.servers:
        say(f"{server.title}: its files and data are in {server.folder}")
        server.prepare()
    home.write_environment(decide(installation))
    require_free_ports(installation.settings())
    config = render(home, installation.directory, installation.programs())
    (home.folder / "supervisord.conf").write_text(config)


def _start_supervisor(installation: Installation) -> None:
    home = installation.home
    programs = Path(sys.executable).parent  # of this virtual environment
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "supervisor.supervisord",
            "--configuration",
            str(home.folder / "supervisord.conf"),
        ],
        env={
            **installation.environ,
            "RINGI_HOME": str(home.folder),
            processes.MARK: str(home.folder),
            "PATH": f"{programs}:{installation.environ.get('PATH', os.defpath)}",
            "PYTHONUNBUFFERED": "1",  # what a role prints is in its log at once
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=SUPERVISOR_TIMEOUT_S,
    )
    deadline = monotonic() + SUPERVISOR_TIMEOUT_S
    while not installation.supervisor.is_up():
        if done.returncode != 0 or monotonic() > deadline:
            raise InstallationError(
                f"supervisord does not start: {done.stdout.strip() or 'it said nothing'}; "
                f"look into {home.logs / 'supervisord.log'}"
            )
        sleep(0.05)


def _start_servers(installation: Installation, say: Say) -> None:
    for server in installation.servers:
        installation.supervisor.start(server.name)
    for server in installation.servers:
        say(f"waiting for {server.title}")
        wait_until_ready(installation, [server.name], {server.name: server.is_ready})
    if installation.has_own_mariadb:
        give_accounts(installation)


def _migrate(installation: Installation, say: Say) -> None:
    settings = installation.settings()
    if settings.migration_url is None:
        say("not migrating: no RINGI_MIGRATION_URL is given for that server")
    else:
        say("migrating")
        migrate(settings)


def _start_roles(installation: Installation, say: Say) -> None:
    names = [role.name for role in installation.roles]
    for name in names:
        installation.supervisor.start(name)
    say(f"waiting for {', '.join(names)}")
    wait_until_ready(installation, names, role_answers(installation.settings()))


def addresses_of(settings: Settings) -> dict[str, str]:
    """Return where clients of this machine reach what listens."""
    return {
        "API": f"http://{reachable(settings.api_host)}:{settings.api_port}",
        "gateway": f"ws://{reachable(settings.gateway_host)}:{settings.gateway_port}/ws",
    }


def _addresses(installation: Installation) -> str:
    addresses = addresses_of(installation.settings())
    lines = [f"  {name:8} {address}" for name, address in addresses.items()]
    return "\n".join([*lines, f"  logs     {installation.home.logs}"])
