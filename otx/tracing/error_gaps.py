"""Where a span that has not arrived may hide what a failure came from."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from otx.tracing.timing import Timing


class Gap(NamedTuple):
    """A missing span that may lie below another.

    Attributes:
        span_id: The missing span's.
        is_shown: Whether times say that it may; else clocks do not compare, and any may.
    """

    span_id: str
    is_shown: bool


@dataclass(frozen=True, eq=False)
class Gaps:
    """The missing spans of a trace."""

    timing: Timing
    _margins: dict[str, int | None] = field(default_factory=dict)

    def below(self, number: int) -> Gap | None:
        """A missing span that may lie below one; None where none can.

        Children of such a span began after that one did, and before it ended.
        """
        trace = self.timing.trace
        if not trace.missing:
            return None
        clock = trace.domains[number].clock
        if clock not in self._margins:
            self._margins[clock] = self._widest_margin(number)
        margin = self._margins[clock]
        if margin is None:
            return Gap(trace.missing[0].span_id, is_shown=False)
        margin += self.timing.grains[number]
        starts, places = self._starts
        place = bisect_left(starts, self.timing.starts[number] - margin)
        if place == len(starts) or starts[place] > self.timing.ends[number] + margin:
            return None
        return Gap(trace.missing[places[place]].span_id, is_shown=True)

    @cached_property
    def _starts(self) -> tuple[list[int], list[int]]:
        """When the children of missing spans began, sorted, and the places of these spans."""
        starts = self.timing.starts
        found = sorted(
            (starts[child], place)
            for place, missing in enumerate(self.timing.trace.missing)
            for child in missing.children
        )
        return [start for start, _ in found], [place for _, place in found]

    @cached_property
    def _coarsest(self) -> Sequence[int]:
        """For each clock of a missing span's child the child whose times are the coarsest."""
        trace, grains = self.timing.trace, self.timing.grains
        coarsest: dict[str, tuple[int, int]] = {}
        for missing in trace.missing:
            for child in missing.children:
                clock = trace.domains[child].clock
                mine = (grains[child], child)
                coarsest[clock] = max(mine, coarsest.get(clock, mine))
        return [child for _, child in coarsest.values()]

    def _widest_margin(self, number: int) -> int | None:
        """How far those children's starts may be from the truth; None if some do not compare."""
        margins = [self.timing.margin_ns(number, one) for one in self._coarsest]
        known = [margin for margin in margins if margin is not None]
        return max(known) if len(known) == len(margins) else None
