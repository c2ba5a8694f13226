"""A trace beside others of the same kind in a store: how unusual it is, and in which spans.

Others of the same kind are those whose root is the same operation of the same service. Spans are
compared with those of the same operation under the same parent operation, by median and median
absolute deviation, which a few slow ones do not move.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from otx.store.reader import Store
from otx.tracing.assembly import NO_PARENT, Trace
from otx.tracing.quantiles import quantile

HOUR_NS = 3_600_000_000_000
MOST_TRACES = 2_000
FEWEST = 20
"""Fewer than these say nothing about what is usual."""
_LATEST_NS = 2**63 - 1
"""The last time that the store's columns hold (2262); broken clocks lie behind it."""
_NORMAL = 1.4826
"""What makes a median absolute deviation comparable with a standard deviation (of a normal
distribution)."""
_UNUSUAL = 3.5
"""Deviations beyond which a value is unusual (Iglewicz and Hoaglin 1993)."""

Operation: TypeAlias = tuple[str, str, str, str]
"""Service and name, and those of the parent; "" without one."""

_ROOTS = """
    SELECT trace_id, duration_ns FROM all_spans
    WHERE service = ? AND name = ? AND parent_span_id = '' AND is_trace_id(trace_id)
      AND trace_id <> ? AND start_time >= make_timestamp_ns(?) AND start_time < make_timestamp_ns(?)
    ORDER BY start_time DESC LIMIT ?"""

_USUAL = f"""
    WITH root AS ({_ROOTS}),
    span AS (SELECT all_spans.* FROM all_spans JOIN root USING (trace_id))
    SELECT child.service, child.name, coalesce(parent.service, ''), coalesce(parent.name, ''),
           count(*), median(child.duration_ns), mad(child.duration_ns)
    FROM span AS child LEFT JOIN span AS parent
      ON child.trace_id = parent.trace_id AND child.parent_span_id = parent.span_id
    GROUP BY ALL"""  # noqa: S608 - nothing of a user's goes in


@dataclass(frozen=True, slots=True)
class Deviation:
    """Spans of one operation that took unusually long, or less.

    Attributes:
        spans: Their numbers.
        excess_ns: What they took more than usual, together.
        own_ns: What is left of that without the excess of such spans below them.
        usual_ns: The median of the others.
        score: Of the most unusual: how many deviations it is away.
    """

    spans: tuple[int, ...]
    excess_ns: int
    own_ns: int
    usual_ns: int
    score: float


@dataclass(frozen=True, slots=True)
class Peers:
    """How a trace compares.

    Attributes:
        count: How many others there are; under `FEWEST` nothing else is said.
        share_faster: The share of them that took less time.
        p50_ns: Half of them took no longer.
        deviations: Of its spans, by what is their own, the most first; without those that
            such spans below them explain.
    """

    count: int
    share_faster: float = 0.0
    p50_ns: int = 0
    p99_ns: int = 0
    deviations: Sequence[Deviation] = ()


def peers(store: Store, trace: Trace, within_ns: int = HOUR_NS) -> Peers | None:
    """A trace beside others of a store; None where it has no root to know them by.

    Args:
        store: Where the others are.
        trace: The trace.
        within_ns: How much earlier or later they began at most.
    """
    if not trace.roots:
        return None
    root = trace.spans[max(trace.roots, key=lambda one: trace.spans[one].duration_ns)]
    begin, end = root.start_unix_nano - within_ns, root.start_unix_nano + within_ns
    begin, end = max(begin, 0), min(end, _LATEST_NS)
    asked = (root.service, root.name, root.trace_id, begin, end, MOST_TRACES)
    durations = sorted(row[1] for row in store.rows(_ROOTS, asked))
    if len(durations) < FEWEST:
        return Peers(len(durations))
    usual = {
        (row[0], row[1], row[2], row[3]): (row[4], float(row[5]), float(row[6]))
        for row in store.rows(_USUAL, asked)
    }
    faster = sum(one < root.duration_ns for one in durations)
    return Peers(
        len(durations),
        faster / len(durations),
        quantile(durations, 0.5),
        quantile(durations, 0.99),
        _deviations(trace, usual),
    )


class _Unusual(NamedTuple):
    """How unusual one span is.

    Attributes:
        scale_ns: What a deviation is.
    """

    operation: Operation
    excess_ns: float
    scale_ns: float
    usual_ns: float


def _deviations(
    trace: Trace, usual: Mapping[Operation, tuple[int, float, float]]
) -> list[Deviation]:
    unusual: dict[int, _Unusual] = {}
    for number, span in enumerate(trace.spans):
        operation = _operation(trace, number)
        count, median, spread = usual.get(operation, (0, 0.0, 0.0))
        if count < FEWEST:
            continue
        # A hundredth of the median at least: what always takes the same is no wonder of precision.
        one = _Unusual(
            operation,
            span.duration_ns - median,
            max(spread * _NORMAL, median / 100, 1.0),
            median,
        )
        if abs(one.excess_ns) > _UNUSUAL * one.scale_ns:
            unusual[number] = one
    own = _own(trace, unusual)
    found: dict[Operation, list[int]] = defaultdict(list)
    for number, one in unusual.items():
        if own[number] / one.excess_ns > 0 and abs(own[number]) > _UNUSUAL * one.scale_ns:
            found[one.operation].append(number)
    made = [_together(numbers, unusual, own) for numbers in found.values()]
    return sorted(made, key=lambda one: (-abs(one.own_ns), one.spans))


def _own(trace: Trace, unusual: Mapping[int, _Unusual]) -> dict[int, float]:
    """What each took more than usual, without the excess of the nearest such spans below it."""
    own = {number: one.excess_ns for number, one in unusual.items()}
    nearest = [NO_PARENT] * len(trace.spans)
    for number in trace.downward():
        parent = trace.parents[number]
        if parent != NO_PARENT:
            nearest[number] = parent if parent in unusual else nearest[parent]
        if number in unusual and nearest[number] != NO_PARENT:
            own[nearest[number]] -= unusual[number].excess_ns
    return own


def _together(
    numbers: Sequence[int], unusual: Mapping[int, _Unusual], own: Mapping[int, float]
) -> Deviation:
    """The deviation of one operation's spans, the most unusual first."""
    scores = {one: unusual[one].excess_ns / unusual[one].scale_ns for one in numbers}
    return Deviation(
        tuple(sorted(numbers, key=lambda one: (-scores[one], one))),
        round(sum(unusual[one].excess_ns for one in numbers)),
        round(sum(own[one] for one in numbers)),
        round(unusual[numbers[0]].usual_ns),
        max(scores.values(), key=abs),
    )


def _operation(trace: Trace, number: int) -> Operation:
    span, parent = trace.spans[number], trace.parents[number]
    if parent == NO_PARENT:
        return (span.service, span.name, "", "")
    above = trace.spans[parent]
    return (span.service, span.name, above.service, above.name)
