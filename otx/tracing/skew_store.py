"""The calls between clocks of a whole store, from moment to moment.

The store itself pairs parents with children and keeps of each moment what bounds theta most, so
that what comes here is bounded by pairs and moments, not by spans. It goes through the traces in
parts, by their ids, so that the memory of pairing is bounded too. The rules are those of
`otx.tracing.skew_pairs`, in SQL, for servers and consumers. A server names its client as its
parent, or shares its id, as B3 has it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from otx.otlp.json_columns import read_attributes
from otx.store.reader import Store
from otx.store.sources import Wanted
from otx.tracing.domains import Domain, domain_of_resource
from otx.tracing.skew_lines import Point
from otx.tracing.skew_moments import Moment, Where
from otx.tracing.skew_pairs import FLUSH_NS, LATE_END_NS, ClockPair

MOMENTS_A_WINDOW = 4
_UPPERS = 8
"""How many of a moment's bounds from above are kept: those that others refute are passed over."""
_SPANS_A_PART = 1_000_000
"""Pairing takes about 500 bytes a span, and a store's queries have 1 GiB."""

_IS_JAVASCRIPT = """(contains(resource, '"nodejs"') OR contains(resource, '"webjs"')
    OR scope LIKE '@opentelemetry/%' AND NOT contains(resource, '"telemetry.sdk.language"'))"""

_GRAIN = f"""CASE
    WHEN {_IS_JAVASCRIPT} THEN 1000000
    WHEN duration_ns % 1000000 = 0 THEN 1000000
    WHEN duration_ns % 1000 = 0 THEN 1000 ELSE 1 END"""

_STATUS = """coalesce(
    try_cast(json_extract_string(attributes, '/http.response.status_code') AS INTEGER),
    try_cast(json_extract_string(attributes, '/http.status_code') AS INTEGER), 0)"""

_GAVE_UP = f"""CASE
    WHEN kind <> 'CLIENT' THEN false
    WHEN status = 'ERROR' OR contains(attributes, '"error.type"')
        THEN NOT ({_STATUS} BETWEEN 400 AND 501 AND {_STATUS} NOT IN (408, 499))
    ELSE (contains(attributes, '"http.request.method"') OR contains(attributes, '"http.method"'))
        AND NOT contains(attributes, '"http.response.status_code"')
        AND NOT contains(attributes, '"http.status_code"') END"""

_CHOSEN = """is_trace_id(trace_id) AND duration_ns >= 0
    AND start_time >= TIMESTAMP '2000-01-01' AND end_time < TIMESTAMP '2200-01-01'
    AND received_time >= make_timestamp_ns({since}) AND hash(trace_id) % {parts} = {part}"""

_CALLS = """
WITH children AS (
    SELECT DISTINCT trace_id, parent_span_id, span_id, kind, hash(service, resource) AS source,
           epoch_ns(start_time) AS began, epoch_ns(end_time) AS ended, {grain} AS grain,
           CASE WHEN {is_javascript} THEN {flush} ELSE 0 END AS flush
    FROM wanted
    WHERE kind IN ('SERVER', 'CONSUMER') AND flags & 768 <> 256
          AND {chosen}),
counted AS (
    SELECT *, count(*) FILTER (kind = 'SERVER') OVER (PARTITION BY trace_id, parent_span_id) > 1
        AS is_several FROM children),
parents AS (
    SELECT trace_id, span_id, kind, hash(service, resource) AS source,
           epoch_ns(start_time) AS began, epoch_ns(end_time) AS ended, {grain} AS grain,
           {gave_up} AS gave_up
    FROM wanted WHERE {chosen}),
shared AS (
    SELECT p, c FROM counted c JOIN parents p
        ON p.trace_id = c.trace_id AND p.span_id = c.span_id
        WHERE p.kind = 'CLIENT' AND c.kind = 'SERVER'),
pairs AS (
    SELECT p, c, c.is_several FROM counted c JOIN parents p
        ON p.trace_id = c.trace_id AND p.span_id = c.parent_span_id
        WHERE p.source <> c.source
              AND (c.trace_id, c.span_id) NOT IN (SELECT (s.c.trace_id, s.c.span_id) FROM shared s)
    UNION ALL
    SELECT p, c, false FROM shared WHERE p.source <> c.source),
calls AS (
    SELECT p.source AS client, c.source AS server, p.began AS sent, c.trace_id, c.span_id,
           p.began - c.began AS late, p.ended - c.ended AS left_bare,
           CASE WHEN c.flush = 0 THEN p.ended - c.ended
                ELSE least(p.ended - c.ended + c.flush, p.ended - c.began) END AS left_over,
           greatest(p.grain, c.grain) AS grain,
           p.kind = 'CLIENT' AND c.kind = 'SERVER' AND p.ended > p.began AS is_waited_for,
           p.gave_up OR is_several OR p.ended - c.ended + c.flush < p.began - c.began AS is_open
    FROM pairs),
bounds AS (
    SELECT *, late - grain AS lower,
           is_waited_for AND left_bare + grain < 0 OR late - grain > 0 AS is_outside,
           CASE WHEN NOT is_waited_for OR is_open THEN NULL
                WHEN left_over + grain BETWEEN -{late_end} AND -1 THEN 0
                ELSE left_over + grain END AS upper
    FROM calls)
SELECT client, server, sent // {moment} AS moment, count(*), count(upper),
       count(*) FILTER (is_outside), max(lower), arg_max(sent, lower),
       arg_max(trace_id, lower), arg_max(span_id, lower),
       arg_min(trace_id, upper), arg_min(span_id, upper),
       min(upper, {uppers}), arg_min(sent, upper, {uppers})
FROM bounds GROUP BY client, server, moment"""

