"""What the README tells a newcomer to type works as it stands there."""

import re
import subprocess
from pathlib import Path

from tests.e2e.machine import Machine

ROOT = Path(__file__).parents[2]


def test_the_story_by_hand_can_be_typed(machine: Machine) -> None:
    (story,) = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    story = story.replace("http://127.0.0.1:8400", machine.api_url)
    done = subprocess.run(
        ["bash", "-euo", "pipefail"],
        input=story,
        cwd=ROOT,
        env={**machine.installation.environ, "RINGI_HOME": str(machine.installation.home.folder)},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"status":"approved"' in done.stdout
    assert "document.approved  by eva" in done.stdout
