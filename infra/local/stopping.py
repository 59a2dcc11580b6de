"""`ringi down`: everything stops in order, roles first and servers last."""

from time import monotonic, sleep

from infra.local import processes
from infra.local.installation import ROLE_STOP_S, SERVER_STOP_S, SERVERS, Installation, Say
from infra.local.supervisor import ALIVE, Supervisor


def down(installation: Installation, say: Say) -> None:
    """Stop everything, wait until each process is gone; the data stays. Idempotent.

    Raises:
        InstallationError: supervisord does not answer, or a process cannot be ended.
    """
    if installation.home.folder.exists():
        with installation.alone():
            stop_all(installation, say)
    say("Ringi is down.")


def stop_all(installation: Installation, say: Say) -> None:
    """Stop everything, for whoever holds the installation's lock. Idempotent.

    Raises:
        InstallationError: supervisord does not answer, or a process cannot be ended.
    """
    supervisor = installation.supervisor
    names = [state.name for state in supervisor.programs()]
    if names:
        roles = [name for name in names if name not in SERVERS]
        say(f"stopping {', '.join(roles) or 'what there is'}, then the servers")
        _stop_together(supervisor, roles)
        pid = int((installation.home.folder / "supervisord.pid").read_text())
        supervisor.shut_down()
        processes.wait_for_end(pid, installation.home.folder, ROLE_STOP_S + 2 * SERVER_STOP_S)
    end_left_over(installation, say)


def _stop_together(supervisor: Supervisor, roles: list[str]) -> None:
    """Stop the roles side by side; on its own, supervisord stops one after the other."""
    for name in roles:
        supervisor.stop(name)
    deadline = monotonic() + 2 * ROLE_STOP_S
    while any(state.name in roles and state.state in ALIVE for state in supervisor.programs()):
        if monotonic() > deadline:
            return  # shutting down and ending what is left over come next
        sleep(0.05)


def end_left_over(installation: Installation, say: Say) -> None:
    """End what still runs without its supervisord: roles first, then the servers.

    Raises:
        InstallationError: a process cannot be ended.
        OperationalError: a server cannot be ended.
    """
    servers = (
        *installation.replicas,
        *installation.split_redis.values(),
        installation.redis,
        installation.mariadb,
    )
    pids = {server.pid for server in servers}
    home = installation.home.folder
    ended = processes.end(home, spare={pid for pid in pids if pid}, grace_s=ROLE_STOP_S)
    for server in servers:
        ended += server.pid is not None
        server.stop()
    ended += processes.end(home, grace_s=SERVER_STOP_S)
    if ended:
        say(f"ended {ended} processes that nobody supervised any more")
