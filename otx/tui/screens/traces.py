"""The Traces screen: the list, the opened trace as tree and waterfall, the chosen span."""

from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical

from otx.model.telemetry import Span
from otx.model.units import format_count
from otx.tracing.causality import Side
from otx.tui.asks import Content, Spans
from otx.tui.link import Link, LinkOpened
from otx.tui.screens.signal_screen import SignalScreen, count_text, window_words
from otx.tui.snapshot import Feed, Interest, OpenTrace, Snapshot, Status, TracesInterest, TracesView
from otx.tui.span_profile import SpanProfile, span_profile
from otx.tui.widgets.line_list import LineList
from otx.tui.widgets.pane import Pane
from otx.tui.widgets.search_bar import SearchBar
from otx.tui.widgets.span_detail import SpanDetail, span_sections
from otx.tui.widgets.teach import Teach
from otx.tui.widgets.trace_list import TraceList
from otx.tui.widgets.trace_pane import TracePane


class TracesScreen(SignalScreen):
    """Traces."""

    NAME = "traces"
    RESIZED = "#span"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "pause", "Pause the list", id="traces.pause"),
        Binding("comma", "window(-1)", "A shorter window of time", id="traces.shorter"),
        Binding("full_stop", "window(1)", "A longer window of time", id="traces.longer"),
        Binding("L", "link('logs')", "Logs of this trace", id="traces.logs"),
        Binding("P", "link('flame')", "Profile of the span's process", id="traces.profile"),
        Binding("c", "critical", "Light the critical path", id="traces.critical"),
        Binding(
            "left_curly_bracket",
            "causality('before')",
            "Light what happened before the span",
            id="traces.causes",
        ),
        Binding(
            "right_curly_bracket",
            "causality('after')",
            "Light what happened after the span",
            id="traces.effects",
        ),
        Binding("f", "flame", "Waterfall or flame graph", id="traces.flame"),
    ]
    DEFAULT_CSS = """
    TracesScreen {
        & .body { height: 1fr; }
        & #traces { height: 28%; min-height: 8; }
        &.empty #traces { height: 1fr; }
        &.empty .below { display: none; }
        &.empty TraceList { height: 1; }
        & .below { height: 1fr; }
        & #trace { width: 2fr; }
        & #span { width: 1fr; min-width: 34; max-width: 60; }
        &.solo #traces.current { height: 1fr; }
        &.solo .below { display: none; }
        &.solo .below.current { display: block; }
    }
    """

    def __init__(self, feed: Feed, clock: Callable[[], int]) -> None:
        super().__init__(feed, clock)
        self._wanted = TracesInterest()
        self._latest: Snapshot | None = None
        self._paused_at: int | None = None
        self._trace: OpenTrace | None = None
        self._link_span = ""

    def panes(self) -> ComposeResult:
        """The list above; the trace and the span below."""
        with Vertical(classes="body"):
            with Pane(title="Traces", name="traces"):
                yield SearchBar(
                    lambda text: self.feed.check_search(text, "spans"),
                    "type to search: checkout  service:cart  duration:>200ms  status:error",
                )
                yield TraceList()
                yield Teach("traces")
            with Horizontal(classes="below"):
                yield TracePane()
                with Pane(title="Span", name="span"):
                    yield SpanDetail()

    def interest(self) -> Interest:
        """The traces that match, and the opened one."""
        return self._wanted

    def shown_content(self) -> tuple[Content, str] | None:
        """The opened trace."""
        trace = self._trace
        if trace is None:
            return None
        return Spans(trace.spans), f"trace-{trace.trace_id[:8]}.json"

    def chosen_content(self) -> Content | None:
        """The trace while the list has the focus, else the span."""
        span = self.query_one(TracePane).span
        if self._current and span is not None:
            return Spans([span])
        return Spans(self._trace.spans) if self._trace is not None else None

    def chosen_ids(self) -> str:
        """The trace's id, and below it the span's unless the list has the focus."""
        ids = [self._trace.trace_id] if self._trace is not None else []
        span = self.query_one(TracePane).span
        return "\n".join(ids + ([span.span_id] if self._current and span is not None else []))

    def open_link(self, link: Link) -> None:
        """Open a trace at a span."""
        self._link_span = link.span_id
        if self._trace is not None and self._trace.trace_id == link.trace_id:
            self.query_one(TraceList).chosen = link.trace_id
            self._go_to_link()
        else:
            self._open(link.trace_id)
        self.focus_pane(1)

    def take(self, snapshot: Snapshot) -> None:
        """Show the list, unless paused, and the opened trace."""
        before = self._latest.status if self._latest is not None else Status()
        self._latest = snapshot
        view = snapshot.view
        if isinstance(view, TracesView):
            if self._paused_at is None or not self.query_one(TraceList).ids:
                self._show_list(view)
            if view.trace is not self._trace:
                self._show_trace(view)
            elif snapshot.status != before:
                self._show_span()  # its profile line tells of the sampler
        self._write(snapshot)

    def _show_list(self, view: TracesView) -> None:
        traces = self.query_one(TraceList)
        traces.show(view.rows)
        is_empty = not view.held and not view.rows
        self.set_class(is_empty, "empty")
        self.query_one(Teach).display = is_empty

    def _show_trace(self, view: TracesView) -> None:
        trace = view.trace
        wanted = self._wanted.trace_id
        if trace is None or (wanted and trace.trace_id != wanted):
            return
        is_other = self._trace is None or self._trace.trace_id != trace.trace_id
        if not wanted:
            # The newest, until now; from here on it stays open whatever arrives.
            self._wanted = replace(self._wanted, trace_id=trace.trace_id)
            self.query_one(TraceList).chosen = trace.trace_id
            self.ask()
        self._trace = trace
        self.query_one(TracePane).show(trace, is_other)
        if self._link_span:
            self._go_to_link()
        self._show_span()

    def _go_to_link(self) -> None:
        span_id, self._link_span = self._link_span, ""
        if span_id:
            self.query_one(TracePane).choose_span(span_id)

    def _write(self, snapshot: Snapshot) -> None:
        view = snapshot.view
        traces = self.query_one(TraceList)
        self.query_one(Teach).teach(snapshot.status)
        words = []
        if isinstance(view, TracesView):
            new = traces.arrived_since
            state = (
                f"+{format_count(new)} new"
                if new
                else "following"
                if traces.following
                else "stopped"
            )
            if self._paused_at is not None:
                state = f"paused · {format_count(max(view.held - self._paused_at, 0))} new"
            shown = count_text(
                len(view.rows), view.held, bool(view.interest.search or view.interest.window_s)
            )
            label = f"{shown} · newest first · {state}"
            self.query_one("#traces", Pane).label("Traces", label)
            following = "● following" if traces.following else "○ F follows again"
            words = ["‖ paused" if self._paused_at is not None else following]
        words += [*window_words(self._wanted.window_s), *self._trace_words()]
        self.show_status(snapshot.status, words=words)

    def _trace_words(self) -> list[str]:
        trace = self._trace
        if trace is None:
            return []
        tree = trace.tree
        words = []
        failed = sum(span.is_error for span in trace.spans)
        if failed:
            words.append(f"✗ {failed} failed spans in this trace")
        if tree.orphans:
            words.append(f"{tree.orphans} wait for a parent")
        if tree.cycles:
            words.append(f"{tree.cycles} circles of parents cut")
        if trace.more_spans:
            words.append(f"{format_count(trace.more_spans)} more spans not shown")
        return words

    def _show_span(self) -> None:
        trace = self._trace
        if trace is None:
            return
        shown = self.query_one(TracePane)
        shown.show_logs()
        node, span = shown.node, shown.span
        detail, pane = self.query_one(SpanDetail), self.query_one("#span", Pane)
        if node is None or span is None:
            detail.show([])
            pane.label("Span", "not here yet" if node else "")
            return
        profile = self._profile_of(span).text
        code = trace.code.get(span.span_id)
        detail.show(span_sections(span, node, trace.tree, shown.step, profile, code))
        pane.label("Span", f"{len(span.attributes)} attrs")

    def _profile_of(self, span: Span) -> SpanProfile:
        status = self._latest.status if self._latest is not None else Status()
        return span_profile(span, status, self._clock())

    def _open(self, trace_id: str) -> None:
        self._wanted = replace(self._wanted, trace_id=trace_id)
        self.query_one(TraceList).chosen = trace_id
        self.ask()

    @on(LineList.Chosen, "TraceList")
    def _trace_chosen(self, event: LineList.Chosen) -> None:
        self._open(str(event.chosen))
        if self._latest is not None:
            self._write(self._latest)

    @on(LineList.Opened, "TraceList")
    def _trace_opened(self) -> None:
        self.focus_pane(1)

    @on(TracePane.SpanChosen)
    def _span_chosen(self) -> None:
        self._show_span()

    @on(LineList.Opened, "Waterfall")
    def _span_opened(self) -> None:
        self.focus_pane(2)

    @on(SearchBar.Edited)
    def _searched(self, event: SearchBar.Edited) -> None:
        self._wanted = replace(self._wanted, search=event.text)
        self._paused_at = None
        self.ask()

    @on(SearchBar.Left)
    def _left_search(self) -> None:
        self.query_one(TraceList).focus()

    def action_search(self) -> None:
        """Type what to search for."""
        self.focus_pane(0)
        self.query_one(SearchBar).edit()

    def action_follow(self) -> None:
        """Go back to the newest trace."""
        self.query_one(TraceList).follow()

    def action_pause(self) -> None:
        """Hold the list still, or let it go on; traces arrive all the same."""
        latest = self._latest
        if latest is None or not isinstance(latest.view, TracesView):
            return
        self._paused_at = latest.view.held if self._paused_at is None else None
        self.take(latest)

    def action_window(self, step: int) -> None:
        """Let the list go back less or more far in time."""
        window_s = self.step_window(self._wanted.window_s, step)
        self._wanted = replace(self._wanted, window_s=window_s)
        self._paused_at = None
        self.ask()

    def action_link(self, kind: str) -> None:
        """Go to the logs of this trace, or to the profile of the span's process."""
        span = self.query_one(TracePane).span
        span_id = span.span_id if span is not None else ""
        if kind == "flame":
            found = self._profile_of(span) if span is not None else None
            trace_id = self._trace.trace_id if self._trace is not None else ""
            link = Link("flame", trace_id, span_id)
            if found is not None:
                link = replace(link, pid=found.pid, note=found.note)
            self.post_message(LinkOpened(link))
        elif self._trace is not None:
            self.post_message(LinkOpened(Link("logs", self._trace.trace_id, span_id)))

    def action_critical(self) -> None:
        """Light the critical path of the opened trace, or stop it."""
        self.query_one(TracePane).toggle_critical()

    def action_causality(self, side: Side) -> None:
        """Light what happened before the chosen span, or after it, or stop it."""
        self.query_one(TracePane).toggle_causality(side)

    def action_flame(self) -> None:
        """Turn the waterfall into the flame graph of this trace, or back."""
        self.query_one(TracePane).toggle_flame()
        self.focus_pane(1)
