"""A trace made ready to be shown, away from the screen: tree, critical path, flame graph."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from otx.model.telemetry import LogRecord, Span
from otx.tracing.assembly import assemble
from otx.tracing.causality import Causality
from otx.tracing.critical_path import critical_path
from otx.tracing.flame import flame_of
from otx.tracing.timing import raw_timing
from otx.tracing.tree import tree_of
from otx.tracing.waits import waits_of
from otx.tui.snapshot import OpenTrace

if TYPE_CHECKING:
    from otx.store.reader import Store


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


def with_code(trace: OpenTrace, store: "Store") -> OpenTrace:
    """The trace with what the code of its spans did, as far as the store has samples of it now."""
    from otx.tracing.span_sample_rows import (
        read_trace_code,  # the store is open, this costs nothing
    )

    code = read_trace_code(store, trace.trace_id, trace.spans).spans
    return trace if code == trace.code else replace(trace, code=code)
