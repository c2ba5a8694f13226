"""OTLP over gRPC: handlers that take the request's bytes as they are.

No deserialiser is registered: gRPC would answer a body that it cannot decode with INTERNAL, where
OTLP wants INVALID_ARGUMENT. Compression (gzip, deflate) is the library's, and so is the limit on
what comes out of it; but it tells nobody whom it turned away, so its limit is above ours, and what
lies between is refused, and counted, here.

A call waits for its message, and then for the disk, in a worker thread; what finds no worker, or no
room in the budget of bytes, stays unread in its stream's flow-control window, so memory is bounded
by that budget and by streams. The handlers are written for a stream of requests, of which there is
one: others are called once the message is there, and until then nothing could end a call that does
not go on.
"""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NoReturn
from urllib.parse import unquote

import grpc

from otx.model.signal import Signal
from otx.otlp.address import Address, bind, clear_stale_socket
from otx.otlp.compression import too_large
from otx.otlp.decode import decode_request
from otx.otlp.encode import encode_response
from otx.otlp.receiver.budget import Budget
from otx.otlp.receiver.door import UNIX_CLIENT, Door
from otx.otlp.receiver.grpc_patience import CallEndedError, Patience
from otx.otlp.receiver.intake import Intake
from otx.otlp.receiver.loop import HEADER
from otx.otlp.receiver.tls import Pems, ServerTls
from otx.otlp.refusal import Reason, Refusal, as_refusal
from otx.otlp.wire import WIRE

WORKERS = 16
"""Calls whose message is being received, or that wait to be taken in hand."""
IN_HAND = 4
"""Calls that are decoded or wait for the disk; more would only share the interpreter."""
MAX_STREAMS = 100
"""Calls in flight on one connection; a client queues what is beyond."""
LARGEST_AT_ONCE = 8
"""Messages of the largest size that are in hand at once, as over HTTP; smaller ones count less."""
_SLACK_BYTES = 4 << 20
"""What the library takes above our limit at least, so that a request above ours can be named."""
_ENDED = "gRPC calls that ended before their message was whole"
_STATUS_DETAILS = "grpc-status-details-bin"
_ASKED = ("authorization", HEADER)
"""What a call is asked for before it is let in."""
_CODES = {code.value[0]: code for code in grpc.StatusCode}


@dataclass(frozen=True, slots=True)
class GrpcLimits:
    """What a client may cost, in seconds.

    Attributes:
        handshake_s: Until a connection has said that it is one, TLS and HTTP/2.
        idle_s: Without a call; the client is told, and calls again on a new connection.
        message_s: From when a call is served until its message is whole.
        room_s: Until there is room for a message; less than exporters wait for an answer (10 s).
    """

    handshake_s: float = 30.0
    idle_s: float = 600.0
    message_s: float = 30.0
    room_s: float = 5.0


