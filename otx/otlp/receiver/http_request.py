"""What is decided about an HTTP request from its head alone, and the bytes of an answer.

Sans-I/O: the connection in `http_connection` feeds it. RFC 9110 and 9112 for HTTP, the OTLP
specification ("OTLP/HTTP Request", "OTLP/HTTP Response") for what goes over it.
"""

from dataclasses import dataclass

from otx.model.signal import Signal
from otx.otlp.compression import ACCEPTED, too_large
from otx.otlp.decode import Encoding, encoding_of
from otx.otlp.encode import encode_status
from otx.otlp.refusal import Reason, Refusal
from otx.otlp.wire import JSON, PROTOBUF, SIGNAL_OF_PATH

_CONTENT_TYPES: dict[Encoding, str] = {"protobuf": PROTOBUF, "json": JSON}


@dataclass(frozen=True, slots=True)
class Head:
    """A request's head that promises a body we can take."""

    signal: Signal
    encoding: Encoding
    content_encoding: str


def read_head(method: str, path: str, headers: dict[str, str], max_bytes: int) -> Head:
    """Judge a request before its body is read.

    Args:
        method: As it came.
        path: Without the query.
        headers: By lower-case name.
        max_bytes: The most a body may have.

    Raises:
        Refusal: The body need not be sent.
    """
    signal = SIGNAL_OF_PATH.get(path.rstrip("/"))
    if signal is None:
        paths = ", ".join(SIGNAL_OF_PATH)
        raise Refusal(Reason.NO_SUCH_PATH, f"nothing is at {path}; OTLP is taken at {paths}")
    if method != "POST":
        raise Refusal(Reason.WRONG_METHOD, f"{path} takes POST, not {method}")
    encoding = encoding_of(headers.get("content-type", ""))
    length = headers.get("content-length", "")
    if length.isdigit() and int(length) > max_bytes:
        raise too_large(max_bytes)
    return Head(signal, encoding, headers.get("content-encoding", ""))


def path_of(target: bytes) -> str:
    """The path of a request's target without its query.

    Clients that believe in a proxy send the whole URL, which a server has to take (RFC 9112,
    3.2.2).
    """
    path = target.partition(b"?")[0].decode("latin-1")
    if path[:8].lower().startswith(("http://", "https://")):
        return "/" + path.partition("://")[2].partition("/")[2]
    return path


def is_ping(method: bytes, target: bytes) -> bool:
    """Whether a request asks the server for a sign of life and nothing else (RFC 9110, 9.3.7)."""
    return method == b"OPTIONS" and target == b"*"


def answer_encoding(headers: dict[str, str]) -> Encoding:
    """The encoding to refuse in: the request's own, and JSON, which people read, for others."""
    try:
        return encoding_of(headers.get("content-type", ""))
    except Refusal:
        return "json"


def write_success(body: bytes, encoding: Encoding, *, keep_alive: bool, extra: str = "") -> bytes:
    """The bytes of a 200; `extra` is more header lines."""
    return _response("200 OK", _CONTENT_TYPES[encoding], extra, body, keep_alive)


def write_preflight(extra: str, *, keep_alive: bool) -> bytes:
    """The bytes of a yes to a browser, whose header lines say to what."""
    return _response("200 OK", _CONTENT_TYPES["json"], extra, b"", keep_alive)


def write_pong(*, keep_alive: bool) -> bytes:
    """The bytes of the answer to a ping."""
    return _response("200 OK", _CONTENT_TYPES["json"], "Allow: POST\r\n", b"", keep_alive)


def write_refusal(
    refusal: Refusal, encoding: Encoding, *, keep_alive: bool, extra: str = ""
) -> bytes:
    """The bytes of a 4xx or 5xx, whose body is a `google.rpc.Status`; `extra` is more headers."""
    answer = refusal.reason.value
    if answer.is_retryable:
        extra += f"Retry-After: {refusal.retry_after_s}\r\n"
    return _response(
        f"{answer.http_status} {answer.http_reason}",
        _CONTENT_TYPES[encoding],
        _EXTRA_HEADERS.get(refusal.reason, "") + extra,
        encode_status(refusal, encoding),
        keep_alive,
    )


_EXTRA_HEADERS = {
    Reason.WRONG_METHOD: "Allow: POST\r\n",
    # RFC 6750, 3.
    Reason.UNAUTHENTICATED: "WWW-Authenticate: Bearer\r\n",
    # Which codings would be taken (RFC 9110, 12.5.3).
    Reason.UNSUPPORTED_ENCODING: f"Accept-Encoding: {', '.join(ACCEPTED)}\r\n",
}


def head_of(response: bytes) -> bytes:
    """A response without its body."""
    return response[: response.index(b"\r\n\r\n") + 4]


def _response(status: str, content_type: str, extra: str, body: bytes, keep_alive: bool) -> bytes:
    close = "" if keep_alive else "Connection: close\r\n"
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
        f"{extra}{close}\r\n"
    )
    return head.encode("latin-1") + body
