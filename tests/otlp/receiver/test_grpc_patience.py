"""What clients cost that do not finish, flood or vanish over gRPC: others are served meanwhile."""

import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import cast

import grpc
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status

from otx.model.signal import Signal
from otx.otlp.address import Address
from otx.otlp.receiver.grpc_server import (
    LARGEST_AT_ONCE,
    MAX_STREAMS,
    WORKERS,
    GrpcLimits,
    GrpcServer,
)
from otx.otlp.refusal import Reason
from otx.otlp.wire import WIRE
from tests.conftest import wait_until
from tests.otlp.conftest import MemoryIntake
from tests.otlp.receiver.http2_frames import (
    ACK,
    CANCEL,
    DATA,
    END_STREAM,
    ENHANCE_YOUR_CALM,
    GOAWAY,
    HEADERS,
    PING,
    PREFACE,
    RST_STREAM,
    SETTINGS,
    frame,
    frames,
    headers,
    message,
)

TRACES = WIRE[Signal.TRACES].grpc_method
TIMEOUT_S = 20
SHORT = GrpcLimits(handshake_s=0.5, idle_s=0.5, message_s=0.5)

Connect = Callable[[], socket.socket]


@pytest.fixture
def address(intake: MemoryIntake) -> Iterator[Address]:
    server = GrpcServer(intake, 1 << 20, limits=SHORT)
    yield server.start(Address("127.0.0.1", 0))
    server.stop(grace_s=1)


@pytest.fixture
def patient(intake: MemoryIntake) -> Iterator[Address]:
    """A server that gives calls up no sooner than a test."""
    server = GrpcServer(intake, 1 << 20, limits=GrpcLimits(message_s=2 * TIMEOUT_S))
    yield server.start(Address("127.0.0.1", 0))
    server.stop(grace_s=1)


def connected(address: Address) -> socket.socket:
    made = socket.create_connection((address.host, address.port), timeout=TIMEOUT_S)
    made.sendall(PREFACE + frame(SETTINGS) + frame(SETTINGS, flags=ACK))
    return made


@pytest.fixture
def connect(address: Address) -> Iterator[Connect]:
    opened: list[socket.socket] = []

    def connection() -> socket.socket:
        opened.append(connected(address))
        return opened[-1]

    yield connection
    for made in opened:
        made.close()


def call(address: Address, stream: int) -> bytes:
    return headers(stream, TRACES, str(address))


def is_served(address: Address, refusals: list[grpc.Call]) -> bool:
    with grpc.insecure_channel(str(address)) as channel:
        send = cast("Callable[..., bytes]", channel.unary_unary(TRACES))
        try:
            send(b"", timeout=TIMEOUT_S)
        except grpc.RpcError as error:
            refusals.append(cast("grpc.Call", error))
            return False
    return True


def assert_others_are_served(address: Address) -> None:
    with grpc.insecure_channel(str(address)) as channel:
        send = cast("Callable[..., bytes]", channel.unary_unary(TRACES))
        assert send(b"", timeout=TIMEOUT_S) == b""


def test_a_message_in_two_pieces_is_one(
    address: Address, connect: Connect, intake: MemoryIntake, three_spans: bytes
) -> None:
    whole = message(len(three_spans), three_spans)
    connection = connect()
    connection.sendall(call(address, 1) + frame(DATA, 1, whole[:9]))
    connection.sendall(frame(DATA, 1, whole[9:], END_STREAM))
    wait_until(lambda: bool(intake.requests), "the request is taken")
    assert intake.requests[0].records == 3


@pytest.mark.parametrize("sent", [b"", message(1000, b"x" * 10)])
def test_calls_that_are_not_finished_are_ended(
    address: Address, connect: Connect, intake: MemoryIntake, sent: bytes
) -> None:
    connection = connect()
    numbers = range(1, 2 * WORKERS, 2)
    for number in numbers:
        connection.sendall(call(address, number) + (frame(DATA, number, sent) if sent else b""))
    assert_others_are_served(address)
    ended = set()
    for one in frames(connection):
        if one.kind in (HEADERS, RST_STREAM):
            ended.add(one.stream)
        if len(ended) == len(numbers):
            break
    assert ended == set(numbers)
    wait_until(lambda: len(intake.refusals) == len(numbers), "they are counted")
    assert {refusal.reason for refusal in intake.refusals} == {Reason.TOO_SLOW}