def largest_message(max_request_bytes: int) -> int:
    """What the library takes of a message in bytes, also after decompression."""
    return max_request_bytes + max(_SLACK_BYTES, max_request_bytes // 8)


class GrpcServer:
    """A gRPC server for the four signals."""

    def __init__(
        self,
        intake: Intake,
        max_request_bytes: int,
        door: Door | None = None,
        limits: GrpcLimits | None = None,
    ) -> None:
        limits = limits or GrpcLimits()
        self._intake = intake
        self._patience = Patience(limits.message_s)
        self._in_hand = threading.Semaphore(IN_HAND)
        self._largest = largest_message(max_request_bytes)
        self._budget = Budget(LARGEST_AT_ONCE * self._largest, limits.room_s)
        self._door = door or Door()
        self._workers = ThreadPoolExecutor(WORKERS, thread_name_prefix="grpc")
        self._server = grpc.server(
            self._workers,
            options=[
                ("grpc.max_receive_message_length", self._largest),
                ("grpc.max_concurrent_streams", MAX_STREAMS),
                # Else streams that are answered but not yet taken down count as well, and a client
                # that keeps to the limit has every second call of a burst refused.
                ("grpc.http.overload_protection", 0),
                ("grpc.server_handshake_timeout_ms", round(limits.handshake_s * 1000)),
                ("grpc.max_connection_idle_ms", round(limits.idle_s * 1000)),
                # Else a second receiver would share the port in silence.
                ("grpc.so_reuseport", 0),
            ],
        )
        self._server.add_generic_rpc_handlers(
            tuple(
                grpc.method_handlers_generic_handler(
                    wire.grpc_service, {"Export": self._handler(wire.signal)}
                )
                for wire in WIRE.values()
            )
        )
        self._limit = max_request_bytes
        self._server.add_generic_rpc_handlers((_Unknown(self._refuse),))

    def start(self, address: Address) -> Address:
        """Listen and serve; the address with the port that was picked.

        Raises:
            OSError: The address cannot be had.
        """
        # The library says no more than that it failed; a socket of our own says why.
        bind(address).close()
        if address.path:
            clear_stale_socket(address.path)
        try:
            port = self._add_port(str(address))
        except RuntimeError as error:
            raise OSError(0, str(error)) from None
        self._server.start()
        return address if address.path else address.with_port(port)

    def stop(self, grace_s: float) -> None:
        """Take no more requests, let those in flight end within the grace, close."""
        self._server.stop(grace_s).wait()
        self._workers.shutdown()
        self._patience.close()

    def _add_port(self, address: str) -> int:
        if self._door.tls is None:
            return self._server.add_insecure_port(address)
        return self._server.add_secure_port(address, _credentials(self._door.tls))

    def _handler(self, signal: Signal) -> "grpc.RpcMethodHandler[bytes, bytes]":
        def export(requests: Iterator[bytes], context: "grpc.ServicerContext") -> bytes:
            try:
                self._admit(context)
                with self._budget.share(self._largest) as share:
                    body = self._patience.message_of(requests, context)
                    share.shrink(len(body))
                    with self._in_hand:
                        return self._taken(signal, body)
            except grpc.RpcError:
                self._intake.noticed(_ENDED)
                raise
            except CallEndedError:
                self._intake.noticed(_ENDED)
                context.abort(grpc.StatusCode.CANCELLED, "the client ended the call")
            except Exception as error:
                refusal = as_refusal(error)
            self._refuse(refusal, context)

        return grpc.stream_unary_rpc_method_handler(export)

    def _admit(self, context: "grpc.ServicerContext") -> None:
        said = {name: value for name, value in context.invocation_metadata() if name in _ASKED}
        authorization, forwarded_by = (_text(said.get(name)) for name in _ASKED)
        self._door.admit(_client(context), authorization, forwarded_by)

    def _taken(self, signal: Signal, body: bytes) -> bytes:
        """The answer to a request, once it is kept."""
        if len(body) > self._limit:
            raise too_large(self._limit)
        request = decode_request(signal, body, "protobuf")
        self._intake.accept(request).result()
        return encode_response(request, "protobuf")

    def _refuse(self, refusal: Refusal, context: "grpc.ServicerContext") -> NoReturn:
        self._intake.refused(refusal)
        _abort(context, refusal)


class _Unknown(grpc.GenericRpcHandler):
    """Every method that OTLP does not have; the last handler that is asked."""

    def __init__(self, refuse: "Callable[[Refusal, grpc.ServicerContext], NoReturn]") -> None:
        self._refuse = refuse

    def service(self, details: "grpc.HandlerCallDetails") -> "grpc.RpcMethodHandler[bytes, bytes]":
        """Refuse a call by the name of its method (grpc)."""
        known = ", ".join(wire.grpc_method for wire in WIRE.values())
        message = f"there is no method {details.method}; there are {known}"

        def unknown(_: Iterator[bytes], context: "grpc.ServicerContext") -> bytes:
            self._refuse(Refusal(Reason.NO_SUCH_PATH, message), context)

        return grpc.stream_unary_rpc_method_handler(unknown)


def _client(context: "grpc.ServicerContext") -> str:
    """The client's address without its port, written as over HTTP.

    The library says `ipv4:192.0.2.1:4000`, `ipv6:%5B::1%5D:4000` or `unix:PATH`.
    """
    family, _, place = context.peer().partition(":")
    if family == "unix":
        return UNIX_CLIENT
    return unquote(place).rpartition(":")[0].strip("[]")


def _text(value: str | bytes | None) -> str:
    """The value of metadata; names that end in `-bin` have bytes, and mean nothing here."""
    return value if isinstance(value, str) else ""


def _credentials(tls: ServerTls) -> grpc.ServerCredentials:
    """Credentials whose next handshake takes the certificates that were read last."""
    given = tls.pems

    # None is "as before" to the library, whose stubs do not know it.
    def newer() -> Any:
        nonlocal given
        if given is tls.pems:
            return None
        given = tls.pems
        return _configuration(given)

    return grpc.dynamic_ssl_server_credentials(
        _configuration(given), newer, require_client_authentication=given.client_ca is not None
    )


def _configuration(pems: Pems) -> grpc.ServerCertificateConfiguration:
    return grpc.ssl_server_certificate_configuration(
        [(pems.key, pems.certificate)], root_certificates=pems.client_ca
    )


def _abort(context: "grpc.ServicerContext", refusal: Refusal) -> NoReturn:
    code = _CODES[refusal.reason.value.grpc_code]
    if refusal.reason.value.is_retryable:
        context.set_trailing_metadata(((_STATUS_DETAILS, _retry_details(refusal)),))
    context.abort(code, refusal.message)


def _retry_details(refusal: Refusal) -> bytes:
    """The `google.rpc.Status` with the `RetryInfo` that says when to come again."""
    from google.rpc.error_details_pb2 import RetryInfo  # 2 ms, and only when overloaded
    from google.rpc.status_pb2 import Status

    status = Status(code=refusal.reason.value.grpc_code, message=refusal.message)
    info = RetryInfo()
    info.retry_delay.seconds = refusal.retry_after_s
    status.details.add().Pack(info)
    encoded: bytes = status.SerializeToString()
    return encoded
