"""Which spans failed, and what tells so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from otx.model.telemetry import AttributeValue, Span

FailureSign: TypeAlias = Literal["status", "exception", "error.type", "http", "grpc"]
GaveUp: TypeAlias = Literal["", "timeout", "cancelled"]

_GRPC_NAMES = (
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
)
"""By number (google.rpc.Code)."""
_GRPC_SERVER_FAULTS = frozenset(
    {"UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"}
)
"""What a server counts as its own failure (semantic conventions, gRPC)."""
_HTTP_KEYS = ("http.response.status_code", "http.status_code")
_GRPC_KEYS = ("rpc.grpc.status_code", "rpc.response.status_code")
_TELLING = frozenset({"error.type", *_HTTP_KEYS, *_GRPC_KEYS})
"""Attributes that may tell of a failure; most spans have none of them."""
_TIMEOUT = ("timeout", "timed out", "timedout", "deadline")
_CANCELLED = ("cancel", "client disconnected", "context done")


@dataclass(frozen=True, slots=True)
class Failure:
    """That a span failed.

    Attributes:
        signs: What tells so, strongest first.
        what: The failure in a few words: an exception's type, a status code, a message.
        has_exception: Whether an exception was recorded on the span.
        gave_up: Whether somebody stopped waiting: the span itself, or its caller.
    """

    signs: tuple[FailureSign, ...]
    what: str
    has_exception: bool
    gave_up: GaveUp

    @property
    def is_own_timeout(self) -> bool:
        """Whether the span itself stopped waiting, rather than being told by an answer."""
        is_answer = "http" in self.signs or "grpc" in self.signs
        return self.gave_up == "timeout" and not is_answer


def failures(spans: Sequence[Span]) -> dict[int, Failure]:
    """The spans that failed, by number."""
    found = ((number, failure_of(span)) for number, span in enumerate(spans))
    return {number: failure for number, failure in found if failure is not None}


def failure_of(span: Span) -> Failure | None:
    """How a span failed; None where nothing tells that it did, or its status says OK."""
    attributes = span.attributes
    if span.status == "OK" or (
        span.status == "UNSET" and not span.events and _TELLING.isdisjoint(attributes)
    ):
        return None
    words: dict[FailureSign, str] = {}
    if span.status == "ERROR":
        words["status"] = span.status_message
    exception = _exception(span)
    if exception is not None:
        words["exception"] = exception
    if attributes:
        error_type = attributes.get("error.type")
        if error_type:
            words["error.type"] = str(error_type)
        words.update(_answers(span))
    if not words:
        return None
    # An exception's type says more than a code, and a code more than a message.
    told = [words.get(sign, "") for sign in ("exception", "error.type", "grpc", "http", "status")]
    said = " ".join((*told, span.status_message)).lower()
    return Failure(
        tuple(words),
        next(filter(None, told), "status ERROR"),
        exception is not None,
        _gave_up(said),
    )


def names(span: Span, what: str) -> bool:
    """Whether a failed span's message or stack trace tells of another's failure."""
    if not what:
        return False
    told = (event.attributes.get("exception.stacktrace") for event in span.events)
    messages = (event.attributes.get("exception.message") for event in span.events)
    short = what.rsplit(".", 1)[-1]
    return any(short in str(text or "") for text in (span.status_message, *told, *messages))


def _gave_up(said: str) -> GaveUp:
    if any(word in said for word in _TIMEOUT) or "http 408" in said or "http 504" in said:
        return "timeout"
    return "cancelled" if any(word in said for word in _CANCELLED) else ""


def _exception(span: Span) -> str | None:
    """The type of the last exception that was recorded; one that was caught within is none."""
    for event in reversed(span.events):
        if event.name == "exception" and event.attributes.get("exception.escaped") is not False:
            named = event.attributes.get("exception.type") or "exception"
            return str(named)
    return None


def _answers(span: Span) -> dict[FailureSign, str]:
    """What HTTP and gRPC answered, where this kind of span counts it as a failure."""
    found: dict[FailureSign, str] = {}
    code = _number(span.attributes, *_HTTP_KEYS)
    if code is not None and code >= (400 if span.kind == "CLIENT" else 500):
        found["http"] = f"HTTP {code}"
    grpc = grpc_status(span)
    if grpc not in ("", "OK") and (span.kind != "SERVER" or grpc in _GRPC_SERVER_FAULTS):
        found["grpc"] = grpc
    return found


def grpc_status(span: Span) -> str:
    """The name of a span's gRPC status; "" where it has none."""
    value = next((span.attributes[key] for key in _GRPC_KEYS if key in span.attributes), None)
    if isinstance(value, str) and not value.isdigit():
        return value if value in _GRPC_NAMES else ""
    code = _number({"": value}, "")
    return _GRPC_NAMES[code] if code is not None and 0 <= code < len(_GRPC_NAMES) else ""


def _number(attributes: Mapping[str, AttributeValue], *keys: str) -> int | None:
    for key in keys:
        value = attributes.get(key)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if isinstance(value, str) and value.isdigit() and len(value) < 6:
            return int(value)
    return None
