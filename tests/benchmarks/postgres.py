"""A private PostgreSQL for the peer's figure: a folder, a unix socket, durable as it comes."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.benchmarks.ways import postgres_factory

#: Where Debian and Ubuntu keep the programs of each major version.
PACKAGED = Path("/usr/lib/postgresql")

#: Seconds that making, starting or stopping the server may take.
TIMEOUT_S = 60


class NotOnThisMachineError(Exception):
    """Something that a peer needs is missing; the message says what."""


@contextmanager
def postgres() -> Iterator[dict[str, str]]:
    """Run a server with its default settings; give what eventsourcing needs to find it.

    Raises:
        NotOnThisMachineError: PostgreSQL or psycopg is missing.
    """
    programs = _programs()
    if find_spec("psycopg_pool") is None:
        raise NotOnThisMachineError("psycopg is not installed: pip install 'ringi[bench]'")
    folder = Path(tempfile.mkdtemp(prefix="ringi-pg-"))
    try:
        with _running(programs, folder):
            yield _env(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def version(env: dict[str, str]) -> str:
    """Return the version of the server at `env`, once the recorder's tables are there."""
    with postgres_factory(env) as factory:
        factory.application_recorder()
        with factory.datastore.cursor() as cursor:
            cursor.execute("SHOW server_version")
            return str(cursor.fetchone()["server_version"])


def _programs() -> Path:
    packaged = sorted(PACKAGED.glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    found = packaged[-1] if packaged else shutil.which("initdb")
    if found is None:
        raise NotOnThisMachineError("no PostgreSQL on this machine")
    return Path(found).parent


@contextmanager
def _running(programs: Path, folder: Path) -> Iterator[None]:
    who = _owner(folder)

    def run(program: str, *arguments: str) -> None:
        subprocess.run(
            [programs / program, "-D", folder / "data", *arguments],
            **who,
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
            timeout=TIMEOUT_S,
        )

    run("initdb", "-U", "ringi", "-A", "trust", "--no-locale", "--encoding=UTF8", "--no-sync")
    options = f"-k {folder} -c listen_addresses="
    run("pg_ctl", "start", "--wait", f"--log={folder / 'log'}", f"--options={options}")
    try:
        yield
    finally:
        run("pg_ctl", "stop", "--wait", "--mode=fast")


def _owner(folder: Path) -> dict[str, Any]:
    """Hand `folder` to whom the programs may run as: they refuse root."""
    if os.geteuid() != 0:
        return {"cwd": folder}
    names = {entry.pw_name for entry in pwd.getpwall()}
    name = "postgres" if "postgres" in names else "nobody"
    entry = pwd.getpwnam(name)
    os.chown(folder, entry.pw_uid, entry.pw_gid)
    return {"cwd": folder, "user": name, "group": entry.pw_gid, "extra_groups": []}


def _env(folder: Path) -> dict[str, str]:
    return {
        "POSTGRES_DBNAME": "postgres",
        "POSTGRES_HOST": str(folder),
        "POSTGRES_PORT": "5432",
        "POSTGRES_USER": "ringi",
        "POSTGRES_PASSWORD": "",
    }
