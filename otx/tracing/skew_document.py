"""How far clocks are apart, as documents with stable keys."""

from collections.abc import Iterable, Sequence
from math import ceil, floor
from typing import Any, TypeAlias

from otx.model.units import format_time
from otx.tracing.clock_faults import WHY
from otx.tracing.skew import Skew
from otx.tracing.skew_bounds import Bounds
from otx.tracing.skew_fleet import FleetPair, FleetSkew
from otx.tracing.skew_moments import Where
from otx.tracing.skew_pairs import ClockPair
from otx.tracing.skew_solve import Solution
from otx.tracing.skew_trend import Range, Step
from otx.tracing.skew_windows import windows
from otx.tracing.skew_words import fleet_words, range_of, trace_words

Document: TypeAlias = dict[str, Any]

_PPM = 1e6
_MS_A_MINUTE = 60_000


def fleet_document(fleet: FleetSkew, window_ns: int) -> Document:
    """All that is known of a store's clocks."""
    return {
        "window_ns": window_ns,
        "pairs": [_pair_document(one, fleet, window_ns) for one in fleet.pairs],
        **_solution_document(fleet.solution),
    }


def trace_document(skew: Skew) -> Document:
    """All that is known of a trace's clocks; moved times stand beside those that were sent."""
    trace, timing = skew.trace, skew.timing
    moved = frozenset(skew.moved)
    ids = [span.span_id for span in trace.spans]
    return {
        "trace_id": trace.spans[0].trace_id,
        "pairs": [_bounds_document(one, ids, trace.spans[0].trace_id) for one in skew.bounds],
        **_solution_document(skew.solution),
        "faults": [
            {
                "kind": one.kind,
                "why": WHY[one.kind],
                "clock": one.clock,
                "span_ids": [ids[number] for number in one.spans],
            }
            for one in skew.faults
        ],
        "moved_spans": [
            {
                "span_id": span.span_id,
                "clock": domain.clock,
                "start_time": format_time(span.start_unix_nano),
                "end_time": format_time(span.end_unix_nano),
                "moved_start_time": format_time(timing.starts[number]),
                "moved_end_time": format_time(timing.ends[number]),
            }
            for number, (span, domain) in enumerate(zip(trace.spans, trace.domains, strict=True))
            if domain.clock in moved
        ],
    }


def _theta_document(theta: Range, estimate: float | None) -> Document:
    return {
        "theta_ns": None if estimate is None else round(estimate),
        "margin_ns": None if estimate is None else theta.margin(estimate),
        "lower_ns": None if theta.least is None else floor(theta.least),
        "upper_ns": None if theta.most is None else ceil(theta.most),
    }


def _pair_document(one: FleetPair, fleet: FleetSkew, window_ns: int) -> Document:
    client, server = one.pair
    return {
        "client": client,
        "server": server,
        "client_services": list(fleet.services.get(client, ())),
        "server_services": list(fleet.services.get(server, ())),
        **_theta_document(one.theta, one.estimate),
        "at": format_time(one.at_unix_nano),
        **_drift_document(one.drift),
        "calls": one.calls,
        "outside_share": one.outside_share,
        "contradicting": one.odd_calls,
        "verdict": one.verdict,
        "why": fleet_words(one),
        "steps": [_step_document(step) for step in one.steps],
        "windows": [
            {"start_time": format_time(window.begin_unix_nano), **window.counts()}
            | _theta_document(window.theta, window.theta.middle)
            for window in windows(one, window_ns)
        ],
        "evidence": [_where(where) for where in one.by],
    }


def _bounds_document(one: Bounds, ids: Sequence[str], trace_id: str) -> Document:
    theta = range_of(one)
    by = [one.lower, *([one.upper] if one.upper else [])]
    return {
        "client": one.pair.client,
        "server": one.pair.server,
        **_theta_document(theta, theta.middle),
        "calls": len(one.calls),
        "outside_share": one.outside / len(one.calls),
        "contradicting": len(one.refuted),
        "why": trace_words(one),
        "evidence": [{"trace_id": trace_id, "span_id": ids[call.child]} for call in by],
        "contradicted_by": [ids[call.child] for call in one.refuted],
    }


def _solution_document(solution: Solution) -> Document:
    return {
        "clocks": [
            {
                "clock": clock,
                "shift_ns": shift.ns,
                "margin_ns": shift.margin_ns,
                "reference": shift.reference,
            }
            for clock, shift in sorted(solution.shifts.items())
        ],
        "contradictions": [_pairs_of(one.pair for one in c) for c in solution.contradictions],
    }


def _pairs_of(pairs: Iterable[ClockPair]) -> list[Document]:
    return [{"client": pair.client, "server": pair.server} for pair in sorted(set(pairs))]


def _drift_document(drift: Range) -> Document:
    middle = drift.middle
    if middle is None or drift.least is None:
        return {"drift_ppm": None, "drift_margin_ppm": None, "drift_ms_per_min": None}
    return {
        "drift_ppm": middle * _PPM,
        "drift_margin_ppm": (middle - drift.least) * _PPM,
        "drift_ms_per_min": middle * _MS_A_MINUTE,
    }


def _step_document(step: Step) -> Document:
    return {
        "after_time": format_time(step.after_unix_nano),
        "before_time": format_time(step.before_unix_nano),
        "least_ns": None if step.by.least is None else floor(step.by.least),
        "most_ns": None if step.by.most is None else ceil(step.by.most),
    }


def _where(where: Where) -> Document:
    return {"trace_id": where.trace_id, "span_id": where.span_id}
