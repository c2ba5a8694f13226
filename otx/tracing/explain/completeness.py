"""Statements about what a trace lacks and how far its times can be trusted."""

import re
from collections.abc import Collection, Iterator, Sequence

from otx.model.units import counted, format_duration
from otx.propagation.formats.ot_member import adjusted_count, as_number, probability
from otx.tracing.absent import absent_parents, absent_servers
from otx.tracing.assembly import Trace
from otx.tracing.calls import operation_of
from otx.tracing.clock_faults import WHY
from otx.tracing.finding import Fact, Finding, FindingRule
from otx.tracing.skew import Skew

MISSING_PARENT = FindingRule(
    "missing-parent",
    "completeness",
    "The parent {span_id} of {children} is missing; {cause}: {evidence}.",
    "spans name a parent that has not arrived",
    "OTLP, Span.parent_span_id and SpanFlags",
)
MISSING_SERVER = FindingRule(
    "missing-server",
    "completeness",
    "{operation} called {peer}, which records spans, and no span tells of that call.",
    "a client's span has no server's below it, though the called service is known",
    "semantic conventions, peer.service and server.address",
)
SEVERAL_ROOTS = FindingRule(
    "several-roots",
    "completeness",
    "The trace has {roots} roots: work that was not started by one request, or lost its context.",
    "more than one span names no parent",
    "W3C Trace Context, parent-id",
)
SAMPLED = FindingRule(
    "sampled",
    "completeness",
    "It was sampled with a probability of {probability_share}: it stands for {count} like it.",
    "tracestate of its spans holds a sampling threshold (ot=th)",
    "OpenTelemetry, TraceState: Probability Sampling",
)
CLOCK_SHIFT = FindingRule(
    "clock-shift",
    "clock",
    "The clock of {clock} is moved by {shift}, give or take {margin_ns}.",
    "calls prove that the raw times cannot be right",
    "NTP's bounds, over client and server spans",
)
CLOCK_CONTRADICTION = FindingRule(
    "clock-contradiction",
    "clock",
    "The calls between {clocks} contradict each other: a clock stepped, or a server ran on.",
    "no shift of the clocks satisfies all calls",
    "difference constraints (Bellman, Ford)",
)
CLOCK_UNKNOWN = FindingRule(
    "clock-unknown",
    "clock",
    "The clocks of {clocks} cannot be compared: too few calls lie between them.",
    "spans of one trace lie on clocks that nothing bounds from both sides",
    "otx: times compare on one clock, or after it is bounded",
)
CLOCK_FAULT = FindingRule(
    "clock-fault",
    "clock",
    "On {clock} {count:span has/spans have} an odd time ({fault}): {reason}.",
    "a time that is wrong in itself",
    "OTLP, Span.start_time_unix_nano and end_time_unix_nano",
)
COMPLETENESS_RULES = (
    MISSING_PARENT,
    MISSING_SERVER,
    SEVERAL_ROOTS,
    SAMPLED,
    CLOCK_SHIFT,
    CLOCK_CONTRADICTION,
    CLOCK_UNKNOWN,
    CLOCK_FAULT,
)

_THRESHOLD = re.compile(r"(?:^|,)\s*ot=(?:[^,]*;)?th:([0-9a-f]{1,14})(?=[;,\s]|$)")


def completeness(
    trace: Trace, now_unix_nano: int, services: Collection[str] = ()
) -> Iterator[Finding]:
    """What is missing of a trace.

    Args:
        trace: The trace.
        now_unix_nano: When it was read.
        services: Those that are known to record spans, beside those of the trace.
    """
    for parent in absent_parents(trace, now_unix_nano):
        missing = parent.missing
        best = parent.reasons[0]
        yield Finding(
            MISSING_PARENT,
            missing.end_unix_nano - missing.start_unix_nano,
            missing.children,
            {
                "span_id": missing.span_id,
                "children": _named(trace, missing.children),
                "cause": best.cause,
                "evidence": best.evidence,
            },
        )
    for server in absent_servers(trace, services):
        span = trace.spans[server.client]
        facts = {"operation": operation_of(span), "peer": server.peer}
        yield Finding(MISSING_SERVER, span.duration_ns, (server.client,), facts)
    if len(trace.roots) > 1:
        yield Finding(SEVERAL_ROOTS, 0, tuple(trace.roots), {"roots": len(trace.roots)})
    yield from _sampled(trace)


def _sampled(trace: Trace) -> Iterator[Finding]:
    """The strictest threshold of the trace's spans, where they have one."""
    thresholds = {
        number: found[1]
        for number, span in enumerate(trace.spans)
        if (found := _THRESHOLD.search(span.trace_state))
    }
    if thresholds:
        strictest = max(thresholds, key=lambda number: (as_number(thresholds[number]), -number))
        threshold = thresholds[strictest]
        facts = {
            "probability_share": probability(threshold),
            "count": round(adjusted_count(threshold)),
        }
        yield Finding(SAMPLED, 0, (strictest,), facts)


def clocks(skew: Skew) -> Iterator[Finding]:
    """How far the times of a trace can be trusted."""
    trace = skew.trace
    shifts = skew.solution.shifts
    for clock in skew.moved:
        shift = shifts[clock]
        facts: dict[str, Fact] = {
            "clock": clock,
            "shift": _signed(shift.ns),
            "margin_ns": shift.margin_ns,
        }
        yield Finding(CLOCK_SHIFT, abs(shift.ns), _spans_on(trace, clock), facts)
    for circle in skew.solution.contradictions:
        names = sorted({name for one in circle for name in one.pair})
        spans = tuple(number for name in names for number in _spans_on(trace, name))
        yield Finding(CLOCK_CONTRADICTION, 0, spans, {"clocks": _listed(names)})
    unknown = sorted({domain.clock for domain in trace.domains} - shifts.keys())
    if unknown and len({domain.clock for domain in trace.domains}) > 1:
        spans = tuple(number for name in unknown for number in _spans_on(trace, name))
        yield Finding(CLOCK_UNKNOWN, 0, spans, {"clocks": _listed(unknown)})
    for fault in skew.faults:
        told: dict[str, Fact] = {
            "count": len(fault.spans),
            "clock": fault.clock,
            "fault": fault.kind,
            "reason": WHY[fault.kind],
        }
        yield Finding(CLOCK_FAULT, 0, fault.spans, told)


def _named(trace: Trace, spans: Sequence[int]) -> str:
    if len(spans) > 1:
        return counted(len(spans), "span")
    return operation_of(trace.spans[spans[0]])


def _spans_on(trace: Trace, clock: str) -> tuple[int, ...]:
    return tuple(number for number, domain in enumerate(trace.domains) if domain.clock == clock)


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"


def _signed(ns: int) -> str:
    return f"{'+' if ns >= 0 else '-'}{format_duration(abs(ns))}"
