"""What must be so before anything is started: room on the disk, and servers that are fit."""

import shutil
from collections.abc import Iterator

from infra.checking.checks import Check, redis_checks, server_check
from infra.local.errors import InstallationError
from infra.local.installation import Installation

#: Bytes that must be free: a new MariaDB takes 210 MB (measured 2026-11 with 10.11), and what runs
#: writes its logs and binary logs.
ROOM_FOR_NEW = 400 * 10**6
ROOM_TO_RUN = 50 * 10**6


def require_room(installation: Installation) -> None:
    """Refuse to start where the servers would soon fail.

    Raises:
        InstallationError: with how much is free and how much is needed.
    """
    home = installation.home.folder
    is_new = installation.has_own_mariadb and not (home / "mariadb" / "data").exists()
    needed = ROOM_FOR_NEW if is_new else ROOM_TO_RUN
    free = shutil.disk_usage(home).free
    if free < needed:
        raise InstallationError(
            f"{free // 10**6} MB are free where {home} is, and {needed // 10**6} MB are needed: "
            "make room, or name another folder by RINGI_HOME"
        )


def require_fit_servers(installation: Installation) -> None:
    """Refuse servers that are given and are away, or not what Ringi needs. Changes nothing there.

    Raises:
        InstallationError: with everything that is wrong.
    """
    wrong = [
        f"{check.what}: {' '.join(problem.split())}"
        for check in _foreign(installation)
        for problem in check.problems
    ]
    if wrong:
        raise InstallationError(f"{'; '.join(wrong)} (`ringi check-config` shows all settings)")


def _foreign(installation: Installation) -> Iterator[Check]:
    settings = installation.settings()
    if not installation.has_own_mariadb:
        yield server_check(settings)
    own = {server.url for server in (installation.redis, *installation.split_redis.values())}
    yield from redis_checks(settings, but=own)
