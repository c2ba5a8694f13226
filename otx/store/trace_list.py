"""The newest traces of which a span matches, without looking at all that matches.

A list of the newest is decided by the newest spans. Spans are looked at from the newest back to a
moment, and further back only as long as that leaves something open: a trace whose matching spans
all lie before the moment started before it, so that it comes after every trace that started later.
The same holds within what was looked at: a trace starts no later than its first matching span.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeAlias

from otx.model.telemetry import TraceSummary
from otx.store.rows import summary_of
from otx.store.search import Condition
from otx.store.sources import Wanted

Row: TypeAlias = tuple[Any, ...]

_SUMMARY = """
    SELECT trace_id, epoch_ns(min(start_time)) AS start,
           epoch_ns(max(end_time)) - epoch_ns(min(start_time)), count(*),
           count(DISTINCT service), count(*) FILTER (status = 'ERROR'),
           arg_min(service, (parent_span_id <> '', start_time)),
           arg_min(name, (parent_span_id <> '', start_time)), bool_and(parent_span_id <> '')
    FROM wanted WHERE {where}
    GROUP BY trace_id ORDER BY start DESC, trace_id LIMIT ?"""

_MATCHING = """
    SELECT trace_id, epoch_ns(min(start_time)) AS bound FROM wanted
    WHERE {where} AND is_trace_id(trace_id)
    GROUP BY trace_id ORDER BY bound DESC, trace_id LIMIT ?"""
"""Spans without a valid trace id belong to no trace: all of them would look like one."""

_SPANS_A_TRACE = 25
_FEW_SPANS = 2_000
"""How many of the newest spans are looked at first."""
_MORE_SPANS = 8
"""How many times as many next."""
_INDEXED_SPANS = 64 * 1024
"""Where indexes leave so few spans to look at, all of them are looked at first."""
_SPARE_TRACES = 20
"""How many more traces than are wanted are summed up: some start earlier than they seem to."""
_MANY_TRACES = 2_000
"""Beyond so many, traces are not looked up one by one."""


class TraceRows(Protocol):
    """What a list of traces needs of a store (`otx.store.reader.Store`)."""

    def rows(self, sql: str, parameters: Sequence[object], wanted: Wanted | None) -> list[Row]:
        """All rows of a query over what is wanted."""

    def newest_since(self, wanted: Wanted, count: int) -> int:
        """A time after which there are about `count` rows, or as many as there are: then 0."""

    def most_rows(self, wanted: Wanted) -> int:
        """How many rows are read for what is wanted, at most."""


@dataclass(frozen=True, slots=True)
class _Look:
    """What one look at the newest spans found.

    Attributes:
        bounds: Traces, each with a time that it starts no later than, the latest first.
        is_all: Whether no other trace has a matching span.
        decided_unix_nano: Traces that are not among them start before this.
    """

    bounds: Sequence[tuple[str, int]]
    is_all: bool
    decided_unix_nano: int


def newest_traces(
    store: TraceRows, condition: Condition, wanted: Wanted, limit: int
) -> list[TraceSummary]:
    """Traces of which one span matches, newest first; counts are of the whole trace.

    Args:
        store: Whose.
        condition: What matches, the earliest time of `wanted` included.
        wanted: What matching spans have in common.
        limit: How many at most.
    """
    is_rare = bool(wanted.pairs) and store.most_rows(wanted) <= _INDEXED_SPANS
    count, take = max(limit * _SPANS_A_TRACE, _FEW_SPANS), limit + _SPARE_TRACES
    since = 0 if is_rare else store.newest_since(wanted, count)
    while take <= max(_MANY_TRACES, limit + _SPARE_TRACES):
        look = _look(store, condition, wanted, since, take)
        if look.is_all or len(look.bounds) >= limit:
            newest = _summaries(store, [trace_id for trace_id, _ in look.bounds], limit)
            if look.is_all:
                return newest
            if len(newest) == limit and newest[-1].start_unix_nano >= look.decided_unix_nano:
                return newest
        if len(look.bounds) == take:
            take *= 2
        else:
            count *= _MORE_SPANS
            since = store.newest_since(wanted, count)
    return _all(store, condition, limit)


def newest_rows(
    look: Callable[[int], list[Row]], since: Callable[[int], int], limit: int
) -> list[Row]:
    """The newest of the rows that match, by looking at the newest of all first.

    Args:
        look: Gives the newest rows that match and are no earlier than a time, at most `limit`.
        since: Gives a time after which there are about so many rows; 0 where there are not.
        limit: How many at most.
    """
    count = max(limit, _FEW_SPANS)
    while begin := since(count):
        rows = look(begin)
        if len(rows) == limit:
            return rows
        count *= _MORE_SPANS
    return look(0)


def _look(
    store: TraceRows, condition: Condition, wanted: Wanted, since_unix_nano: int, take: int
) -> _Look:
    is_everything = since_unix_nano <= max(wanted.since_unix_nano, 0)
    within = wanted
    if not is_everything:
        condition = condition.since("start_time", since_unix_nano)
        within = replace(wanted, since_unix_nano=since_unix_nano)
    found = store.rows(
        _MATCHING.format(where=condition.sql), (*condition.parameters, take + 1), within
    )
    # Those that were left out may start when the first of them matches, and not later.
    left_out = found[take][1] + 1 if len(found) > take else 0
    return _Look(
        found[:take],
        is_all=is_everything and not left_out,
        decided_unix_nano=max(left_out, 0 if is_everything else since_unix_nano),
    )


def _summaries(store: TraceRows, trace_ids: Sequence[str], limit: int) -> list[TraceSummary]:
    """Of some traces the newest."""
    if not trace_ids:
        return []
    where = f"trace_id IN ({', '.join('?' * len(trace_ids))})"
    wanted = Wanted("spans", traces=trace_ids)
    rows = store.rows(_SUMMARY.format(where=where), (*trace_ids, limit), wanted)
    return [summary_of(row) for row in rows]


def _all(store: TraceRows, condition: Condition, limit: int) -> list[TraceSummary]:
    """The answer by a look at every span there is."""
    matching = f"SELECT trace_id FROM all_spans WHERE {condition.sql} AND is_trace_id(trace_id)"  # noqa: S608
    sql = _SUMMARY.format(where=f"trace_id IN ({matching})")
    rows = store.rows(sql, (*condition.parameters, limit), Wanted())
    return [summary_of(row) for row in rows]
