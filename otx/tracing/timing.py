"""The times of a trace's spans with their clocks made to agree, as far as that is known.

Raw times stay in the spans. What is here is for reasoning across clocks: how far each clock was
moved, and how sure that is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from otx.tracing.assembly import Trace


@dataclass(frozen=True, slots=True)
class Shift:
    """What is added to a clock's times, and how wrong that may be.

    Attributes:
        ns: To be added.
        margin_ns: The truth lies within this much of it.
        reference: The clock that it is measured against; shifts compare only where it is one.
        possible_ns: The least and the most that it can be, where that is known more closely.
    """

    ns: int
    margin_ns: int
    reference: str
    possible_ns: tuple[int, int] | None = None

    @property
    def range_ns(self) -> tuple[int, int]:
        """The least and the most that it can be."""
        return self.possible_ns or (self.ns - self.margin_ns, self.ns + self.margin_ns)


@dataclass(frozen=True, slots=True, eq=False)
class Timing:
    """Times by span number, in nanoseconds since 1970, moved by their clock's shift.

    Attributes:
        shifts: By clock; a clock that is not in it is known to nobody but itself.
    """

    trace: Trace
    starts: Sequence[int]
    ends: Sequence[int]
    shifts: Mapping[str, Shift] = field(default_factory=dict)

    @property
    def grains(self) -> Sequence[int]:
        """What each span's times are rounded down to."""
        return self.trace.grains.by_span

    def margin_ns(self, one: int, other: int) -> int | None:
        """How far times of two spans may be apart from the truth; None where nothing is known."""
        first, second = (self.trace.domains[number] for number in (one, other))
        grains = self.grains[one] + self.grains[other]
        if first.clock == second.clock:
            is_alike = first == second and first.process not in self.trace.grains.uneven
            return 0 if is_alike else grains
        a, b = self.shifts.get(first.clock), self.shifts.get(second.clock)
        if a is None or b is None or a.reference != b.reference:
            return None
        return a.margin_ns + b.margin_ns + grains

    def may_be_within(self, inner: int, outer: int) -> bool:
        """Whether nothing refutes that a span lies within another: no clock can shorten one."""
        if self.ends[inner] - self.starts[inner] > self.ends[outer] - self.starts[outer]:
            return False
        return self.margin_ns(inner, outer) is None or self.is_within(inner, outer)

    def is_within(self, inner: int, outer: int) -> bool:
        """Whether a span lies within another, on comparable clocks."""
        margin = self.margin_ns(inner, outer)
        if margin is None:
            return False
        return (
            self.starts[outer] - margin <= self.starts[inner]
            and self.ends[inner] <= self.ends[outer] + margin
        )


def raw_timing(trace: Trace) -> Timing:
    """The times as they were sent; clocks of different hosts do not compare."""
    starts = [span.start_unix_nano for span in trace.spans]
    ends = [max(span.end_unix_nano, span.start_unix_nano) for span in trace.spans]
    return Timing(trace, starts, ends)


def shifted_timing(trace: Trace, shifts: Mapping[str, Shift]) -> Timing:
    """The times with each clock's shift added; clocks without one stay, and compare to no other."""
    by_clock = {clock: shift.ns for clock, shift in shifts.items()}
    moves = [by_clock.get(domain.clock, 0) for domain in trace.domains]
    raw = raw_timing(trace)
    return Timing(
        trace,
        [start + move for start, move in zip(raw.starts, moves, strict=True)],
        [end + move for end, move in zip(raw.ends, moves, strict=True)],
        shifts,
    )
