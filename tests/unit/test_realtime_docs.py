"""docs/realtime.md says what the gateway does."""

import re
from pathlib import Path

import pytest

from realtime import protocol
from realtime.limits import Limits
from realtime.protocol import Refusal, Resync

TEXT = (Path(__file__).parents[2] / "docs/realtime.md").read_text()


def test_every_close_code_is_documented_and_every_documented_one_exists() -> None:
    documented = re.findall(r"^\| `(\w+)` \| (\d{4}) \| (yes|no) \|", TEXT, re.MULTILINE)
    assert documented == [
        (close.name, str(close.code), "yes" if close.reconnect else "no")
        for close in protocol.CLOSES
    ]


@pytest.mark.parametrize(
    ("heading", "codes"), [("reason", Resync), ("code", Refusal)], ids=["resync", "refusal"]
)
def test_every_reason_is_documented_and_every_documented_one_exists(
    heading: str, codes: type[Resync] | type[Refusal]
) -> None:
    (table,) = re.findall(
        rf"^\| {heading} \| \w[^|]*\|\n\|[-|]+\n((?:\|.*\n)+)", TEXT, re.MULTILINE
    )
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == set(codes)


def test_the_bounds_that_are_named_are_those_in_force() -> None:
    limits = Limits()
    assert f"within {limits.connect_s:g} s" in TEXT
    assert f"{limits.replay_messages} rows, {limits.replay_bytes // 1024} KiB" in TEXT
    assert f"{limits.replay_scan:,} rows".replace(",", " ") in TEXT
    assert f"{limits.replay_scan_bytes // 2**20} MiB" in TEXT
    assert f"{limits.ring_rows:,} rows".replace(",", " ") in TEXT
    assert f"more than {limits.message_bytes // 1024} KiB" in TEXT
    assert f"more than {limits.unsent_bytes // 1024**2} MiB" in TEXT
    assert f"more than {limits.topics} |" in TEXT
    assert f"{limits.request_burst} requests at once, or {limits.requests_per_s:g} a second" in TEXT
    assert f"{limits.poll_alone_s * 1000:g} ms" in TEXT
    assert f"every {limits.heartbeat_s:g} s" in TEXT


def test_every_kind_of_message_is_shown() -> None:
    for key in ("connect", "subscribe", "unsubscribe", "ok", "error", "resync", "ended", "bye"):
        assert f'"{key}":' in TEXT
