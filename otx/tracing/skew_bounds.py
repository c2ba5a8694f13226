"""The calls between two clocks taken together.

What calls say from below is certain, and the greatest counts. What they say from above is inferred:
a server may have gone on after its client had left without a word, and its bound is then too low,
never too high. So a bound from above that lies under one from below is refuted; and since others
like it may hide between the two, as many of the tightest are passed over as were refuted.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from otx.tracing.answers import late_services
from otx.tracing.assembly import Trace
from otx.tracing.skew_pairs import Call, ClockPair


@dataclass(frozen=True, slots=True, eq=False)
class Bounds:
    """What the calls of one clock pair say of theta.

    Attributes:
        pair: Whose calls they are.
        calls: All of them.
        lower: The one that says most from below.
        upper: The one that says most from above and is believed; None where none is.
        refuted: Those whose upper bound others refute.
    """

    pair: ClockPair
    calls: Sequence[Call]
    lower: Call
    upper: Call | None
    refuted: Sequence[Call]

    @property
    def lower_ns(self) -> int:
        """The least that theta can be."""
        return self.lower.lower_ns

    @property
    def upper_ns(self) -> int | None:
        """The most that theta can be, as far as is known."""
        return None if self.upper is None else self.upper.upper_ns

    @property
    def likely_ns(self) -> int | None:
        """The most that theta can be if some server ended before its client had the answer.

        None where that says no more than is known.
        """
        told = (call.likely_ns for call in self.calls if call.likely_ns is not None)
        least = min((ns for ns in told if ns >= self.lower_ns), default=None)
        most = self.upper_ns
        return least if least is not None and most is not None and least < most else None

    @property
    def outside(self) -> int:
        """How many servers lie outside their client's time."""
        return sum(call.is_outside for call in self.calls)


def bounds_by_pair(trace: Trace, calls: Iterable[Call]) -> list[Bounds]:
    """The bounds of every clock pair of a trace, by name."""
    by_pair: dict[ClockPair, list[Call]] = defaultdict(list)
    late = late_services(trace)
    for call in calls:
        if call.is_open in ("", "outlived") and trace.spans[call.child].service in late:
            call = _of_late(trace, call)
        pair = ClockPair(trace.domains[call.parent].clock, trace.domains[call.child].clock)
        by_pair[pair].append(call)
    return [_bounds(pair, by_pair[pair]) for pair in sorted(by_pair)]


def _of_late(trace: Trace, call: Call) -> Call:
    """A call whose server may end behind its answer, but began before that."""
    begun = trace.spans[call.parent].end_unix_nano - trace.spans[call.child].start_unix_nano
    grains = trace.grains.by_span
    upper_ns = begun + max(grains[call.parent], grains[call.child])
    return call._replace(upper_ns=upper_ns, is_open="")


def _bounds(pair: ClockPair, calls: Sequence[Call]) -> Bounds:
    lower = max(calls, key=lambda call: (call.lower_ns, -call.child))
    above = [(call.upper_ns, call.child, call) for call in calls if call.upper_ns is not None]
    above.sort(key=lambda one: one[:2])
    refuted = [call for upper_ns, _, call in above if upper_ns < lower.lower_ns]
    doubted = 2 * len(refuted)
    upper = above[doubted][2] if doubted < len(above) else None
    return Bounds(pair, calls, lower, upper, refuted)
