"""The header before each WebSocket message, and what is refused before anything reads it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.opamp.framing import (
    Limits,
    Malformed,
    TooLarge,
    decode,
    decode_frame,
    frame,
    unframe,
)
from otx.opamp.opamp_pb2 import AgentToServer, ComponentHealth, ServerToAgent

REPORT = AgentToServer(instance_uid=b"u" * 16, sequence_num=7, capabilities=1)


def test_a_frame_is_a_zero_byte_and_the_message() -> None:
    assert frame(REPORT) == b"\0" + REPORT.SerializeToString()


@pytest.mark.parametrize("padding", range(10))
def test_a_padded_zero_is_zero(padding: int) -> None:
    header = b"\x80" * padding + b"\0"
    assert decode_frame(AgentToServer, header + REPORT.SerializeToString()) == REPORT


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "cut short"),
        (b"\x80", "cut short"),
        (b"\x80" * 9, "cut short"),
        (b"\x80" * 10 + b"\0", "no varint"),
        (b"\x01", "is 1, not 0"),
        (b"\xac\x02", "is 300, not 0"),
    ],
)
def test_other_headers_are_malformed(data: bytes, reason: str) -> None:
    with pytest.raises(Malformed, match=reason):
        unframe(data)


def test_an_empty_body_is_a_message_with_nothing_set() -> None:
    assert decode_frame(ServerToAgent, b"\0") == ServerToAgent()


@pytest.mark.parametrize("body", [b"\xff", b"\x0a\x05ab", b"\x2a\x04\x1a\x02\xff\xfe"])
def test_what_is_no_message_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        decode(AgentToServer, body)


def test_the_limit_counts_the_header() -> None:
    data = frame(REPORT)
    assert decode_frame(AgentToServer, data, Limits(message_bytes=len(data))) == REPORT
    with pytest.raises(TooLarge):
        decode_frame(AgentToServer, data, Limits(message_bytes=len(data) - 1))


@pytest.mark.parametrize(("levels", "passes"), [(30, True), (31, False), (90, False), (200, False)])
def test_deep_health_is_malformed(levels: int, passes: bool) -> None:
    body = b""
    for _ in range(levels):
        body = _component_health_map(body)
    report = AgentToServer().SerializeToString() + _field(5, body)
    if passes:
        assert decode(AgentToServer, report).HasField("health")
    else:
        with pytest.raises(Malformed):
            decode(AgentToServer, report)


def test_many_siblings_are_not_deep() -> None:
    health = ComponentHealth()
    for name in range(1_000):
        health.component_health_map[str(name)].healthy = True
    assert decode(AgentToServer, AgentToServer(health=health).SerializeToString())


@given(st.binary(max_size=200))
def test_any_bytes_decode_or_are_malformed(data: bytes) -> None:
    try:
        decode_frame(AgentToServer, data)
    except Malformed as error:
        assert error.reason


@given(
    st.builds(
        AgentToServer,
        instance_uid=st.binary(min_size=16, max_size=16),
        sequence_num=st.integers(0, 2**64 - 1),
        capabilities=st.integers(0, 2**64 - 1),
    )
)
def test_decode_undoes_frame(report: AgentToServer) -> None:
    assert decode_frame(AgentToServer, frame(report)) == report


def _component_health_map(value: bytes) -> bytes:
    return _field(6, _field(1, b"c") + _field(2, value))


def _field(number: int, body: bytes) -> bytes:
    size, length = len(body), bytearray()
    while size > 0x7F:
        length.append(size & 0x7F | 0x80)
        size >>= 7
    return bytes([number << 3 | 2, *length, size]) + body
