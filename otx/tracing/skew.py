"""How far the clocks of a trace are apart, by the calls between them.

Nothing but the calls is asked, and what they leave open stays open: a clock is moved only where
the trace refutes that it may be right, to the middle of what is possible, as NTP does with the
fastest round trip; the margin covers all that is possible. A clock that is not bounded from both
sides has no shift. Raw times stay as they are: what is moved is a `Timing` beside them.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from otx.tracing.assembly import Trace
from otx.tracing.clock_faults import ClockFault, clock_faults, untimed_spans
from otx.tracing.skew_bounds import Bounds, bounds_by_pair
from otx.tracing.skew_pairs import calls_between_clocks
from otx.tracing.skew_solve import Constraint, Solution, solve
from otx.tracing.timing import Shift, Timing, shifted_timing


@dataclass(frozen=True, eq=False)
class Skew:
    """What a trace tells of its clocks.

    Attributes:
        trace: The trace.
        bounds: Of every pair of clocks between which calls are, by name.
        solution: The shifts, and the constraints that contradict each other.
        faults: Times that are wrong in themselves.
    """

    trace: Trace
    bounds: Sequence[Bounds]
    solution: Solution
    faults: Sequence[ClockFault] = field(default=())

    @cached_property
    def timing(self) -> Timing:
        """The times moved by the shifts."""
        return shifted_timing(self.trace, self.solution.shifts)

    @property
    def moved(self) -> list[str]:
        """The clocks that are not taken as they are, by name."""
        return sorted(clock for clock, shift in self.solution.shifts.items() if shift.ns)


def clock_skew(trace: Trace, received_unix_nano: int | None = None) -> Skew:
    """What a trace tells of its clocks.

    Args:
        trace: The trace.
        received_unix_nano: When the last of it was received, where that is known.
    """
    faults = clock_faults(trace, received_unix_nano)
    bounds = bounds_by_pair(trace, calls_between_clocks(trace, untimed_spans(faults)))
    references = _references(trace)
    solution = solve(list(constraints(bounds)), references)
    if any(one.likely_ns is not None for one in bounds):
        likely = solve(list(constraints(bounds, are_likely=True)), references)
        solution = _within(solution, likely)
    return Skew(trace, bounds, solution, faults)


def constraints(bounds: Iterable[Bounds], *, are_likely: bool = False) -> Iterator[Constraint]:
    """What bounds say of shifts: `lower <= shift[server] - shift[client] <= upper`.

    Args:
        bounds: Of all pairs.
        are_likely: Whether servers may be taken to end before their client has the answer.
    """
    for one in bounds:
        client, server = one.pair
        yield Constraint(server, client, -one.lower_ns, True, one.pair)
        upper_ns = one.upper_ns
        if are_likely and one.likely_ns is not None:
            upper_ns = one.likely_ns
        if upper_ns is not None:
            yield Constraint(client, server, upper_ns, False, one.pair)


def _within(solution: Solution, likely: Solution) -> Solution:
    """Of what is possible that which is likely, for clocks that are not right in any case."""
    shifts = dict(solution.shifts)
    for clock, shift in solution.shifts.items():
        found = likely.shifts.get(clock)
        if not shift.ns or found is None or found.reference != shift.reference:
            continue
        least, most = shift.range_ns
        if least <= found.ns <= most:
            margin_ns = max(most - found.ns, found.ns - least)
            shifts[clock] = Shift(found.ns, margin_ns, shift.reference, (least, most))
    return Solution(shifts, solution.contradictions)


def _references(trace: Trace) -> list[str]:
    """The clocks as their spans come from the root down: the caller is right until refuted."""
    roots = [*trace.roots, *(number for one in trace.missing for number in one.children)]
    below = [number for children in trace.children for number in children]
    return list(dict.fromkeys(trace.domains[number].clock for number in (*roots, *below)))