_SOURCES = "SELECT DISTINCT hash(service, resource), service, resource FROM all_spans"
_RECEIVED = "SELECT epoch_ns(max(received_time)) FROM wanted WHERE trace_id = ?"
_SIZE = "SELECT count(*) FROM wanted"


class Source(NamedTuple):
    """Who sent spans: a service, and the clock it read, which is its host's or its own."""

    service: str
    clock: str
    is_host: bool


@dataclass(frozen=True, slots=True, eq=False)
class StoreCalls:
    """The calls between the clocks of a store.

    Attributes:
        moments: By clock pair, by time.
        services: The services on each clock.
        moment_ns: How long a moment is.
    """

    moments: Mapping[ClockPair, Sequence[Moment]]
    services: Mapping[str, Sequence[str]]
    moment_ns: int


def calls_of(
    store: Store, since_unix_nano: int, window_ns: int, *, only_hosts: bool = False
) -> StoreCalls:
    """The calls of what a store received since a time.

    Args:
        store: The store.
        since_unix_nano: By the receiver's clock, since the senders' may be wrong.
        window_ns: A moment is a quarter of it.
        only_hosts: Leave out processes of which no host is known.
    """
    moment_ns = max(window_ns // MOMENTS_A_WINDOW, 1)
    sources = _sources(store)
    found: dict[tuple[ClockPair, int], list[Moment]] = defaultdict(list)
    for row in _rows(store, since_unix_nano, moment_ns):
        client, server = sources[row[0]], sources[row[1]]
        if client.clock != server.clock and not (
            only_hosts and not (client.is_host and server.is_host)
        ):
            pair = ClockPair(client.clock, server.clock)
            found[pair, row[2]].append(_moment(row, moment_ns))
    moments: dict[ClockPair, list[Moment]] = defaultdict(list)
    for pair, at in sorted(found):
        moments[pair].append(_merged(found[pair, at]))
    return StoreCalls(moments, _services(sources.values()), moment_ns)


def received_unix_nano(store: Store, trace_id: str) -> int | None:
    """When the last span of a trace was received."""
    [(received,)] = store.rows(_RECEIVED, (trace_id,), Wanted("spans", traces=(trace_id,)))
    return None if received is None else int(received)


def _rows(store: Store, since_unix_nano: int, moment_ns: int) -> Iterator[tuple[Any, ...]]:
    wanted = Wanted("spans", received_since_unix_nano=since_unix_nano)
    [(spans,)] = store.rows(_SIZE, (), wanted)
    parts = -(-spans // _SPANS_A_PART) or 1
    for part in range(parts):
        chosen = _CHOSEN.format(since=max(since_unix_nano, 0), parts=parts, part=part)
        sql = _CALLS.format(
            chosen=chosen,
            grain=_GRAIN,
            gave_up=_GAVE_UP,
            late_end=LATE_END_NS,
            is_javascript=_IS_JAVASCRIPT,
            flush=FLUSH_NS,
            moment=moment_ns,
            uppers=_UPPERS,
        )
        yield from store.rows(sql, (), wanted)


def _sources(store: Store) -> dict[int, Source]:
    return {
        number: _source(service, domain_of_resource(read_attributes(resource), service))
        for number, service, resource in store.rows(_SOURCES, ())
    }


def _source(service: str, domain: Domain) -> Source:
    return Source(service, domain.clock, domain.clock != domain.process)


def _services(sources: Iterable[Source]) -> dict[str, list[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for source in sources:
        found[source.clock].add(source.service)
    return {clock: sorted(services) for clock, services in found.items()}


def _moment(row: tuple[Any, ...], moment_ns: int) -> Moment:
    _, _, at, calls, closed, outside, lower, lower_at, *by, uppers, upper_ats = row
    return Moment(
        at * moment_ns,
        calls,
        closed,
        outside,
        Point(lower_at, lower),
        tuple(map(Point, upper_ats or (), uppers or ())),
        Where(*by[:2]),
        Where(*by[2:]) if uppers else None,
    )


def _merged(moments: Sequence[Moment]) -> Moment:
    """One moment of several processes that read the same clocks."""
    if len(moments) == 1:
        return moments[0]
    lowest = max(moments, key=lambda one: (one.lower.ns, one.lower))
    bounded = [one for one in moments if one.uppers]
    tightest = min(bounded, key=lambda one: (one.uppers[0].ns, one.uppers[0]), default=None)
    above = sorted((point.ns, point) for one in moments for point in one.uppers)
    return Moment(
        moments[0].begin_unix_nano,
        sum(one.calls for one in moments),
        sum(one.closed for one in moments),
        sum(one.outside for one in moments),
        lowest.lower,
        tuple(point for _, point in above[:_UPPERS]),
        lowest.lower_by,
        None if tightest is None else tightest.upper_by,
    )
