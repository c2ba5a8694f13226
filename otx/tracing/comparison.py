"""Two traces side by side: what one has and the other has not, and where the time went.

Spans are paired by their place: below paired parents, those of one service, name and kind, in
order of start. What has no counterpart is only on one side, with all below it.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from otx.model.telemetry import Span
from otx.tracing.assembly import Trace
from otx.tracing.self_time import self_times_ns
from otx.tracing.timing import Timing

Change: TypeAlias = Literal["same", "slower", "faster", "added", "removed", "failed", "recovered"]

_Key: TypeAlias = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Pair:
    """A place in two traces.

    Attributes:
        depth: How deep it lies.
        before: The number of the span in the first trace; None where it has none there.
        after: The number in the second.
        own_before_ns: Its own time in the first, without its children's; 0 without a span.
    """

    depth: int
    before: int | None
    after: int | None
    own_before_ns: int
    own_after_ns: int

    @property
    def own_change_ns(self) -> int:
        """How much longer it took itself; negative for less."""
        return self.own_after_ns - self.own_before_ns


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """Two traces and their pairs, a parent before its children."""

    before: Trace
    after: Trace
    pairs: Sequence[Pair]

    def span(self, pair: Pair) -> Span:
        """The span of a pair, the later one where there are two."""
        if pair.after is not None:
            return self.after.spans[pair.after]
        assert pair.before is not None  # noqa: S101 - a pair has a span
        return self.before.spans[pair.before]

    def change(self, pair: Pair) -> Change:
        """What became of a place; slower and faster by its own time."""
        if pair.before is None or pair.after is None:
            return "added" if pair.before is None else "removed"
        failed = [self.before.spans[pair.before].is_error, self.after.spans[pair.after].is_error]
        if failed[0] != failed[1]:
            return "failed" if failed[1] else "recovered"
        if not pair.own_change_ns:
            return "same"
        return "slower" if pair.own_change_ns > 0 else "faster"

    @staticmethod
    def duration_ns(trace: Trace) -> int:
        """From the first start to the last end."""
        ends = max((span.end_unix_nano for span in trace.spans), default=0)
        return ends - min((span.start_unix_nano for span in trace.spans), default=0)

    def worst(self) -> list[Pair]:
        """The pairs by how much their own time changed, the largest change first."""
        return sorted(self.pairs, key=lambda pair: -abs(pair.own_change_ns))


def compare(one_timing: Timing, other_timing: Timing) -> Comparison:
    """Two traces, paired; own times are those of clocks that agree."""
    own = (self_times_ns(one_timing), self_times_ns(other_timing))
    before, after = one_timing.trace, other_timing.trace
    pairs = []
    waiting = list(_paired(0, before, after, _tops(before), _tops(after)))[::-1]
    while waiting:
        depth, one, other = waiting.pop()
        pairs.append(
            Pair(
                depth,
                one,
                other,
                0 if one is None else own[0][one],
                0 if other is None else own[1][other],
            )
        )
        below = (
            () if one is None else before.children[one],
            () if other is None else after.children[other],
        )
        waiting += list(_paired(depth + 1, before, after, *below))[::-1]
    return Comparison(before, after, pairs)


def _tops(trace: Trace) -> list[int]:
    return sorted([*trace.roots, *(child for one in trace.missing for child in one.children)])


def _paired(
    depth: int, before: Trace, after: Trace, ones: Sequence[int], others: Sequence[int]
) -> Iterator[tuple[int, int | None, int | None]]:
    """Siblings paired, in the order of the second trace; what is gone stands behind."""
    left: dict[_Key, list[int]] = defaultdict(list)
    for number in reversed(ones):
        left[_key(before.spans[number])].append(number)
    taken = set()
    for number in others:
        same = left[_key(after.spans[number])]
        partner = same.pop() if same else None
        taken.add(partner)
        yield depth, partner, number
    yield from ((depth, number, None) for number in ones if number not in taken)


def _key(span: Span) -> _Key:
    return (span.service, span.name, span.kind)
