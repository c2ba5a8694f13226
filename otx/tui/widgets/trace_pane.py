"""The opened trace in its pane: waterfall or flame graph, critical path, the span's log records.

Both pictures show one choice: a span. The flame graph adds equal calls up, so the span that is
chosen stays chosen while it is among those of the chosen box, else the longest of them is.
"""

from textual import on
from textual.message import Message

from otx.flame.search import NOTHING, Matches
from otx.model.cells import printable
from otx.model.telemetry import Span
from otx.model.units import format_duration
from otx.tracing.causality import Side
from otx.tracing.critical_path import PathStep
from otx.tracing.flame import frame_of, path_to, spans_at
from otx.tracing.tree import TraceNode
from otx.tui.lit import Lit
from otx.tui.snapshot import OpenTrace
from otx.tui.widgets.flame_graph import FlameGraph
from otx.tui.widgets.flame_info import FlameInfo, operation_lines
from otx.tui.widgets.line_list import LineList
from otx.tui.widgets.pane import Pane
from otx.tui.widgets.path_line import PathLine
from otx.tui.widgets.span_logs import SpanLogs
from otx.tui.widgets.trace_flame import TraceFlame
from otx.tui.widgets.waterfall import Waterfall


class TracePane(Pane):
    """One trace, and one of its spans chosen."""

    DEFAULT_CSS = """
    TracePane {
        & FlameInfo { display: none; height: 4; }
        &.flamed Waterfall, &.flamed SpanLogs { display: none; }
        &.flamed TraceFlame, &.flamed FlameInfo { display: block; }
    }
    """

    class SpanChosen(Message):
        """Another span was chosen in either picture."""

    def __init__(self) -> None:
        parts = (Waterfall(), TraceFlame(), FlameInfo(), PathLine(), SpanLogs())
        super().__init__(*parts, title="Trace", name="trace")
        self._trace: OpenTrace | None = None
        self._lit = Lit()

    def show(self, trace: OpenTrace, is_other: bool) -> None:
        """Show this trace; `is_other` where it is not the one before with more spans."""
        self._trace = trace
        self.query_one(Waterfall).show(trace.tree, is_other, trace.matching)
        flame = self.query_one(TraceFlame)
        if is_other:
            flame.action_whole()
        flame.show(trace.flame)
        self._light()
        self._write_title(trace)

    @property
    def node(self) -> TraceNode | None:
        """The node of the chosen row; None where there is none."""
        row = self.query_one(Waterfall).row
        return row.node if row is not None else None

    @property
    def span(self) -> Span | None:
        """The chosen span; None where there is none or it has not arrived."""
        node = self.node
        return node.span if node is not None else None

    @property
    def step(self) -> PathStep | None:
        """The chosen span's part of the critical path; None where it is not on it."""
        span, trace = self.span, self._trace
        steps = trace.critical.steps if trace is not None and span is not None else ()
        return next((step for step in steps if step.span is span), None)

    def choose_span(self, span_id: str) -> None:
        """Choose a span in both pictures."""
        self.query_one(Waterfall).choose_span(span_id)
        if self.has_class("flamed"):
            self._follow_in_flame()

    def show_logs(self) -> None:
        """Show the chosen span's log records."""
        span, trace = self.span, self._trace
        logs = trace.logs if trace is not None and span is not None else ()
        self.query_one(SpanLogs).show([one for one in logs if span and one.span_id == span.span_id])

    def toggle_flame(self) -> None:
        """Turn the waterfall into a flame graph, or back."""
        self.toggle_class("flamed")
        if self.has_class("flamed"):
            self._follow_in_flame()

    def toggle_critical(self) -> None:
        """Light the critical path, or stop it."""
        self._toggle(Lit("critical"))

    def toggle_causality(self, side: Side) -> None:
        """Light what happened before the chosen span, or after it, or stop it."""
        span = self.span
        if span is not None:
            self._toggle(Lit(side, span.span_id, printable(f"{span.service} {span.name}")))

    def _toggle(self, lit: Lit) -> None:
        self._lit = Lit() if self._lit == lit else lit
        self._light()

    def _light(self) -> None:
        trace = self._trace
        if trace is None:
            return
        spans = self._lit.spans(trace)
        self.query_one(Waterfall).light(spans)
        self.query_one(PathLine).show(self._lit.words(trace, len(spans)))
        lit = frozenset(spans)
        frames = frozenset(
            frame_of(node)
            for node in trace.tree.nodes()
            if node.span is not None and (node.span.span_id in lit if lit else node.span.is_error)
        )
        self.query_one(TraceFlame).mark(Matches(frames, 0, 0) if frames else NOTHING)

    def _follow_in_flame(self) -> None:
        span, trace = self.span, self._trace
        if span is not None and trace is not None:
            self.query_one(TraceFlame).choose(path_to(trace.tree, span.span_id))

    @on(FlameGraph.Chosen)
    def _box_chosen(self) -> None:
        trace = self._trace
        if trace is None or not self.has_class("flamed"):
            return
        flame, info = self.query_one(TraceFlame), self.query_one(FlameInfo)
        spans = spans_at(trace.tree, flame.box.path)
        info.show(operation_lines(flame.box, flame.picture.whole, spans, info.size.width))
        if spans and self.span not in spans:
            self.query_one(Waterfall).choose_span(spans[0].span_id)
            self.post_message(self.SpanChosen())

    @on(LineList.Chosen, "Waterfall")
    def _row_chosen(self) -> None:
        self.post_message(self.SpanChosen())

    def _write_title(self, trace: OpenTrace) -> None:
        tree = trace.tree
        root = next((node.span for node in tree.roots if node.span), None)
        name = printable(root.name) if root else "… waiting for the root"
        short = f"{trace.trace_id[:8]}…{trace.trace_id[-4:]}"
        self.label(f"{name} · {short}", f"{tree.spans} spans · {format_duration(tree.duration_ns)}")
