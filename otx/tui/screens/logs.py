"""The Logs screen: records newest last, and all about the chosen one."""

from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical

from otx.model.units import format_clock, format_count
from otx.tui.asks import Content, Records
from otx.tui.link import Link, LinkOpened
from otx.tui.screens.signal_screen import SignalScreen, count_text, window_words
from otx.tui.snapshot import Around, Feed, Interest, LogsInterest, LogsView, Snapshot
from otx.tui.widgets.line_list import LineList
from otx.tui.widgets.log_list import LogList
from otx.tui.widgets.log_record import LogRecordDetail, record_sections
from otx.tui.widgets.pane import Pane
from otx.tui.widgets.patterns import Patterns
from otx.tui.widgets.rates import Rates
from otx.tui.widgets.search_bar import SearchBar
from otx.tui.widgets.teach import Teach

LEAST_SEVERITIES = (
    (0, "all"),
    (5, "D and up"),
    (9, "I and up"),
    (13, "W and up"),
    (17, "E and up"),
)
"""Least severity numbers to step through (logs data model, SeverityNumber), with their words."""


class LogsScreen(SignalScreen):
    """Log records."""

    NAME = "logs"
    RESIZED = "#record"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("T", "open_trace", "Its trace", id="logs.trace"),
        Binding("plus,equals_sign", "severity(1)", "Raise the least severity", id="logs.raise"),
        Binding("minus", "severity(-1)", "Lower the least severity", id="logs.lower"),
        Binding("space", "pause", "Pause", id="logs.pause"),
        Binding("comma", "window(-1)", "A shorter window of time", id="logs.shorter"),
        Binding("full_stop", "window(1)", "A longer window of time", id="logs.longer"),
        Binding("x", "around", "Neighbours of the same service, or back", id="logs.around"),
        Binding("p", "patterns", "Go to the patterns", id="logs.patterns"),
        Binding("backspace", "any_trace", "Logs of all traces", id="logs.any-trace"),
    ]
    DEFAULT_CSS = """
    LogsScreen {
        & .body { height: 1fr; }
        & #logs { width: 2fr; }
        &.empty LogList { height: 1; }
        & #record { width: 1fr; min-width: 34; max-width: 60; }
        & #rates { height: 6; }
        & #patterns { height: 7; }
        &.low #rates, &.low #patterns, &.empty #rates, &.empty #patterns { display: none; }
        &.solo #patterns.current { display: block; height: 1fr; }
        &.solo .middle { display: none; }
        &.solo .middle.current { display: block; }
        & .middle { height: 1fr; }
    }
    """

    def __init__(self, feed: Feed, clock: Callable[[], int]) -> None:
        super().__init__(feed, clock)
        self._wanted = LogsInterest()
        self._level = 0
        self._span_id = ""
        self._latest: Snapshot | None = None
        self._paused_at: int | None = None

    def panes(self) -> ComposeResult:
        """Rates above, the list and the record, patterns below."""
        with Vertical(classes="body"):
            yield Pane(Rates(), title="Rate by severity", name="rates", is_stop=False)
            with Horizontal(classes="middle below"):
                with Pane(title="Logs", name="logs"):
                    yield SearchBar(
                        lambda text: self.feed.check_search(text, "logs"),
                        "type to search: timeout  service:cart  severity:>=warn  @order.id:8812",
                    )
                    yield LogList()
                    yield Teach("log records")
                with Pane(title="Record", name="record"):
                    yield LogRecordDetail()
            yield Pane(Patterns(), title="Patterns in what is shown", name="patterns")

    def interest(self) -> Interest:
        """The records that match."""
        return self._wanted

    def shown_content(self) -> tuple[Content, str] | None:
        """The records of the list."""
        records = self.query_one(LogList).records
        return (Records(records), "logs.jsonl") if records else None

    def chosen_content(self) -> Content | None:
        """The chosen record."""
        record = self.query_one(LogList).record
        return Records([record]) if record is not None else None

    def chosen_ids(self) -> str:
        """The record's trace and span."""
        record = self.query_one(LogList).record
        return "\n".join(filter(None, (record.trace_id, record.span_id))) if record else ""

    def open_link(self, link: Link) -> None:
        """Show the records of one trace, the chosen span's first one chosen."""
        self._span_id = link.span_id
        self._want(replace(self._wanted, trace_id=link.trace_id, template=None, around=None))
        self.query_one(LogList).following = not link.trace_id

    def take(self, snapshot: Snapshot) -> None:
        """Show the records, unless paused."""
        self._latest = snapshot
        view = snapshot.view
        if isinstance(view, LogsView) and (
            self._paused_at is None or not self.query_one(LogList).ids
        ):
            self._show(view)
        self._write(snapshot)

    def _show(self, view: LogsView) -> None:
        logs = self.query_one(LogList)
        logs.show(view.records)
        is_empty = not view.held and not view.records
        self.set_class(is_empty, "empty")
        self.query_one(Teach).display = is_empty
        if self._span_id and view.interest == self._wanted:
            index = next(
                (i for i, one in enumerate(view.records) if one.span_id == self._span_id), None
            )
            self._span_id = ""
            if index is not None:
                logs.choose(logs.ids[index])
        if logs.chosen_index is None and logs.ids:
            logs.chosen = logs.ids[-1]
        self._show_record()
        self.query_one(Patterns).show(view.patterns)
        self.query_one(Rates).show(view.rates)

    def _write(self, snapshot: Snapshot) -> None:
        view = snapshot.view
        logs = self.query_one(LogList)
        self.query_one(Teach).teach(snapshot.status)
        words = [
            "‖ paused"
            if self._paused_at is not None
            else "● following"
            if logs.following
            else "○ end resumes following"
        ]
        if isinstance(view, LogsView):
            shown = len(view.records)
            new = logs.arrived_since
            state = (
                f"+{format_count(new)} new" if new else "following" if logs.following else "stopped"
            )
            if view.interest.around is not None:
                state = "neighbours"
            if self._paused_at is not None:
                state = f"paused · {format_count(max(view.held - self._paused_at, 0))} new"
            self.query_one("#logs", Pane).label(
                "Logs", f"{count_text(shown, view.held, view.interest != LogsInterest())} · {state}"
            )
            self._write_summary(view)
        words += self._narrowings()
        self.show_status(snapshot.status, words=words)

    def _write_summary(self, view: LogsView) -> None:
        seconds = self.query_one(Rates).seconds
        right = f"1 s a column, {seconds} s up to the newest"
        self.query_one("#rates", Pane).label("Rate by severity", right)
        narrowed = " · esc widens" if view.interest.template else ""
        found = f"{format_count(len(view.patterns))}{narrowed}"
        self.query_one("#patterns", Pane).label("Patterns in what is shown", found)

    def _narrowings(self) -> list[str]:
        """What keeps records from being shown, and how to be rid of it."""
        wanted = self._wanted
        if wanted.around is not None:
            around = f"{wanted.around.service} around {format_clock(wanted.around.time_unix_nano)}"
            return [f"{around}, nothing left out (esc: back)"]
        words = window_words(wanted.window_s)
        if wanted.trace_id:
            words.append(f"of trace {wanted.trace_id[:8]}… (backspace: of all)")
        if wanted.template is not None:
            words.append(f"of one pattern: {wanted.template} (esc: of all)")
        if self._level:
            words.append(f"severity {LEAST_SEVERITIES[self._level][1]}")
        return words

    def _show_record(self) -> None:
        record = self.query_one(LogList).record
        detail = self.query_one(LogRecordDetail)
        detail.show(record_sections(record) if record else [])
        self.query_one("#record", Pane).label("Record", record.service if record else "")

    def _want(self, interest: LogsInterest) -> None:
        self._wanted = interest
        self._paused_at = None
        if self.is_current:
            self.ask()

    def _rewrite(self) -> None:
        if self._latest is not None:
            self._write(self._latest)

    @on(LineList.Chosen, "LogList")
    def _chosen(self) -> None:
        self._show_record()
        self._rewrite()

    @on(LineList.Opened, "LogList")
    def _opened(self) -> None:
        self.focus_pane(1)

    @on(LineList.Opened, "Patterns")
    def _pattern_opened(self) -> None:
        template = self.query_one(Patterns).template
        self._want(replace(self._wanted, template=template, around=None))
        self.focus_pane(0)

    @on(SearchBar.Edited)
    def _searched(self, event: SearchBar.Edited) -> None:
        self._want(replace(self._wanted, search=event.text))

    @on(SearchBar.Left)
    def _left_search(self) -> None:
        self.query_one(LogList).focus()

    def action_search(self) -> None:
        """Type what to search for."""
        self.focus_pane(0)
        self.query_one(SearchBar).edit()

    def action_follow(self) -> None:
        """Go back to the newest record."""
        self.query_one(LogList).follow()

    def action_severity(self, step: int) -> None:
        """Show records of at least the next severity."""
        self._level = min(max(self._level + step, 0), len(LEAST_SEVERITIES) - 1)
        self._want(replace(self._wanted, least_severity=LEAST_SEVERITIES[self._level][0]))

    def action_patterns(self) -> None:
        """Go to the patterns, also where there is no room for them beside the list."""
        self.focus_pane(2)

    def action_around(self) -> None:
        """Show what the record's service logged before and after it, whatever is searched for."""
        record = self.query_one(LogList).record
        if self._wanted.around is not None:
            self._want(replace(self._wanted, around=None))
        elif record is not None:
            self.query_one(LogList).following = False
            around = Around(record.time_unix_nano, record.service)
            self._want(replace(self._wanted, around=around))

    def action_back(self) -> None:
        """Back to the list; from there, back to what was shown before it was narrowed."""
        if self._current:
            self.focus_pane(0)
        elif self._wanted.around is not None:
            self._want(replace(self._wanted, around=None))
        elif self._wanted.template is not None:
            self._want(replace(self._wanted, template=None))
        else:
            super().action_back()

    def action_window(self, step: int) -> None:
        """Let the list go back less or more far in time."""
        window_s = self.step_window(self._wanted.window_s, step)
        self._want(replace(self._wanted, window_s=window_s))

    def action_any_trace(self) -> None:
        """Show the records of all traces again."""
        self._want(replace(self._wanted, trace_id=""))

    def action_pause(self) -> None:
        """Hold the list still, or let it go on; records arrive all the same."""
        latest = self._latest
        if latest is None:
            return
        if self._paused_at is None and isinstance(latest.view, LogsView):
            self._paused_at = latest.view.held
        else:
            self._paused_at = None
        self.take(latest)

    def action_open_trace(self) -> None:
        """Go to the record's trace, at its span."""
        record = self.query_one(LogList).record
        if record is None or not record.trace_id:
            self.notify("this record belongs to no trace")
            return
        self.post_message(LinkOpened(Link("traces", record.trace_id, record.span_id)))
