"""Which spans failed, and what tells so."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from otx.model.telemetry import AttributeValue, Span, SpanEvent

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
_EXCEPTION_TEXTS = ("exception.message", "exception.stacktrace")
_NOTHING = "status ERROR"
_LOCAL_GRPC = frozenset({"CANCELLED", "DEADLINE_EXCEEDED", "UNAVAILABLE"})
"""What a gRPC client says of itself when it had no answer (gRPC, status codes)."""
_TIMEOUT = re.compile(r"(?<!invalid)(timeout|timedout|deadlineexceeded)(error|exception|expired)?$")
_CANCELLED = re.compile(
    r"(cancell?ed|cancell?ation|clientdisconnect(ed)?|contextdone)(error|exception)?$|^aborterror$"
)
_HTTP_GAVE_UP: Mapping[str, GaveUp] = {
    "408": "timeout",
    "504": "timeout",
    "499": "cancelled",
}
_PART_OF_NUMBER_BEFORE = re.compile(r"[\w.:-]$")
_AMOUNT = re.compile(r"\w|[.:]\d|%|\s(?:[nuµm]?s|sec\w*|min\w*|times|bytes?|[kKMG]i?B)\b")
_GO_MESSAGES: Mapping[str, GaveUp] = {
    "context deadline exceeded": "timeout",
    "context canceled": "cancelled",
}
"""The texts of Go's two context errors, which have no type of their own in many spans."""


@dataclass(frozen=True, slots=True)
class Failure:
    """That a span failed.

    Attributes:
        signs: What tells so, strongest first.
        what: The failure in a few words: an exception's type, a status code, a message.
        has_exception: Whether an exception was recorded on the span.
        gave_up: Whether somebody stopped waiting: the span itself, or its caller.
        has_answer: Whether the other side answered: a status code that it gave is recorded.
        at_unix_nano: When it failed by its span's clock; None where only its end is recorded.
    """

    signs: tuple[FailureSign, ...]
    what: str
    has_exception: bool
    gave_up: GaveUp
    has_answer: bool = False
    at_unix_nano: int | None = None

    @property
    def says_why(self) -> bool:
        """Whether more is recorded than that it failed."""
        return self.what != _NOTHING

    @property
    def is_own_timeout(self) -> bool:
        """Whether the span itself stopped waiting, rather than being told by an answer."""
        return self.gave_up == "timeout" and not self.has_answer

    @property
    def has_own_type(self) -> bool:
        """Whether it names its error itself, rather than by the code of an answer alone."""
        is_code = self.what.isdigit() or self.what in _GRPC_NAMES
        return self.has_exception or ("error.type" in self.signs and not is_code)


def failures(spans: Sequence[Span]) -> dict[int, Failure]:
    """The spans that failed, by number."""
    found = ((number, failure_of(span)) for number, span in enumerate(spans))
    return {number: failure for number, failure in found if failure is not None}


def failure_of(span: Span) -> Failure | None:
    """How a span failed; None where nothing tells that it did, or its status says OK."""
    is_telling = not _TELLING.isdisjoint(span.attributes)
    if span.status == "OK" or (span.status == "UNSET" and not span.events and not is_telling):
        return None
    if not span.events and not is_telling:
        return _by_status(span)
    words: dict[FailureSign, str] = {}
    if span.status == "ERROR":
        words["status"] = span.status_message
    exception = _exception(span)
    if exception is not None:
        words["exception"] = exception
    if is_telling:
        error_type = span.attributes.get("error.type")
        if error_type:
            words["error.type"] = str(error_type)
        words.update(_answers(span))
    if not words:
        return None
    # An exception's type says more than a code, and a code more than a message.
    told = [words.get(sign, "") for sign in ("exception", "error.type", "grpc", "http", "status")]
    grpc = words.get("grpc", "")
    return Failure(
        tuple(words),
        next(filter(None, told), "") or _other_grpc(span) or _NOTHING,
        exception is not None,
        stopped_waiting(span),
        "http" in words or (grpc != "" and grpc not in _LOCAL_GRPC),
        _failed_at(span),
    )


def _by_status(span: Span) -> Failure:
    """The failure of a span of which nothing but its status tells."""
    what = span.status_message or _NOTHING
    return Failure(("status",), what, has_exception=False, gave_up=_told_by_go(span))


def _told_by_go(span: Span) -> GaveUp:
    return _GO_MESSAGES.get(span.status_message.rsplit(": ", 1)[-1], "")


