"""`ringi up`: from nothing, or from whatever a crash left, to a machine that is ready."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from time import monotonic, sleep

from infra.bootstrap import rebuild_outdated
from infra.local import processes
from infra.local.config import render
from infra.local.decisions import decide, give_accounts, require_free_ports
from infra.local.errors import InstallationError
from infra.local.fitness import require_fit_servers, require_room
from infra.local.installation import Installation, Say
from infra.local.readiness import reachable, role_answers, unready, wait_until_ready
from infra.local.replicas import copy_missing, follow
from infra.local.stopping import end_left_over, stop_all
from infra.migrate import migrate
from infra.settings import Settings

#: Seconds until supervisord must answer.
SUPERVISOR_TIMEOUT_S = 20


def up(
    installation: Installation,
    say: Say,
    *,
    split_redis: bool | None = None,
    replicas: int | None = None,
) -> None:
    """Start what does not run yet, wait until all of it is ready, say where it is.

    `split_redis`: whether each role of Redis gets a private server; `replicas`: how many replicas
    the private MariaDB has; None: as before. Where that is a change, what runs is stopped first;
    what is queued stays in the same server.
    Idempotent, also at once by several; interrupted or killed anywhere, the next one goes on.

    Raises:
        InstallationError: something does not start; what runs by then is left running, to be
            looked into.
        PersistenceError: a server is unsafe, or a database somebody else's.
    """
    with installation.alone():
        decided = decide(installation, split_redis=split_redis, replicas=replicas)
        changes = split_redis not in (None, installation.has_split_redis)
        if changes or _replicas_change(installation, replicas):
            stop_all(installation, say)
        if installation.supervisor.is_up():
            if not _missing(installation):
                say(f"Ringi is up already.\n{_addresses(installation)}")
                return
        else:
            end_left_over(installation, say)
            _prepare(installation, say, decided)
            _start_supervisor(installation)
        _start_servers(installation, say)
        _migrate(installation, say)
        _start_roles(installation, say)
    say(f"Ringi is up.\n{_addresses(installation)}")


def _missing(installation: Installation) -> dict[str, str]:
    names = [program.name for program in installation.programs()]
    return unready(installation, names, role_answers(installation.settings()))


def _replicas_change(installation: Installation, wanted: int | None) -> bool:
    """Tell whether others are wanted than run, or one must be made anew."""
    found = installation.replicas
    return wanted not in (None, len(found)) or any(not replica.is_made for replica in found)


def _prepare(installation: Installation, say: Say, decided: Mapping[str, str]) -> None:
    home = installation.home
    home.write_environment(decided)
    require_free_ports(installation.settings())
    require_room(installation)
    require_fit_servers(installation)
    copy_missing(installation.mariadb, installation.replicas)
    for server in installation.servers:
        say(f"{server.title}: its files and data are in {server.folder}")
        server.prepare()
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
        follow(installation.mariadb, installation.replicas)


def _migrate(installation: Installation, say: Say) -> None:
    settings = installation.settings()
    if settings.migration_url is None:
        say("not migrating: no RINGI_MIGRATION_URL is given for that server")
    else:
        say("migrating")
        migrate(settings)
        rebuild_outdated(settings, say)


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


def metrics_of(settings: Settings) -> dict[str, str]:
    """Return where the metrics of each role are, if they are served."""
    ports = {
        "api": settings.api_metrics_port,
        "worker": settings.worker_metrics_port,
        "jobs": settings.jobs_metrics_port,
        "scheduler": settings.scheduler_metrics_port,
        "gateway": settings.gateway_metrics_port,
    }
    host = reachable(settings.metrics_host)
    return {role: f"http://{host}:{port}/metrics" for role, port in ports.items() if port}


def _addresses(installation: Installation) -> str:
    addresses = addresses_of(installation.settings())
    lines = [f"  page     {addresses['API']}/"]
    lines += [f"  {name:8} {address}" for name, address in addresses.items()]
    mail = f"  mail     {installation.settings().mail_goes_to}"
    return "\n".join([*lines, mail, f"  logs     {installation.home.logs}"])
