"""Which children a span may have waited for, and how far they reach within it.

A child counts as far as its parent reaches, since nobody waited for what a parent left running.
Not waited for are children that begin after their parent's end or end before its start, and
consumers of messages: their producer went on without them (OpenTelemetry, span kinds).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from otx.tracing.assembly import NO_PARENT, Trace
from otx.tracing.timing import Timing


@dataclass(frozen=True, slots=True, eq=False)
class Waits:
    """The part of each span for which those above it may have waited, by number.

    Attributes:
        timing: Whose times they are.
        starts: Its start, not before that of any span above.
        ends: Its end, not after that of any span above.
        is_awaited: Whether all spans up to its root may have waited for it; roots are.
    """

    timing: Timing
    starts: Sequence[int]
    ends: Sequence[int]
    is_awaited: Sequence[bool]

    @property
    def trace(self) -> Trace:
        """Whose spans they are."""
        return self.timing.trace

    def children(self, number: int) -> list[int]:
        """The children of a span that it may have waited for, by raw start."""
        return [child for child in self.trace.children[number] if self.is_awaited[child]]

    def below(self, root: int) -> Iterator[int]:
        """A span and all that is waited for below it, parents first."""
        waiting = [root]
        while waiting:
            number = waiting.pop()
            yield number
            waiting += self.children(number)

    def longest_root(self) -> int:
        """The longest of the spans without a parent here, missing ones' children among them.

        `NO_PARENT` where there is no span.
        """
        trace = self.trace
        roots = [number for number, parent in enumerate(trace.parents) if parent == NO_PARENT]
        lengths = ((self.ends[one] - self.starts[one], -one) for one in roots)
        return -max(lengths, default=(0, -NO_PARENT))[1]


def waits_of(timing: Timing) -> Waits:
    """How far each span is waited for."""
    trace = timing.trace
    starts, ends = list(timing.starts), list(timing.ends)
    is_awaited = [True] * len(starts)
    for number in trace.downward():
        parent = trace.parents[number]
        if parent == NO_PARENT:
            continue
        start = max(starts[number], starts[parent])
        end = min(ends[number], ends[parent])
        if start > end or not is_awaited[parent] or is_message(trace, number):
            is_awaited[number] = False
        else:
            starts[number], ends[number] = start, end
    return Waits(timing, starts, ends, is_awaited)


def is_message(trace: Trace, number: int) -> bool:
    """Whether a span consumes a message of its parent, or of another process."""
    if trace.spans[number].kind != "CONSUMER":
        return False
    parent = trace.parents[number]
    return (
        trace.spans[parent].kind == "PRODUCER"
        or trace.domains[parent].process != trace.domains[number].process
    )
