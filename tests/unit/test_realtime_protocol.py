"""Messages, frames, rows and bounds of the gateway."""

import struct

import msgspec
import pytest

from realtime import protocol
from realtime.frames import text_frame
from realtime.limits import Allowance, Limits
from realtime.protocol import BadMessageError, Close, Place, parse
from realtime.ring import Ring
from realtime.row import MalformedRowError, Row
from tests.gateway import a_message


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"{",
        b'{"id":"1","connect":{"token":"t"}}',
        b'{"connect":{"token":"t"}}',
        b'{"id":1}',
        b'{"id":1,"connect":{}}',
        b'{"id":1,"connect":{"token":"t","ticket":"t"}}',
        b'{"id":1,"connect":{"token":"t"},"unsubscribe":{"topics":[]}}',
        b'{"id":1,"connect":{"token":"t","admin":true}}',
        b'{"id":1,"subscribe":{"topics":"all"}}',
        b'{"id":1,"subscribe":{"topics":["all"],"since":{"epoch":"e","lanes":{"x":1}}}}',
        b'{"id":1,"subscribe":{"topics":["all"],"since":{"epoch":"e","lanes":{"01":1}}}}',
        b'{"id":1,"subscribe":{"topics":["all"],"since":{"epoch":"e","lanes":{"0":-1}}}}',
        b'{"id":1,"subscribe":{"topics":["all"],"since":{"epoch":"e","lanes":{"9999999999":1}}}}',
        '{"id":1,"subscribe":{"topics":["all"],"since":{"epoch":"e","lanes":{"²":1}}}}',
        b"\xff\xfe",
    ],
)
def test_what_is_not_of_the_protocol_is_refused(text: bytes | str) -> None:
    with pytest.raises(BadMessageError):
        parse(text)


def test_a_request_to_subscribe_is_read_with_its_place() -> None:
    request = parse(
        b'{"id":2,"subscribe":{"topics":["all"],"since":{"epoch":"e","lanes":{"0":8123,"11":0}}}}'
    )
    assert request.subscribe is not None
    assert request.subscribe.since is not None
    assert request.subscribe.since.by_lane() == {0: 8123, 11: 0}


def test_no_representation_shows_a_secret() -> None:
    request = parse(b'{"id":1,"connect":{"token":"geheim","client":"dash"}}')
    assert "geheim" not in repr(request)
    assert "dash" in repr(request)


def test_close_codes_are_unique_and_their_reasons_fit_into_a_frame() -> None:
    assert len({close.code for close in protocol.CLOSES}) == len(protocol.CLOSES)
    assert len({close.name for close in protocol.CLOSES}) == len(protocol.CLOSES)
    assert all(len(close.reason.encode()) <= 123 for close in protocol.CLOSES)


def test_every_close_code_of_the_module_stands_in_the_table() -> None:
    defined = {value for value in vars(protocol).values() if isinstance(value, Close)}
    assert defined == set(protocol.CLOSES)


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
def test_a_frame_is_one_that_the_library_reads(size: int) -> None:
    from websockets.frames import Frame  # noqa: PLC0415
    from websockets.streams import StreamReader  # noqa: PLC0415

    payload = b"x" * size
    reader = StreamReader()
    reader.feed_data(text_frame(payload))
    steps = Frame.parse(reader.read_exact, mask=False)
    with pytest.raises(StopIteration) as end:
        next(steps)
    frame = end.value.value
    assert (frame.opcode, frame.fin, bytes(frame.data)) == (1, True, payload)
    assert struct.unpack("!B", text_frame(payload)[:1]) == (0x81,)


def test_a_row_is_told_with_the_clients_topics_and_every_value_as_it_was_written() -> None:
    message = b'{"topics":["person:ann"],"at":[1,5],"data":{"amount":12345678901234567890.10}}'
    row = Row.parse(message)
    told = row.told_to(("inbox:ann",))
    assert told.startswith(b'{"topics":["inbox:ann"],')
    assert b"12345678901234567890.10" in told
    assert b"person:ann" not in told
    assert (row.lane, row.seq) == (1, 5)


def test_a_row_says_whom_it_excludes_and_whose_record_changed() -> None:
    row = Row.parse(a_message(0, 1, ["role:clerk", "directory:bob"], excluded=["ann"]))
    assert row.excluded == {"ann"}
    assert row.people == ("bob",)


@pytest.mark.parametrize(
    "message", [b"", b"{}", b'{"topics":[]}', b'{"at":[1,2]}', b'{"topics":1,"at":[1,2]}']
)
def test_what_is_no_row_is_refused(message: bytes) -> None:
    with pytest.raises(MalformedRowError):
        Row.parse(message)


def test_a_ring_keeps_its_newest_rows_within_both_bounds() -> None:
    by_rows, by_bytes = Ring(10, 3, 1 << 20), Ring(10, 100, 5000)
    for seq in range(11, 31):
        row = Row.parse(a_message(0, seq, ["all"], text="x" * 1000))
        by_rows.append(row)
        by_bytes.append(row)
    assert [row.seq for row in by_rows.after(by_rows.floor)] == [28, 29, 30]
    assert [row.seq for row in by_bytes.after(28)] == [29, 30]
    assert by_bytes.head - by_bytes.floor < 5


def test_a_ring_refuses_a_hole() -> None:
    ring = Ring(10, 3, 1000)
    with pytest.raises(ValueError, match="12 does not follow 10"):
        ring.append(Row.parse(a_message(0, 12, [])))
    assert ring.head == 10


def test_an_allowance_is_spent_and_grows_again_up_to_its_burst() -> None:
    allowance = Allowance(burst=2, per_s=1.0)
    assert [allowance.take(0.0) for _ in range(3)] == [True, True, False]
    assert [allowance.take(1.5), allowance.take(1.5)] == [True, False]
    assert [allowance.take(100.0) for _ in range(3)] == [True, True, False]


def test_a_replay_cannot_cut_its_own_reader() -> None:
    assert Limits().replay_bytes < Limits().unsent_bytes


def test_a_place_says_lanes_in_order_and_as_text() -> None:
    place = Place.of("e", {10: 1, 2: 5})
    assert msgspec.json.encode(place) == b'{"epoch":"e","lanes":{"2":5,"10":1}}'


@pytest.mark.parametrize("at", ["{%s}", '{"id":1,"connect":{%s}}'])
def test_what_a_client_made_up_is_not_repeated(at: str) -> None:
    name = "x` - at `\\nERROR rt_secret"
    with pytest.raises(BadMessageError) as caught:
        parse(at % f'"{name}":1')
    assert "unknown field" in str(caught.value)
    assert "rt_secret" not in str(caught.value)
    assert "\n" not in str(caught.value)
