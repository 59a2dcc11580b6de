"""What an idempotency key may be."""

import pytest
from eventsourcing.persistence import DataError

from infra.eventstore.idempotency import Idempotency

HASH = bytes(32)


@pytest.mark.parametrize("key", ["k", "x" * 255, "鍵" * 255, "🔑" * 255, " ", "a\0b"])
def test_one_to_255_characters_are_a_key(key: str) -> None:
    assert Idempotency(key, HASH).command_id == key


@pytest.mark.parametrize("key", ["", "x" * 256, "🔑" * 256])
def test_no_or_more_characters_are_refused_with_their_number(key: str) -> None:
    with pytest.raises(DataError, match=rf"1 to 255 characters, not {len(key)}\b"):
        Idempotency(key, HASH)


def test_a_refused_key_is_not_repeated_at_full_length() -> None:
    with pytest.raises(DataError) as refused:
        Idempotency("x" * 1_000_000, HASH)
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_a_hash_that_is_no_sha_256_digest_is_refused(length: int) -> None:
    with pytest.raises(DataError, match="32 bytes of a SHA-256 digest"):
        Idempotency("k", bytes(length))


def test_equal_keys_of_equal_requests_are_equal() -> None:
    assert Idempotency("k", HASH) == Idempotency("k", bytes(32))
    assert Idempotency("k", HASH) != Idempotency("K", HASH)
    assert Idempotency("k", HASH) != Idempotency("k", b"\1" * 32)