def test_messages_that_may_be_too_much_together_wait_and_are_to_come_again(
    intake: MemoryIntake,
) -> None:
    """What is asked for may be of the largest size, as long as its size is not known."""
    server = GrpcServer(intake, 1 << 20, limits=GrpcLimits(message_s=TIMEOUT_S, room_s=0.2))
    address = server.start(Address("127.0.0.1", 0))
    place = (address.host, address.port)
    try:
        with socket.create_connection(place, timeout=TIMEOUT_S) as connection:
            connection.sendall(PREFACE + frame(SETTINGS) + frame(SETTINGS, flags=ACK))
            for number in range(1, 2 * LARGEST_AT_ONCE, 2):
                half = frame(DATA, number, message(1000, b"x" * 10))
                connection.sendall(call(address, number) + half)
            refusals: list[grpc.Call] = []
            wait_until(lambda: not is_served(address, refusals), "there is no room")
        assert refusals[0].code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        details = dict(refusals[0].trailing_metadata() or ())["grpc-status-details-bin"]
        assert Status.FromString(cast("bytes", details)).details[0].Is(RetryInfo.DESCRIPTOR)
        assert [one.reason for one in intake.refusals] == [Reason.TOO_MUCH_AT_ONCE]
        # The connection with the eight is closed.
        wait_until(lambda: is_served(address, refusals), "there is room again")
    finally:
        server.stop(grace_s=1)


@pytest.mark.long
def test_streams_beyond_the_limit_are_refused(address: Address, connect: Connect) -> None:
    connection = connect()
    first = 1 + 2 * MAX_STREAMS
    connection.sendall(b"".join(call(address, number) for number in range(1, first + 2, 2)))
    refused = next(one for one in frames(connection) if one.kind in (RST_STREAM, GOAWAY))
    assert (refused.kind, refused.stream) == (RST_STREAM, first)
    assert_others_are_served(address)


def test_a_flood_of_pings_ends_the_connection(address: Address, connect: Connect) -> None:
    connection = connect()
    with suppress(ConnectionError):
        for number in range(1000):
            connection.sendall(frame(PING, payload=struct.pack(">Q", number)))
    goodbyes = [one.goodbye_code for one in frames(connection) if one.kind == GOAWAY]
    assert ENHANCE_YOUR_CALM in goodbyes
    assert_others_are_served(address)


def test_calls_that_are_taken_back_at_once_cost_others_nothing(
    address: Address, connect: Connect
) -> None:
    connection = connect()
    reset = struct.pack(">I", CANCEL)
    with suppress(ConnectionError):
        for number in range(1, 2001, 2):
            connection.sendall(call(address, number) + frame(RST_STREAM, number, reset))
    assert_others_are_served(address)


def test_a_client_that_vanishes_in_a_message_is_noticed(
    patient: Address, intake: MemoryIntake
) -> None:
    connection = connected(patient)
    connection.sendall(call(patient, 1) + frame(DATA, 1, message(1000, b"x" * 10)))
    # Answered one after the other, so that the call before them is being received.
    for number in range(3, 23, 2):
        intake.requests.clear()
        connection.sendall(call(patient, number) + frame(DATA, number, message(0, b""), END_STREAM))
        wait_until(lambda: bool(intake.requests), "the other call is taken")
    connection.close()
    wait_until(lambda: bool(intake.notices), "it is noticed")
    assert intake.notices == ["gRPC calls that ended before their message was whole"]
    assert_others_are_served(patient)


def test_a_call_without_a_message_is_refused(
    address: Address, connect: Connect, intake: MemoryIntake
) -> None:
    connection = connect()
    connection.sendall(call(address, 1) + frame(DATA, 1, b"", END_STREAM))
    wait_until(lambda: bool(intake.refusals), "it is refused")
    assert intake.refusals[0].message == "the call has no message"


@pytest.mark.parametrize("said", [b"", PREFACE[:10], b"\x16\x03\x01"])
def test_a_connection_that_says_nothing_is_closed(address: Address, said: bytes) -> None:
    place = (address.host, address.port)
    with socket.create_connection(place, timeout=TIMEOUT_S) as connection:
        connection.sendall(said)
        for _ in frames(connection):
            pass
    assert_others_are_served(address)


def test_a_connection_without_calls_is_told_and_closed(connect: Connect) -> None:
    connection = connect()
    goodbye = next(one for one in frames(connection) if one.kind == GOAWAY)
    assert goodbye.payload.endswith(b"idle")
