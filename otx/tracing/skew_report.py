"""How far clocks are apart, as documents and as tables for people."""

from collections.abc import Iterable, Mapping, Sequence
from math import ceil, floor
from typing import Any, TypeAlias

from otx.model.units import counted, format_duration, format_time
from otx.tracing.clock_faults import WHY
from otx.tracing.skew import Skew
from otx.tracing.skew_bounds import Bounds
from otx.tracing.skew_fleet import FleetPair, FleetSkew
from otx.tracing.skew_moments import Where
from otx.tracing.skew_pairs import ClockPair
from otx.tracing.skew_solve import Solution
from otx.tracing.skew_trend import Range, Step
from otx.tracing.skew_windows import windows

Document: TypeAlias = dict[str, Any]

PAIR_COLUMNS = ["client", "server", "theta", "margin", "drift", "calls", "outside", "verdict"]
TRACE_COLUMNS = ["client", "server", "theta", "margin", "calls", "outside", "verdict"]
CLOCK_COLUMNS = ["clock", "shift", "margin", "reference"]
_PPM = 1e6
_MS_A_MINUTE = 60_000


def signed(ns: float) -> str:
    """A difference for people, with its sign: `+80.0 ms`."""
    return f"{'-' if ns < 0 else '+'}{format_duration(round(abs(ns)))}"


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


def pair_rows(fleet: FleetSkew) -> list[Document]:
    """The rows of `PAIR_COLUMNS`, worst first."""
    return [
        {
            "client": _named(one.pair.client, fleet.services),
            "server": _named(one.pair.server, fleet.services),
            **_theta_cells(one.theta, one.estimate),
            "drift": _drift_words(one.drift),
            "calls": one.calls,
            "outside": f"{one.outside_share:.0%}",
            "verdict": fleet_words(one),
        }
        for one in fleet.pairs
    ]


def trace_rows(skew: Skew) -> list[Document]:
    """The rows of `TRACE_COLUMNS`, worst first."""
    return [
        {
            "client": one.pair.client,
            "server": one.pair.server,
            **_theta_cells(_range(one), _range(one).middle),
            "calls": len(one.calls),
            "outside": f"{one.outside / len(one.calls):.0%}",
            "verdict": _trace_words(one),
        }
        for one in sorted(skew.bounds, key=lambda one: (-_apart(_range(one)), one.pair))
    ]


def clock_rows(solution: Solution) -> list[Document]:
    """The rows of `CLOCK_COLUMNS`, those that are moved first."""
    shifts = sorted(solution.shifts.items(), key=lambda item: (-abs(item[1].ns), item[0]))
    return [
        {
            "clock": clock,
            "shift": signed(shift.ns) if shift.ns else "0",
            "margin": format_duration(shift.margin_ns),
            "reference": shift.reference,
        }
        for clock, shift in shifts
        if clock != shift.reference
    ]


def contradiction_lines(solution: Solution) -> list[str]:
    """The pairs that cannot all be right, a circle a line."""
    return [
        "these contradict each other: "
        + ", ".join(f"{pair.client} -> {pair.server}" for pair in sorted({c.pair for c in circle}))
        for circle in solution.contradictions
    ]


def fault_lines(skew: Skew) -> list[str]:
    """Times that are wrong in themselves, with their spans."""
    spans = skew.trace.spans
    return [
        f"{fault.clock}: {fault.kind}, {counted(len(fault.spans), 'span')}"
        f" ({', '.join(spans[number].span_id for number in fault.spans[:3])}"
        f"{', ...' if len(fault.spans) > 3 else ''}): {WHY[fault.kind]}"
        for fault in skew.faults
    ]


def fleet_words(one: FleetPair) -> str:
    """What is the matter with a pair, in words."""
    match one.verdict:
        case "unclear":
            return _unclear_words(one)
        case "stepped":
            step = one.steps[-1]
            at = format_time(step.before_unix_nano)[:19] + "Z"
            return f"stepped by {_range_words(step.by)} before {at}; {_theta_words(one.theta)}"
        case "drifting":
            return f"{_theta_words(one.theta)}, and drifts"
        case _:
            return _theta_words(one.theta)


def _unclear_words(one: FleetPair) -> str:
    if one.is_clear:
        return "unknown: the last calls contradict those before, it may just have stepped"
    return f"unknown: {one.odd_calls} of {counted(one.calls, 'call')} contradict the others"


def _trace_words(one: Bounds) -> str:
    if one.upper is None and one.refuted:
        return f"unknown: {len(one.refuted)} of {len(one.calls)} calls contradict the others"
    return _theta_words(_range(one))


def _theta_words(theta: Range) -> str:
    least, most = theta
    if least is not None and least > 0:
        if most is None:
            return f"the server's clock is behind by at least {format_duration(round(least))}"
        return "the server's clock is behind"
    if most is not None and most < 0:
        return "the server's clock is ahead"
    if most is None:
        return "unknown: nothing bounds it from above"
    return "may be right"


def _theta_cells(theta: Range, estimate: float | None) -> Document:
    if estimate is None:
        return {"theta": "?", "margin": "?"}
    return {"theta": signed(estimate), "margin": format_duration(theta.margin(estimate))}


def _drift_words(drift: Range) -> str:
    middle = drift.middle
    if middle is None or drift.least is None:
        return "?"
    margin = (middle - drift.least) * _MS_A_MINUTE
    if drift.has(0):
        return f"none known, under {margin + abs(middle) * _MS_A_MINUTE:.2g} ms/min"
    return f"{middle * _MS_A_MINUTE:+.2g} ms/min ± {margin:.2g}"


def _range_words(by: Range) -> str:
    middle = by.middle
    if middle is not None:
        return signed(middle)
    if by.least is not None:
        return f"at least {signed(by.least)}"
    return "an unknown amount" if by.most is None else f"at most {signed(by.most)}"


def _named(clock: str, services: Mapping[str, Sequence[str]]) -> str:
    """A clock with the services on it."""
    known = services.get(clock, ())
    if not known or any(clock.startswith(f"/{name}") for name in known):
        return clock
    more = f" +{len(known) - 2}" if len(known) > 2 else ""
    return f"{clock} ({', '.join(known[:2])}{more})"


def _apart(theta: Range) -> float:
    return max(theta.least or 0, -(theta.most or 0), 0)


def _range(one: Bounds) -> Range:
    return Range(one.lower_ns, one.upper_ns)


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
    theta = _range(one)
    by = [one.lower, *([one.upper] if one.upper else [])]
    return {
        "client": one.pair.client,
        "server": one.pair.server,
        **_theta_document(theta, theta.middle),
        "calls": len(one.calls),
        "outside_share": one.outside / len(one.calls),
        "contradicting": len(one.refuted),
        "why": _trace_words(one),
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
