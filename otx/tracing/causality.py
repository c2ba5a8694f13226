"""What certainly or probably happened before a span of a trace, and after it."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Literal, TypeAlias

from otx.tracing.assembly import Trace
from otx.tracing.edges import start_of
from otx.tracing.event_graph import build_graph
from otx.tracing.skew import clock_skew
from otx.tracing.vector_clocks import VectorClocks, vector_clocks

Side: TypeAlias = Literal["before", "after"]


class Causality:
    """The order of a trace's spans; worked out when it is first asked for."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace

    def spans(self, side: Side, span_id: str) -> list[str]:
        """The ids of the spans whose start happened before that of a span, or after it.

        In Lamport's order; none for a span that is not there. What is in neither list ran beside
        it, or nobody can tell.
        """
        numbers = range(len(self._trace.spans))
        here = next((one for one in numbers if self._trace.spans[one].span_id == span_id), None)
        if here is None:
            return []
        found = filter(self._is_on(side, here), numbers)
        ordered: Sequence[int] = sorted(
            found, key=lambda one: (self._clocks.lamport[start_of(one)], one)
        )
        return [self._trace.spans[one].span_id for one in ordered]

    def _is_on(self, side: Side, here: int) -> Callable[[int], bool]:
        before = self._clocks.happened_before
        if side == "before":
            return lambda one: before(start_of(one), start_of(here))
        return lambda one: before(start_of(here), start_of(one))

    @cached_property
    def _clocks(self) -> VectorClocks:
        return vector_clocks(build_graph(self._trace, clock_skew(self._trace).timing))
