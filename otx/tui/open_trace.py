"""A trace made ready to be shown, away from the screen: tree, critical path, flame graph."""

from collections.abc import Sequence

from otx.model.telemetry import LogRecord, Span
from otx.tracing.assembly import assemble
from otx.tracing.causality import Causality
from otx.tracing.critical_path import critical_path
from otx.tracing.flame import flame_of
from otx.tracing.timing import raw_timing
from otx.tracing.tree import tree_of
from otx.tracing.waits import waits_of
from otx.tui.snapshot import OpenTrace


def open_trace(
    trace_id: str,
    spans: Sequence[Span],
    logs: Sequence[LogRecord],
    more_spans: int = 0,
    matching: frozenset[str] = frozenset(),
) -> OpenTrace:
    """All that a screen draws of a trace."""
    trace = assemble(spans)
    tree = tree_of(trace)
    return OpenTrace(
        trace_id,
        spans,
        tree,
        critical_path(waits_of(raw_timing(trace))),
        Causality(trace),
        flame_of(tree),
        tuple(logs),
        more_spans,
        matching,
    )
