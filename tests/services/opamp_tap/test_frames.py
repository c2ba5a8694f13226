import zlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.services.opamp_tap.frames import (
    Control,
    Data,
    FrameReader,
    Inflater,
    Opcode,
    Passing,
    Seen,
    make_frame,
)

LIMIT = 1000


def fragments(payload: bytes, places: list[int], is_masked: bool) -> bytes:
    """A message in frames that begin at these places."""
    cuts = [0, *sorted({place % (len(payload) + 1) for place in places}), len(payload)]
    parts = [payload[a:b] for a, b in pairwise(cuts)] or [b""]
    out = b""
    for at, part in enumerate(parts):
        frame = bytearray(make_frame(Opcode.BINARY if at == 0 else 0, part, is_masked))
        if at < len(parts) - 1:
            frame[0] &= 0x7F
        out += bytes(frame)
    return out


def fed(reader: FrameReader, data: bytes, sizes: list[int]) -> list[Seen]:
    seen, at = [], 0
    for size in [*sizes, len(data)]:
        seen += reader.feed(data[at : at + size])
        at += size
    return seen


@given(
    st.lists(st.tuples(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=3))),
    st.lists(st.integers(1, 50)),
    st.booleans(),
)
def test_messages_come_out_as_they_went_in(
    messages: list[tuple[bytes, list[int]]], sizes: list[int], is_masked: bool
) -> None:
    data = b"".join(fragments(payload, places, is_masked) for payload, places in messages)
    seen = fed(FrameReader(LIMIT, is_masked), data, sizes)
    assert [one.payload for one in seen if isinstance(one, Data)] == [one for one, _ in messages]
    assert b"".join(one.raw for one in seen) == data


@given(st.binary(max_size=400), st.lists(st.integers(1, 60)), st.booleans())
def test_any_bytes_pass_whole(data: bytes, sizes: list[int], is_masked: bool) -> None:
    reader = FrameReader(100, is_masked, Inflater(True, 100))
    seen = fed(reader, data, sizes)
    passed = b"".join(one.raw for one in seen)
    assert sorted(passed + reader.rest()) == sorted(data)


@pytest.mark.parametrize("cut", [1, 100, 1200])
def test_a_message_over_the_limit_goes_by_in_pieces(cut: int) -> None:
    frame = make_frame(Opcode.BINARY, bytes(5000), is_masked=False)
    after = make_frame(Opcode.BINARY, b"after", is_masked=False)
    reader = FrameReader(LIMIT, is_masked=False)
    seen = reader.feed(frame[:cut]) + reader.feed(frame[cut:] + after)
    assert b"".join(one.raw for one in seen if isinstance(one, Passing)) == frame
    messages = [(one.payload, one.size) for one in seen if isinstance(one, Data)]
    assert messages == [(None, 5000), (b"after", 5)]


def test_fragments_over_the_limit_together_go_by_too() -> None:
    data = fragments(bytes(1500), [700], is_masked=True)
    seen = FrameReader(LIMIT, is_masked=True).feed(data)
    assert b"".join(one.raw for one in seen) == data
    assert [one.payload for one in seen if isinstance(one, Data)] == [None]


def test_a_ping_within_a_message_comes_before_it() -> None:
    data = fragments(b"hello", [2], is_masked=False)
    ping = make_frame(Opcode.PING, b"p", is_masked=False)
    seen = FrameReader(LIMIT, is_masked=False).feed(data[:4] + ping + data[4:])
    assert [type(one) for one in seen] == [Control, Data]
    last = seen[1]
    assert isinstance(last, Data)
    assert (last.payload, last.fragments) == (b"hello", 2)


def test_a_close_has_its_code_and_reason() -> None:
    payload = (1009).to_bytes(2, "big") + b"too big"
    (seen,) = FrameReader(LIMIT, True).feed(make_frame(Opcode.CLOSE, payload, is_masked=True))
    assert isinstance(seen, Control)
    assert (seen.close_code, seen.payload[2:]) == (1009, b"too big")
    (empty,) = FrameReader(LIMIT, True).feed(make_frame(Opcode.CLOSE, b"", is_masked=True))
    assert isinstance(empty, Control)
    assert empty.close_code == 1005


@pytest.mark.parametrize(
    ("data", "odd"),
    [
        (b"\x83\x00", "unknown opcode 3"),
        (b"\xa2\x00", "reserved bits"),
        (b"\x82\x80aaaa", "with a mask"),
        (b"\x80\x00", "a continuation of nothing"),
        (b"\x09\x00", "in fragments"),
        (b"\xc2\x00", "reserved bits"),
    ],
)
def test_what_is_wrong_with_a_frame_is_named(data: bytes, odd: str) -> None:
    seen = FrameReader(LIMIT, is_masked=False).feed(data)
    assert any(isinstance(one, Control) and odd in one.odd for one in seen)


def compressed(stream: "zlib._Compress", payload: bytes) -> bytes:
    return (stream.compress(payload) + stream.flush(zlib.Z_SYNC_FLUSH))[:-4]


@pytest.mark.parametrize("keeps_context", [True, False])
def test_compressed_messages_are_followed(keeps_context: bool) -> None:
    reader = FrameReader(LIMIT, False, Inflater(keeps_context, LIMIT))
    stream = zlib.compressobj(wbits=-15)
    seen: list[Seen] = []
    for _ in range(3):
        if not keeps_context:
            stream = zlib.compressobj(wbits=-15)
        frame = bytearray(make_frame(2, compressed(stream, b"the same " * 9), is_masked=False))
        frame[0] |= 0x40
        seen += reader.feed(bytes(frame))
    assert [one.payload for one in seen if isinstance(one, Data)] == [b"the same " * 9] * 3


def test_a_bomb_is_not_inflated_beyond_the_limit() -> None:
    inflater = Inflater(True, LIMIT)
    stream = zlib.compressobj(wbits=-15)
    assert inflater.inflate(compressed(stream, bytes(LIMIT + 1))) == (None, LIMIT + 1)
    assert inflater.inflate(compressed(stream, b"after"))[0] == b"after"
    payload, size = inflater.inflate(compressed(stream, bytes(50_000_000)))
    assert payload is None
    assert size < 10_000_000
    assert inflater.inflate(compressed(stream, b"lost"))[0] is None
