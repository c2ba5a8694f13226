"""Spans written in one line, for what tests of statements need."""

from collections.abc import Sequence
from typing import Any

from otx.model.telemetry import Span, SpanEvent, SpanKind, StatusCode

MS = 1_000_000


def span(
    name: str,
    parent: str,
    start_ms: float,
    end_ms: float,
    kind: SpanKind = "INTERNAL",
    service: str = "shop",
    status: StatusCode = "UNSET",
    events: Sequence[SpanEvent] = (),
    host: str = "one",
    operation: str = "",
    **attributes: Any,
) -> Span:
    """A span known by its name, in milliseconds; `_` in an attribute's name stands for a dot."""
    return Span(
        "t",
        name,
        parent,
        operation or name,
        kind,
        service,
        round(start_ms * MS),
        round(end_ms * MS),
        status=status,
        events=events,
        resource={"host.name": host, "service.instance.id": f"{service}@{host}"},
        attributes={key.replace("_", "."): value for key, value in attributes.items()},
    )