def _other_grpc(span: Span) -> str:
    """A status that this kind of span does not count as a failure."""
    name = grpc_status(span)
    return "" if name == "OK" else name


def stopped_waiting(span: Span) -> GaveUp:
    """Whether error types and status codes say that somebody stopped waiting, failed or not.

    Messages do not count: they may talk of timeouts that never passed.
    """
    types = _types(span)
    for told in types:
        letters = "".join(filter(str.isalpha, told.rsplit(".", 1)[-1])).lower()
        if _TIMEOUT.search(letters):
            return "timeout"
        if _CANCELLED.search(letters):
            return "cancelled"
    code = _number(span.attributes, *_HTTP_KEYS)
    if code is not None or types:
        return _HTTP_GAVE_UP.get(str(code), "")
    return _told_by_go(span)


def _types(span: Span) -> list[str]:
    """What a span calls its failure: an exception's type, an error type, a gRPC status."""
    event = _last_exception(span)
    raised = event.attributes.get("exception.type") if event is not None else None
    told = (raised, span.attributes.get("error.type"), grpc_status(span))
    return [str(one) for one in told if one]


def _failed_at(span: Span) -> int | None:
    """When the exception that the span failed with was recorded.

    One that its status' message does not tell of may have been caught.
    """
    event = _last_exception(span)
    if event is None or not event.time_unix_nano:
        return None
    if not span.start_unix_nano <= event.time_unix_nano <= span.end_unix_nano:
        return None
    texts = [
        str(event.attributes.get(key) or "") for key in ("exception.type", _EXCEPTION_TEXTS[0])
    ]
    told = span.status_message
    names_it = any(text.rsplit(".", 1)[-1] in told for text in texts if text)
    return event.time_unix_nano if not told or names_it else None


def answer_of(span: Span) -> tuple[FailureSign, str] | None:
    """The status code of the answer that a span gave or had, good or bad; None without one."""
    code = _number(span.attributes, *_HTTP_KEYS)
    if code is not None:
        return "http", str(code)
    grpc = grpc_status(span)
    return ("grpc", grpc) if grpc else None


def names(span: Span, what: str) -> bool:
    """Whether a failed span's message or stack trace tells of another's failure.

    Of a status code only messages tell: stack traces are full of numbers.
    """
    short = what.rsplit(".", 1)[-1]
    texts = [span.status_message]
    code = short.removeprefix("HTTP ")
    if code.isdigit():
        key = _EXCEPTION_TEXTS[0]
        texts += [str(event.attributes.get(key, "")) for event in span.events]
        return any(_is_code(found) for text in texts for found in re.finditer(code, text))
    for event in span.events:
        texts += [str(event.attributes.get(key, "")) for key in _EXCEPTION_TEXTS]
    return any(short in text for text in texts)


def _is_code(found: "re.Match[str]") -> bool:
    """Whether digits in a text stand for themselves: no part of a number, and no amount."""
    before, after = found.string[: found.start()], found.string[found.end() :]
    return not _PART_OF_NUMBER_BEFORE.search(before) and not _AMOUNT.match(after)


def is_same_exception(one: Span, other: Span) -> bool:
    """Whether two spans recorded an exception with the same type and message."""
    first, second = _last_exception(one), _last_exception(other)
    if first is None or second is None:
        return False
    keys = ("exception.type", "exception.message")
    told = [first.attributes.get(key) for key in keys]
    return bool(told[1]) and told == [second.attributes.get(key) for key in keys]


def _exception(span: Span) -> str | None:
    """The type of the last exception that was recorded."""
    event = _last_exception(span)
    return None if event is None else str(event.attributes.get("exception.type") or "exception")


def _last_exception(span: Span) -> SpanEvent | None:
    """The last exception that left the span: one that was caught within does not count."""
    for event in reversed(span.events):
        if event.name == "exception" and event.attributes.get("exception.escaped") is not False:
            return event
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
    key = _GRPC_KEYS[0] if _GRPC_KEYS[0] in span.attributes else _GRPC_KEYS[1]
    value = span.attributes.get(key)
    if value is None:
        return ""
    if isinstance(value, str) and not value.isdigit():
        return value if value in _GRPC_NAMES else ""
    code = _number({"": value}, "")
    return _GRPC_NAMES[code] if code is not None and 0 <= code < len(_GRPC_NAMES) else ""


def _number(attributes: Mapping[str, AttributeValue], *keys: str) -> int | None:
    for key in keys:
        value = attributes.get(key)
        if value is None:
            continue
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if isinstance(value, str) and value.isdigit() and len(value) < 6:
            return int(value)
    return None
