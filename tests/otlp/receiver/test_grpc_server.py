"""OTLP/gRPC: the answer to every kind of request."""

import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import grpc
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from otx.model.signal import Signal
from otx.otlp.address import Address
from otx.otlp.receiver.grpc_server import GrpcServer, largest_message
from otx.otlp.refusal import Reason
from otx.otlp.wire import WIRE
from tests.conftest import wait_until
from tests.otlp.conftest import MemoryIntake, collector_off

LIMIT = 1 << 20
TIMEOUT_S = 20
NO_IDS = b"\x0a\x06\x12\x04\x12\x02\x2a\x00"
"""One span with a name alone, which is empty."""
TRACES = WIRE[Signal.TRACES].grpc_method

Call = Callable[..., bytes]


@pytest.fixture
def address(intake: MemoryIntake) -> Iterator[Address]:
    server = GrpcServer(intake, LIMIT)
    yield server.start(Address("127.0.0.1", 0))
    server.stop(grace_s=1)


@pytest.fixture
def call(address: Address) -> Iterator[Call]:
    with grpc.insecure_channel(str(address)) as channel:

        def export(body: bytes, method: str = TRACES, packed: bool = False) -> bytes:
            packing = grpc.Compression.Gzip if packed else grpc.Compression.NoCompression
            send = cast("Call", channel.unary_unary(method))
            return send(body, timeout=TIMEOUT_S, compression=packing)

        yield export


def refused(call: Callable[[], bytes]) -> grpc.Call:
    with pytest.raises(grpc.RpcError) as caught:
        call()
    return cast("grpc.Call", caught.value)


@pytest.mark.parametrize("signal", list(Signal))
def test_each_service_takes_its_signal(call: Call, intake: MemoryIntake, signal: Signal) -> None:
    assert call(b"", WIRE[signal].grpc_method) == b""
    assert [it.signal for it in intake.requests] == [signal]


@pytest.mark.parametrize("packed", [False, True])
def test_bytes_arrive_untouched(
    call: Call, intake: MemoryIntake, three_spans: bytes, packed: bool
) -> None:
    assert call(three_spans, packed=packed) == b""
    assert intake.requests[0].body == three_spans
    assert intake.requests[0].records == 3


def test_a_caution_travels_as_a_partial_success_that_rejects_nothing(
    call: Call, intake: MemoryIntake
) -> None:
    answer = ExportTraceServiceResponse.FromString(call(NO_IDS))
    assert answer.partial_success.rejected_spans == 0
    assert "1 of 1 spans have no valid trace id" in answer.partial_success.error_message
    assert intake.requests[0].body == NO_IDS


def test_what_cannot_be_decoded_is_an_invalid_argument(call: Call, intake: MemoryIntake) -> None:
    error = refused(lambda: call(b"\x0a\xff"))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "no protobuf ExportTraceServiceRequest" in (error.details() or "")
    assert len(intake.refusals) == 1
    assert call(b"") == b""


@pytest.mark.parametrize("packed", [False, True])
def test_what_is_too_large_exhausts_without_a_retry_info_and_is_counted(
    call: Call, intake: MemoryIntake, packed: bool
) -> None:
    error = refused(lambda: call(bytes(LIMIT + 1), packed=packed))
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "raise --max-request" in (error.details() or "")
    assert "grpc-status-details-bin" not in dict(error.trailing_metadata() or ())
    assert [one.reason for one in intake.refusals] == [Reason.TOO_LARGE]


@pytest.mark.parametrize("packed", [False, True])
def test_what_is_far_too_large_is_turned_away_before_it_takes_memory(
    call: Call, packed: bool
) -> None:
    error = refused(lambda: call(bytes(largest_message(LIMIT) + 1), packed=packed))
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_a_full_log_is_unavailable_with_a_retry_info(
    call: Call, intake: MemoryIntake, three_spans: bytes
) -> None:
    intake.is_full = True
    error = refused(lambda: call(three_spans))
    assert error.code() is grpc.StatusCode.UNAVAILABLE
    status = Status.FromString(dict(error.trailing_metadata() or ())["grpc-status-details-bin"])
    info = RetryInfo()
    assert status.details[0].Unpack(info)
    assert info.retry_delay.seconds >= 1
    intake.is_full = False
    assert call(three_spans) == b""


def test_a_fault_of_ours_is_internal_and_not_the_end(
    call: Call, intake: MemoryIntake, three_spans: bytes
) -> None:
    intake.fault = RuntimeError("boom")
    assert refused(lambda: call(three_spans)).code() is grpc.StatusCode.INTERNAL
    intake.fault = None
    assert call(three_spans) == b""


def test_an_unknown_method_is_unimplemented_and_counted(call: Call, intake: MemoryIntake) -> None:
    error = refused(lambda: call(b"", "/opentelemetry.Other/Export"))
    assert error.code() is grpc.StatusCode.UNIMPLEMENTED
    assert "there is no method /opentelemetry.Other/Export" in (error.details() or "")
    assert [one.reason for one in intake.refusals] == [Reason.NO_SUCH_PATH]


def test_a_taken_port_is_not_shared(address: Address, intake: MemoryIntake) -> None:
    server = GrpcServer(intake, LIMIT)
    with pytest.raises(OSError, match="in use"):
        server.start(address)
    server.stop(grace_s=0)


def test_a_unix_socket_is_taken(intake: MemoryIntake, three_spans: bytes, tmp_path: Path) -> None:
    server = GrpcServer(intake, LIMIT)
    address = server.start(Address(path=str(tmp_path / "socket")))
    try:
        with grpc.insecure_channel(str(address)) as channel:
            cast("Call", channel.unary_unary(TRACES))(three_spans, timeout=TIMEOUT_S)
    finally:
        server.stop(grace_s=1)
    assert intake.requests[0].records == 3


def test_a_call_that_is_refused_leaves_nothing_for_the_collector(
    call: Call, intake: MemoryIntake, three_spans: bytes
) -> None:
    intake.is_full = True
    with collector_off():
        assert refused(lambda: call(three_spans)).code() is grpc.StatusCode.UNAVAILABLE
        left = weakref.ref(intake.refusals.pop())
        wait_until(lambda: left() is None, "the refusal, and with it the body, is gone")
