"""What several modules of this folder take."""

from pathlib import Path

import pytest

from tests.gateway import FakeFeed
from tests.running_gateway import Parts, some_access


@pytest.fixture
def alone(tmp_path: Path) -> Parts:
    """Give parts in memory, without a Redis."""
    return Parts(FakeFeed(), f"unix://{tmp_path}/none.sock", some_access())
