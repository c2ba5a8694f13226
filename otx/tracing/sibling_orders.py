"""In which order sibling operations ran over many traces, and the trace that refutes it.

Every order is held for true until a trace shows another (The Mystery Machine, OSDI 2014). An order
that many traces show and none refutes is likely one of the program; one that was refuted is none,
whatever the others look like. Siblings in one process are compared: their clock is one.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal, TypeAlias

from otx.tracing.assembly import Trace
from otx.tracing.calls import Operation, operation_at

MOST_SIBLINGS = 50
"""Of more children under one parent only the first are compared, each with each."""
FEWEST = 10
"""Traces that have to show an order before anything is said of it."""

Seen: TypeAlias = Literal["before", "after", "beside"]


@dataclass(frozen=True, slots=True)
class SiblingOrder:
    """Two operations below one parent operation.

    Attributes:
        parent: Service and name of the parent.
        first: The one that usually comes first.
        traces: Traces that have both.
        before: Traces in which all of the first had ended before any of the second began.
        counter_example: A trace in which that is not so; "" without one.
    """

    parent: Operation
    first: Operation
    second: Operation
    traces: int
    before: int
    counter_example: str = ""

    @property
    def is_refuted(self) -> bool:
        """Whether a trace shows another order."""
        return bool(self.counter_example)


def sibling_orders(traces: Iterable[Trace]) -> list[SiblingOrder]:
    """The orders that at least `FEWEST` traces show for at least nine in ten, by traces."""
    seen: Counter[tuple[Operation, Operation, Operation, Seen]] = Counter()
    against: dict[tuple[Operation, Operation, Operation, Seen], str] = {}
    for trace in traces:
        for parent, one, other, how in set(_orders(trace)):
            seen[parent, one, other, how] += 1
            against.setdefault((parent, one, other, how), trace.spans[0].trace_id)
    pairs = {key[:3] for key in seen}
    made = [
        made
        for parent, one, other in sorted(pairs)
        if (made := _order(parent, one, other, seen, against)) is not None
    ]
    return sorted(made, key=lambda one: (-one.traces, one.parent, one.first, one.second))


def _order(
    parent: Operation,
    one: Operation,
    other: Operation,
    seen: Counter[tuple[Operation, Operation, Operation, Seen]],
    examples: dict[tuple[Operation, Operation, Operation, Seen], str],
) -> SiblingOrder | None:
    counts = {how: seen[parent, one, other, how] for how in ("before", "after", "beside")}
    total = sum(counts.values())
    usual: Seen = "before" if counts["before"] >= counts["after"] else "after"
    if total < FEWEST or counts[usual] < 0.9 * total:
        return None
    first, second = (one, other) if usual == "before" else (other, one)
    refuting = [
        examples[parent, one, other, how]
        for how in ("before", "after", "beside")
        if how != usual and counts[how]
    ]
    return SiblingOrder(parent, first, second, total, counts[usual], min(refuting, default=""))


def _orders(trace: Trace) -> Iterator[tuple[Operation, Operation, Operation, Seen]]:
    """For each parent the pairs of operations below it, and how they ran."""
    for number, children in enumerate(trace.children):
        if len(children) < 2:
            continue
        parent = operation_at(trace.spans[number])
        process = trace.domains[number].process
        windows: dict[Operation, tuple[int, int]] = {}
        for child in children[:MOST_SIBLINGS]:
            if trace.domains[child].process != process:
                continue
            span = trace.spans[child]
            start, end = span.start_unix_nano, max(span.end_unix_nano, span.start_unix_nano)
            known = windows.get(operation := operation_at(trace.spans[child]))
            windows[operation] = (
                (start, end) if known is None else (min(known[0], start), max(known[1], end))
            )
        for one, other in combinations(sorted(windows), 2):
            yield parent, one, other, _seen(windows[one], windows[other])


def _seen(one: Sequence[int], other: Sequence[int]) -> Seen:
    if one[1] <= other[0]:
        return "before"
    return "after" if other[1] <= one[0] else "beside"
