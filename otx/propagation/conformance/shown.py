"""What a response shows of the context that a service has: for those that call nobody back.

`Server-Timing` and `traceresponse` name the span that served the request. A body may print the
headers that the service would send on; one that prints those that it got says nothing about it.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from otx.propagation.carrier import Carrier, canonical
from otx.propagation.conformance.case import Pairs
from otx.propagation.conformance.exchange import EVERYTHING, Aspect
from otx.propagation.conformance.participant import HEADERS
from otx.propagation.formats.server_timing import description_place

NOTHING = "the response shows no trace context"
ARRIVED = "the body shows the headers that arrived, not those that would be sent on"

_LINE = re.compile(
    r"^[ \t\"'>]*(traceparent|tracestate|baggage)[\"']?[ \t]*[:=][ \t]*[\"']?([^\"'\r\n]*)",
    re.IGNORECASE | re.MULTILINE,
)
_MAX_DEPTH = 20


def shown_call(headers: Pairs, body: str, sent: Pairs) -> tuple[Pairs, frozenset[Aspect], str]:
    """What a response shows, as if it were a call; which aspects of it; why there is none.

    Args:
        headers: The response's headers.
        body: Its body as text.
        sent: The headers of the request.
    """
    printed = tuple(_printed(body))
    parents = _of("traceparent", printed)
    # A mirror that keeps one of two headers shows what arrived as well.
    arrived = bool(parents) and set(parents) <= set(_of("traceparent", sent))
    if parents and not arrived:
        return printed, EVERYTHING - {"names"}, ""
    value = _named_by(headers)
    if value is not None:
        return (("traceparent", value),), frozenset(("trace",)), ""
    return (), frozenset(), ARRIVED if arrived else NOTHING


def _of(name: str, pairs: Pairs) -> list[str]:
    """Its values; one header with a comma is the same as two."""
    values = [value for own, value in pairs if canonical(own) == name]
    return [piece.strip() for value in values for piece in value.split(",")]


def _named_by(headers: Pairs) -> str | None:
    """The server's span as a response header names it."""
    carrier = Carrier(headers)
    for field in carrier.all("server-timing"):
        place = description_place(field.value)
        if place is not None:
            return field.value[slice(*place)]
    field_or_none = carrier.first("traceresponse")
    return None if field_or_none is None else field_or_none.value


def _printed(body: str) -> Iterator[tuple[str, str]]:
    """The headers that stand in a body: in JSON anywhere, else a line each."""
    try:
        yield from _in_document(json.loads(body), _MAX_DEPTH)
    except (ValueError, RecursionError):
        for match in _LINE.finditer(body):
            yield match[1], match[2]


def _in_document(document: Any, depth: int) -> Iterator[tuple[str, str]]:
    if depth == 0:
        return
    if isinstance(document, list):
        for one in document:
            yield from _in_document(one, depth - 1)
    if isinstance(document, dict):
        for name, value in document.items():
            if name.lower() not in HEADERS:
                yield from _in_document(value, depth - 1)
                continue
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, str):
                    yield name, one
