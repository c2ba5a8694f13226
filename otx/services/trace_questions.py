"""Traces put together for the questions that are asked of them, and how their spans are named."""

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from otx.errors import NotThere, UsageError
from otx.model.telemetry import Span
from otx.store.reader import Store
from otx.store.rows import SPAN_FIELDS, span_of
from otx.tracing.assembly import Trace, assemble
from otx.tracing.calls import PEER_KEYS
from otx.tracing.event_graph import EventGraph, build_graph
from otx.tracing.skew import clock_skew
from otx.tracing.timing import Timing
from otx.tracing.vector_clocks import VectorClocks, vector_clocks

MIN_SPAN_PREFIX = 4
MOST_CLIENTS = 200_000


@dataclass(frozen=True)
class TraceInQuestion:
    """A trace, and what is worked out of it when it is asked for."""

    trace: Trace

    @property
    def id(self) -> str:
        """The trace's id."""
        return self.trace.spans[0].trace_id

    @cached_property
    def timing(self) -> Timing:
        """Its times, with clocks that disagree moved."""
        return clock_skew(self.trace).timing

    @cached_property
    def graph(self) -> EventGraph:
        """The order of its events."""
        return build_graph(self.trace, self.timing)

    @cached_property
    def clocks(self) -> VectorClocks:
        """The vector clocks of its events."""
        return vector_clocks(self.graph)

    def span(self, number: int) -> dict[str, Any]:
        """A span as documents name it."""
        span = self.trace.spans[number]
        return {"span_id": span.span_id, "service": span.service, "name": span.name}


def read_trace(store: Store, trace_id: str) -> TraceInQuestion:
    """A trace of a store, by its id or the beginning of it.

    Raises:
        NotThere: There is none.
        UsageError: It is no id, or several begin so.
    """
    spans = store.trace(trace_id)
    if not spans:
        raise no_such_trace(trace_id)
    return TraceInQuestion(assemble(spans))


def no_such_trace(trace_id: str) -> NotThere:
    """The error where no trace has an id; what was read may be a store or a file."""
    return NotThere(f"no trace {trace_id} in what was read", hint="`otx trace list` shows what is")


_INCOMPLETE = f"""
    WITH client AS (
        SELECT trace_id, span_id, service, start_time, attributes FROM all_spans
        WHERE kind = 'CLIENT' AND is_trace_id(trace_id)
        ORDER BY start_time DESC, trace_id, span_id LIMIT {MOST_CLIENTS}),
    unanswered AS (
        SELECT trace_id, start_time, service,
               coalesce({", ".join(f"nullif(attr(attributes, '{key}'), '')" for key in PEER_KEYS)})
                   AS peer
        FROM client WHERE NOT EXISTS (
            SELECT 1 FROM all_spans AS server
            WHERE server.trace_id = client.trace_id AND server.parent_span_id = client.span_id
              AND server.kind = 'SERVER')),
    incomplete AS (
        SELECT trace_id, start_time FROM unanswered
        WHERE peer <> service AND peer IN (SELECT service FROM all_spans)
        UNION ALL
        SELECT trace_id, start_time FROM all_spans AS child
        WHERE is_trace_id(trace_id) AND parent_span_id <> '' AND NOT EXISTS (
            SELECT 1 FROM all_spans AS parent
            WHERE parent.trace_id = child.trace_id AND parent.span_id = child.parent_span_id))
    SELECT trace_id FROM incomplete
    GROUP BY trace_id ORDER BY max(start_time) DESC, trace_id LIMIT ?"""  # noqa: S608 - constants


def incomplete_traces(store: Store, limit: int) -> list[str]:
    """The ids of the newest traces that lack spans.

    In them a span names a parent that is not there, or a call of a service that sends spans has no
    server's span; of such calls the newest `MOST_CLIENTS` are looked at.
    """
    return [row[0] for row in store.rows(_INCOMPLETE, (limit,))]


def trace_of_span(store: Store, span_id: str) -> str:
    """The id of the trace that a span is in.

    Raises:
        NotThere: No span has that id.
        UsageError: It is no id, or spans of several traces have it.
    """
    prefix = _prefix(span_id)
    rows = store.rows(
        "SELECT DISTINCT trace_id FROM all_spans WHERE starts_with(span_id, ?) "
        "AND is_trace_id(trace_id) ORDER BY trace_id LIMIT 3",
        (prefix,),
    )
    if not rows:
        raise NotThere(f"no span {span_id} in what was read")
    if len(rows) > 1:
        found = ", ".join(row[0] for row in rows)
        raise UsageError(f"spans of several traces begin with {span_id}: {found}", "--trace ID")
    trace_id: str = rows[0][0]
    return trace_id


def number_of(asked: TraceInQuestion, span_id: str) -> int:
    """The number of a span, by its id or the beginning of it; of spans that share one, the first.

    Raises:
        NotThere: The trace has no such span.
        UsageError: It is no id, or several begin so.
    """
    prefix = _prefix(span_id)
    found = {
        span.span_id: number
        for number, span in reversed(list(enumerate(asked.trace.spans)))
        if span.span_id.startswith(prefix)
    }
    if not found:
        raise NotThere(
            f"no span {span_id} in the trace {asked.id}",
            hint=f"`otx trace show {asked.id} --raw` has the ids",
        )
    if len(found) > 1:
        raise UsageError(f"{span_id!r} begins {len(found)} spans: {', '.join(sorted(found)[:3])}")
    return next(iter(found.values()))


def _prefix(span_id: str) -> str:
    prefix = span_id.strip().lower()
    if len(prefix) < MIN_SPAN_PREFIX or not set(prefix) <= set("0123456789abcdef"):
        raise UsageError(
            f"{span_id!r} is no span id",
            hint=f"16 hex digits, or the first {MIN_SPAN_PREFIX} or more of them",
        )
    return prefix


def calls_of(
    store: Store, service: str, operation: str, since_unix_nano: int, limit: int
) -> list[tuple[TraceInQuestion, int]]:
    """The newest calls of an operation: each trace, and the number of the span in it."""
    found = store.rows(
        "SELECT trace_id, span_id FROM all_spans WHERE service = ? AND name = ? "
        "AND start_time >= make_timestamp_ns(?) AND is_trace_id(trace_id) "
        "ORDER BY start_time DESC, trace_id, span_id LIMIT ?",
        (service, operation, since_unix_nano, limit),
    )
    spans: dict[str, list[Span]] = defaultdict(list)
    rows = store.rows(
        f"SELECT {SPAN_FIELDS} FROM all_spans WHERE trace_id IN (SELECT unnest(?::VARCHAR[]))",  # noqa: S608
        (sorted({row[0] for row in found}),),
    )
    for row in rows:
        spans[row[0]].append(span_of(row))
    asked = {trace_id: TraceInQuestion(assemble(all_of)) for trace_id, all_of in spans.items()}
    return [(asked[row[0]], number_of(asked[row[0]], row[1])) for row in found]
