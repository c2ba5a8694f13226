"""A span's own time: what is left of it when its children's is taken away."""

from otx.tracing.tree import TraceNode


def self_time_ns(node: TraceNode) -> int:
    """A span's time in which none of its children ran."""
    if node.span is None:
        return 0
    covered = 0
    reached = node.span.start_unix_nano
    for child in node.children:
        if child.span is None:
            continue
        start = max(child.span.start_unix_nano, reached)
        end = min(child.span.end_unix_nano, node.span.end_unix_nano)
        if end > start:
            covered += end - start
            reached = end
    return max(node.span.duration_ns - covered, 0)
