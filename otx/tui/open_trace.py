"""A trace made ready to be shown, away from the screen: tree, critical path, flame graph."""

from collections.abc import Sequence

from otx.model.telemetry import LogRecord, Span
from otx.tracing.critical_path import critical_path
from otx.tracing.flame import flame_of
from otx.tracing.tree import build_tree
from otx.tui.snapshot import OpenTrace


def open_trace(
    trace_id: str,
    spans: Sequence[Span],
    logs: Sequence[LogRecord],
    more_spans: int = 0,
    matching: frozenset[str] = frozenset(),
) -> OpenTrace:
    """All that a screen draws of a trace."""
    tree = build_tree(spans)
    return OpenTrace(
        trace_id,
        spans,
        tree,
        critical_path(tree),
        flame_of(tree),
        tuple(logs),
        more_spans,
        matching,
    )
