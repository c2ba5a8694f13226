"""How far clocks are apart, as tables for people."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from otx.model.units import counted, format_duration
from otx.tracing.clock_faults import WHY
from otx.tracing.skew import Skew
from otx.tracing.skew_fleet import FleetSkew
from otx.tracing.skew_lines import MAX_DRIFT
from otx.tracing.skew_solve import Solution
from otx.tracing.skew_trend import Range
from otx.tracing.skew_words import fleet_words, range_of, signed, trace_words

Row: TypeAlias = dict[str, Any]

PAIR_COLUMNS = ["client", "server", "theta", "margin", "drift", "calls", "outside", "verdict"]
TRACE_COLUMNS = ["client", "server", "theta", "margin", "calls", "outside", "verdict"]
CLOCK_COLUMNS = ["clock", "shift", "margin", "reference"]
_ID_DIGITS = 8
_MS_A_MINUTE = 60_000


def pair_rows(fleet: FleetSkew) -> list[Row]:
    """The rows of `PAIR_COLUMNS`, worst first."""
    names = _short_names((clock for one in fleet.pairs for clock in one.pair), fleet.services)
    return [
        {
            "client": names[one.pair.client],
            "server": names[one.pair.server],
            **_theta_cells(one.theta, one.estimate),
            "drift": _drift_words(one.drift),
            "calls": one.calls,
            "outside": f"{one.outside_share:.0%}",
            "verdict": fleet_words(one),
        }
        for one in fleet.pairs
    ]


def trace_rows(skew: Skew) -> list[Row]:
    """The rows of `TRACE_COLUMNS`, worst first."""
    names = _short_names((clock for one in skew.bounds for clock in one.pair), {})
    return [
        {
            "client": names[one.pair.client],
            "server": names[one.pair.server],
            **_theta_cells(range_of(one), range_of(one).middle),
            "calls": len(one.calls),
            "outside": f"{one.outside / len(one.calls):.0%}",
            "verdict": trace_words(one),
        }
        for one in sorted(skew.bounds, key=lambda one: (-_apart(range_of(one)), one.pair))
    ]


def clock_rows(solution: Solution) -> list[Row]:
    """The rows of `CLOCK_COLUMNS`, those that are moved first."""
    shifts = sorted(solution.shifts.items(), key=lambda item: (-abs(item[1].ns), item[0]))
    names = _short_names(solution.shifts, {})
    return [
        {
            "clock": names[clock],
            "shift": signed(shift.ns) if shift.ns else "0",
            "margin": format_duration(shift.margin_ns),
            "reference": names[shift.reference],
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


def _theta_cells(theta: Range, estimate: float | None) -> Row:
    if estimate is None:
        return {"theta": "?", "margin": "?"}
    return {"theta": signed(estimate), "margin": format_duration(theta.margin(estimate))}


def _drift_words(drift: Range) -> str:
    middle = drift.middle
    if middle is None or drift.least is None:
        return "?"
    if drift.has(0) and max(-drift.least, drift.most or 0) >= MAX_DRIFT / 2:
        return "?"  # hardly more is known than of any quartz
    margin = (middle - drift.least) * _MS_A_MINUTE
    if drift.has(0):
        return f"none known, under {margin + abs(middle) * _MS_A_MINUTE:.2g} ms/min"
    return f"{middle * _MS_A_MINUTE:+.2g} ms/min ± {margin:.2g}"


def _short_names(clocks: Iterable[str], services: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Clocks for people: hosts with the services on them, processes with a part of their id."""
    full = sorted(set(clocks))
    short = {clock: _without_rest(clock) for clock in full}
    times = Counter(short.values())
    names = {clock: short[clock] if times[short[clock]] == 1 else clock for clock in full}
    return {clock: name + _on(clock, services.get(clock, ())) for clock, name in names.items()}


def _without_rest(clock: str) -> str:
    """A process's clock with the first digits of its id."""
    name, mark, instance = clock.partition("#")
    return name.lstrip("/") + mark + instance[:_ID_DIGITS]


def _on(clock: str, services: Sequence[str]) -> str:
    """The services on a clock that does not name them itself."""
    if not services or any(f"/{name}{mark}" in clock for name in services for mark in "#?"):
        return ""
    more = f" +{len(services) - 2}" if len(services) > 2 else ""
    return f" ({', '.join(services[:2])}{more})"


def _apart(theta: Range) -> float:
    return max(theta.least or 0, -(theta.most or 0), 0)
