"""A span's own time: what is left of it when its children's is taken away."""

from collections.abc import Iterable

from otx.model.telemetry import Span
from otx.tracing.tree import TraceNode


def self_time_ns(node: TraceNode) -> int:
    """The own time of a span in a tree; 0 for a stand-in."""
    if node.span is None:
        return 0
    return own_time_ns(node.span, (child.span for child in node.children if child.span))


def own_time_ns(span: Span, children: Iterable[Span]) -> int:
    """A span's time in which none of its children ran; these come by start."""
    covered = 0
    reached = span.start_unix_nano
    for child in children:
        start = max(child.start_unix_nano, reached)
        end = min(child.end_unix_nano, span.end_unix_nano)
        if end > start:
            covered += end - start
            reached = end
    return max(span.duration_ns - covered, 0)
