"""OTLP over gRPC, from bytes that are encoded already."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Self, cast

import grpc
from google.protobuf.message import DecodeError

from otx import __version__
from otx.model.signal import Signal
from otx.otlp.exporter.client import (
    MAX_RESPONSE_BYTES,
    MOST_TIMEOUT_S,
    Outcome,
    Reply,
    accepted,
    one_line,
)
from otx.otlp.exporter.endpoint import Endpoint
from otx.otlp.exporter.tls import require_readable
from otx.otlp.wire import WIRE

_RETRYABLE = {
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.ABORTED,
    grpc.StatusCode.OUT_OF_RANGE,
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DATA_LOSS,
}
"""OTLP specification, "OTLP/gRPC Failures"; RESOURCE_EXHAUSTED only with a RetryInfo."""

_NOT_CONNECTED = (
    "failed to connect to all addresses",
    "errors resolving",
    "DNS resolution failed",
    "Name resolution failure",
    "empty address list",
)
"""What gRPC itself says with UNAVAILABLE; a server that is busy has words of its own."""
_LED_UP_TO = re.compile(
    r"^UNAVAILABLE: .*last error: \w+: (ipv[46]:\S+: )?(Failed to connect to remote host: )?"
)
"""What stands before the reason why there is no connection."""


class GrpcClient:
    """A channel to one endpoint (`otx.otlp.exporter.client.Client`)."""

    def __init__(self, endpoint: Endpoint, compression: str = "none") -> None:
        self._metadata = tuple(endpoint.headers.items())
        options = [
            ("grpc.primary_user_agent", f"otx/{__version__}"),
            ("grpc.max_receive_message_length", MAX_RESPONSE_BYTES),
            ("grpc.max_send_message_length", -1),
            # Retries are counted and shown, so they are ours to make.
            ("grpc.enable_retries", 0),
        ]
        packing = grpc.Compression.Gzip if compression == "gzip" else grpc.Compression.NoCompression
        if endpoint.is_secure:
            credentials = _credentials(endpoint)
            self._channel = grpc.secure_channel(endpoint.target, credentials, options, packing)
        else:
            self._channel = grpc.insecure_channel(endpoint.target, options, packing)
        self._calls: dict[Signal, Callable[..., bytes]] = {
            signal: self._channel.unary_unary(wire.grpc_method) for signal, wire in WIRE.items()
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """End the connection."""
        self._channel.close()

    def prepare(self, signal: Signal, body: bytes) -> bytes:
        """The body itself: gRPC compresses its messages."""
        return body

    def send(self, signal: Signal, body: bytes, timeout_s: float) -> Reply:
        """Send one request."""
        return self.post(signal, body, timeout_s)

    def post(self, signal: Signal, content: bytes, timeout_s: float) -> Reply:
        """Send one request."""
        timeout_s = min(timeout_s, MOST_TIMEOUT_S)
        try:
            answer = self._calls[signal](content, timeout=timeout_s, metadata=self._metadata)
            return accepted(signal, answer)
        except DecodeError:
            return Reply(Outcome.REFUSED, message="the answer is no OTLP response")
        except grpc.RpcError as error:
            return _failed(error)


def _credentials(endpoint: Endpoint) -> grpc.ChannelCredentials:
    require_readable(endpoint)
    certificate = _read(endpoint.client_certificate)
    key = _read(endpoint.client_key) or certificate
    return grpc.ssl_channel_credentials(_read(endpoint.certificate), key, certificate)


def _read(path: str) -> bytes | None:
    return Path(path).read_bytes() if path else None


def _failed(error: grpc.RpcError) -> Reply:
    call = cast("grpc.Call", error)  # what a unary call raises is both
    code = call.code()
    message = one_line(f"{code.name}: {call.details() or 'no details'}")
    retry_after_s = _retry_after_s(call)
    if code is grpc.StatusCode.UNAVAILABLE and any(it in message for it in _NOT_CONNECTED):
        return Reply(Outcome.UNREACHABLE, message=_LED_UP_TO.sub("", message))
    asks_again = code is grpc.StatusCode.RESOURCE_EXHAUSTED and retry_after_s is not None
    if code in _RETRYABLE or asks_again:
        return Reply(Outcome.RETRY, message=message, retry_after_s=retry_after_s)
    return Reply(Outcome.REFUSED, message=message)


def _retry_after_s(error: grpc.Call) -> float | None:
    """The RetryInfo of a failed call, where it has one."""
    details = [
        value for key, value in error.trailing_metadata() or () if key == "grpc-status-details-bin"
    ]
    if not details:
        return None
    from google.rpc.error_details_pb2 import RetryInfo  # 2 ms, and only on errors
    from google.rpc.status_pb2 import Status

    info = RetryInfo()
    try:
        for detail in Status.FromString(details[0]).details:
            if detail.Unpack(info):
                delay = info.retry_delay
                return float(delay.seconds + delay.nanos / 1e9)
    except DecodeError:
        pass
    return None
