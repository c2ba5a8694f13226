"""What a span calls: the peer, and the shape of what it asks, so that like calls can be found."""

import re
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from otx.model.telemetry import Attributes, Span, SpanKind

PEER_KEYS = (
    "peer.service",
    "server.address",
    "net.peer.name",
    "network.peer.address",
    "db.system.name",
    "db.system",
    "messaging.destination.name",
    "rpc.service",
)
"""The attributes that name who is called, the most telling first."""
_STATEMENTS = ("db.query.summary", "db.query.text", "db.statement")
_PATHS = ("url.template", "http.route", "url.path", "http.target", "url.full", "http.url")
_SHAPED = (*_STATEMENTS, *_PATHS)
_ASKED = (*_STATEMENTS[1:], *_PATHS[2:])
_RESENT = "http.request.resend_count"
_PLACEHOLDER = re.compile(r"\?|\$\d|%s|%\(|[:@]\w")
"""What stands in a statement for a value that is not recorded."""
_LITERAL = re.compile(r"'(?:[^']|'')*'|\b[0-9a-f]{8}-[0-9a-f-]{27}\b|\b[0-9a-f]{12,}\b|\b\d+\b")
_LONGEST_STATEMENT = 2_000


Operation: TypeAlias = tuple[str, str]
"""A service and the name of its spans."""


class Call(NamedTuple):
    """What makes two calls of one parent alike.

    Attributes:
        peer: Who is called; "" where the span does not say.
        shape: The statement or path with its literals left out; "" where there is none.
    """

    service: str
    kind: SpanKind
    name: str
    peer: str
    shape: str


def call_of(span: Span) -> Call:
    """What a span calls."""
    peer, shaped, _ = _telling(tuple(span.attributes))
    text = _first(span.attributes, shaped)
    shape = _LITERAL.sub("?", text[:_LONGEST_STATEMENT]) if text else ""
    return Call(span.service, span.kind, span.name, _first(span.attributes, peer), shape)


def peer_of(span: Span) -> str:
    """Who a span calls, as far as it says: a service, a host, a database; "" where it does not."""
    return _first(span.attributes, _telling(tuple(span.attributes))[0])


def asked_of(span: Span) -> str:
    """What exactly a span asks its peer for; "" where it does not say."""
    return _first(span.attributes, _telling(tuple(span.attributes))[2])


def told_of(span: Span) -> str:
    """What a span asks for, where that is told to the last value; else "".

    Two spans that tell the same ask for the same: a path without its query, or a statement whose
    values are left out, tells that of none.
    """
    keys = _telling(tuple(span.attributes))[2]
    asked = _first(span.attributes, keys)
    if not asked:
        return ""
    is_statement = any(span.attributes.get(key) for key in _STATEMENTS[1:])
    if is_statement:
        return "" if _PLACEHOLDER.search(asked) else asked
    method = span.attributes.get("http.request.method", span.attributes.get("http.method", ""))
    return f"{method} {asked}?{span.attributes.get('url.query', '')}"


def resent_times(span: Span) -> int:
    """How often a request had been sent before this one, as far as it says."""
    value = span.attributes.get(_RESENT)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def operation_at(span: Span) -> Operation:
    """A span's service and name, as what many spans are gathered by."""
    return (span.service, span.name)


def operation_of(span: Span) -> str:
    """A span's service and name, as sentences name it."""
    return f"{span.service} {span.name}" if span.service else span.name


@lru_cache(maxsize=1_000)
def _telling(keys: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """Of attributes those that tell the peer, the shape, and what exactly is asked.

    Spans of one instrumentation have the same keys: looking for each of them in each is slow.
    """
    wanted = (PEER_KEYS, _SHAPED, _ASKED)
    return tuple(tuple(key for key in some if key in keys) for some in wanted)


def _first(attributes: Attributes, keys: tuple[str, ...]) -> str:
    for key in keys:
        value = attributes.get(key)
        if value:
            return str(value)
    return ""
