"""What the set-up says where it may not install: the packages, and what makes them unnecessary."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from infra.home import CHECKOUT

#: What the script itself calls before it says what is missing; no server is among it.
TOOLS = ("bash", "dirname", "grep", "python3")


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    for name in TOOLS:
        found = shutil.which(name)
        assert found
        (tmp_path / name).symlink_to(found)
    return tmp_path


def said_to_a_user(tools: Path, **environ: str) -> str:
    """Return what the set-up says to somebody who is not root, on a machine without Redis."""
    script = (CHECKOUT / "infra" / "setup.sh").read_text().rpartition("\nensure_packages\n")[0]
    script = script.replace("/usr/sbin:/sbin", "")  # where this machine has MariaDB
    script = script.replace("$EUID", "1000")
    done = subprocess.run(
        ["bash", "-c", f"{script}\nensure_packages"],
        cwd=CHECKOUT / "infra",  # where the script goes up from
        env={"PATH": str(tools), "HOME": os.environ.get("HOME", "/"), **environ},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stderr


def test_without_rights_the_packages_and_the_variables_are_named(tools: Path) -> None:
    said = said_to_a_user(tools)
    for name in ("redis-server", "mariadb-server-core", "RINGI_DATABASE_URL", "RINGI_REDIS_URL"):
        assert name in said
    assert "as root, apt-get install" in said


def test_servers_that_are_named_are_not_asked_for(tools: Path) -> None:
    said = said_to_a_user(tools, RINGI_DATABASE_URL="given", RINGI_REDIS_URL="given")
    packages = said.partition("apt-get install")[2].partition(";")[0]
    assert "redis" not in packages
    assert "mariadb" not in packages
    assert "fonts-noto-core" in packages  # what PDFs need is asked for all the same
