"""A span's own time: what is left of it when its children's is taken away."""

from collections.abc import Iterable

from otx.tracing.timing import Timing
from otx.tracing.tree import TraceNode


def self_time_ns(node: TraceNode) -> int:
    """A span's time in which none of its children ran, by raw times."""
    if node.span is None:
        return 0
    spans = [child.span for child in node.children if child.span is not None]
    times = ((span.start_unix_nano, span.end_unix_nano) for span in spans)
    return _uncovered(node.span.start_unix_nano, node.span.end_unix_nano, times)


def self_times_ns(timing: Timing) -> list[int]:
    """By number each span's time in which none of its children ran, by corrected times."""
    starts, ends = timing.starts, timing.ends
    return [
        _uncovered(
            starts[number],
            ends[number],
            sorted((starts[child], ends[child]) for child in children),
        )
        for number, children in enumerate(timing.trace.children)
    ]


def _uncovered(begin: int, finish: int, times: Iterable[tuple[int, int]]) -> int:
    """What stretches of time, by start, leave of one."""
    covered = 0
    reached = begin
    for start, end in times:
        start = max(start, reached)
        end = min(end, finish)
        if end > start:
            covered += end - start
            reached = end
    return max(finish - begin - covered, 0)
