"""The Flame screen: where the sampled processes spend their time, now."""

from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Static

from otx.errors import UsageError
from otx.flame.draw import share_text
from otx.flame.search import NOTHING, Matches, compile_pattern, find_pattern
from otx.model.cells import printable
from otx.model.stack import Frame
from otx.model.units import format_count
from otx.tui.asks import Content
from otx.tui.link import Link, LinkOpened
from otx.tui.screens.signal_screen import SignalScreen
from otx.tui.snapshot import Feed, FlameInterest, FlameView, Interest, SearchFault, Snapshot
from otx.tui.widgets.flame_graph import FlameGraph, frame_of
from otx.tui.widgets.flame_info import FlameInfo, box_lines
from otx.tui.widgets.hottest import Hottest
from otx.tui.widgets.line_list import LineList
from otx.tui.widgets.pane import Pane
from otx.tui.widgets.search_bar import SearchBar

_MAX_NAMED_PIDS = 4


class Missing(Static, can_focus=True):
    """Shown in place of a graph: why there is none, and what to do about it."""


class FlameScreen(SignalScreen):
    """The flame graph and the hottest functions."""

    NAME = "flame"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "pause", "Pause the picture; sampling goes on", id="flame.pause"),
        Binding("number_sign", "same_function", "All places of this function", id="flame.same"),
        Binding("v", "callers", "Called or callers", id="flame.callers"),
        Binding("a", "since_start", "Last minute or since the start", id="flame.since-start"),
        Binding("T", "open_trace", "Back to the span it came from", id="flame.trace"),
        Binding("backspace", "any_process", "All processes", id="flame.any-process"),
    ]
    DEFAULT_CSS = """
    FlameScreen {
        & .body { height: 1fr; }
        & #flame { height: 1fr; }
        & #hottest { height: 9; }
        &.solo #hottest.current { height: 1fr; }
        & Missing { display: none; height: 1fr; padding: 1 3; }
        &.nothing Missing { display: block; }
        &.nothing FlameGraph, &.nothing FlameInfo, &.nothing #hottest { display: none; }
        & SearchBar { display: none; }
        & SearchBar.used, & SearchBar:focus-within { display: block; }
    }
    """

    def __init__(self, feed: Feed, clock: Callable[[], int]) -> None:
        super().__init__(feed, clock)
        self._wanted = FlameInterest()
        self._view: FlameView | None = None
        self._latest: Snapshot | None = None
        self._paused = False
        self._function: Frame | None = None
        self._origin = Link("flame")
        self._matches: Matches = NOTHING

    def panes(self) -> ComposeResult:
        """The graph with what is chosen in it; the hottest functions."""
        with Vertical(classes="body"):
            with Pane(title="CPU", name="flame"):
                yield SearchBar(_check_pattern, "a regular expression: json|encode")
                yield FlameGraph()
                yield Missing(markup=False)
                yield FlameInfo()
            with Pane(title="Hottest by self time", name="hottest"):
                yield Hottest()

    def interest(self) -> Interest:
        """The profile."""
        return self._wanted

    def shown_content(self) -> tuple[Content, str] | None:
        """The samples that are shown; their stacks whole, whichever way the tree is turned."""
        view = self._view
        return (view, "profile.folded") if view is not None and not view.missing else None

    def chosen_content(self) -> Content | None:
        """A summary of the same samples."""
        return self._view if self._view is not None and not self._view.missing else None

    def chosen_ids(self) -> str:
        """The path of the chosen box."""
        return ";".join(frame.name for frame in self.query_one(FlameGraph).box.path)

    def open_link(self, link: Link) -> None:
        """Show the samples of one process, or of all where it is not known."""
        self._origin = link
        self._want(replace(self._wanted, pid=link.pid))

    def take(self, snapshot: Snapshot) -> None:
        """Draw the profile, unless paused."""
        self._latest = snapshot
        view = snapshot.view
        if isinstance(view, FlameView):
            asked = view.interest == self._wanted
            stale = self._view is None or self._view.interest != view.interest
            if asked and view is not self._view and (stale or not self._paused):
                self._show(view)
        self._write(snapshot)

    def _show(self, view: FlameView) -> None:
        self._view = view
        self.set_class(bool(view.missing), "nothing")
        if view.missing:
            missing = self.query_one(Missing)
            missing.update(f"No flame graph: {view.missing}.\n\nWhat to do: {view.hint}")
            missing.focus()
            return
        self.query_one(FlameGraph).show(view.tree)
        self._mark()
        self.query_one(Hottest).show(view.hottest, view.tree.total)

    def _write(self, snapshot: Snapshot) -> None:
        view = self._view
        latest = snapshot.view
        words: list[str] = []
        state = ""
        if view is not None and not view.missing:
            newest = latest if isinstance(latest, FlameView) else view
            state = (
                f"● live  {_pids_text(newest)}  {newest.frequency_hz} Hz"
                if newest.pids
                else "○ all sampled processes have ended"
            )
            words = _status_words(newest)
            new = newest.stats.samples - view.stats.samples
            if self._paused:
                words[0] = f"‖ paused  +{format_count(new)} samples"
            self.query_one("#flame", Pane).label(self._title(view), self._extent(view))
            whole = view.tree.total
            self.query_one("#hottest", Pane).label(
                "Hottest by self time", f"of {format_count(whole)} samples"
            )
        if self._origin.note:
            words.insert(1, f"profile {self._origin.note}")
        if self._wanted.pid:
            words.append("backspace: all processes")
        self.show_status(snapshot.status, state, words)

    def _title(self, view: FlameView) -> str:
        roots = sorted(view.tree.children.values(), key=lambda node: -node.total)
        names = ", ".join(dict.fromkeys(printable(node.frame.name) for node in roots[:4]))
        more = f" and {len(roots) - 4} more" if len(roots) > 4 else ""
        who = f"pid {view.interest.pid} · " if view.interest.pid else ""
        return (
            f"CPU · {who}callers of every function"
            if view.interest.callers
            else f"CPU · {who}{names or 'nothing yet'}{more}"
        )

    def _extent(self, view: FlameView) -> str:
        extent = "since the start" if view.interest.since_start else "last 60 s"
        return f"{extent} · {format_count(view.tree.total)} samples"

    def _mark(self) -> None:
        """Find the matches in the tree as it is now, and light them."""
        if self._view is None:
            return
        tree = self._view.tree
        text = self.query_one(SearchBar).text
        if self._function is not None:
            self._matches = self._view.functions.get(self._function, NOTHING)
        elif text:
            self._matches = find_pattern(tree, compile_pattern(text))
        else:
            self._matches = NOTHING
        self.query_one(FlameGraph).mark(self._matches)

    @on(FlameGraph.Chosen)
    def _chosen(self) -> None:
        view = self._view
        if view is None or view.missing:
            return
        graph = self.query_one(FlameGraph)
        box, picture = graph.box, graph.picture
        frame = frame_of(box)
        places = view.functions.get(frame, NOTHING) if frame is not None else NOTHING
        width = self.query_one(FlameInfo).size.width
        lines = box_lines(box, picture.whole, picture.zoomed, view.frequency_hz, places, width)
        if self._matches.frames:
            covered = share_text(self._matches.value, view.tree.total)
            where = f"in {format_count(self._matches.places)} places; n N walks them"
            lines.append([("match", f"{covered} of all samples, {where}")])
        self.query_one(FlameInfo).show(lines)

    @on(LineList.Opened, "Hottest")
    def _function_opened(self, event: LineList.Opened) -> None:
        if isinstance(event.chosen, Frame):
            self._light(event.chosen)
            self.focus_pane(0)
            self.query_one(FlameGraph).action_hit(True)

    @on(SearchBar.Edited)
    def _searched(self, event: SearchBar.Edited) -> None:
        self.query_one(SearchBar).set_class(bool(event.text), "used")
        self._function = None
        self._mark()
        self._chosen()

    @on(SearchBar.Left)
    def _left_search(self) -> None:
        graph = self.query_one(FlameGraph)
        graph.focus()
        if self._matches.frames:
            graph.action_hit(True)

    def action_search(self) -> None:
        """Type a regular expression to light."""
        self.focus_pane(0)
        self.query_one(SearchBar).add_class("used")
        self.query_one(SearchBar).edit()

    def action_same_function(self) -> None:
        """Light all places of the chosen function; once more to stop."""
        frame = frame_of(self.query_one(FlameGraph).box)
        self._light(None if frame == self._function else frame)

    def _light(self, frame: Frame | None) -> None:
        self._function = frame
        self._mark()
        self._chosen()

    def action_pause(self) -> None:
        """Hold the picture still, or let it go on."""
        self._paused = not self._paused
        if self._latest is not None:
            self.take(self._latest)

    def action_callers(self) -> None:
        """Begin the tree at the leaves, so that below a function stand its callers; or back."""
        self._want(replace(self._wanted, callers=not self._wanted.callers))

    def action_since_start(self) -> None:
        """Show all samples, or those of the last minute."""
        self._want(replace(self._wanted, since_start=not self._wanted.since_start))

    def action_any_process(self) -> None:
        """Show the samples of all processes again."""
        self._origin = Link("flame")
        self._want(replace(self._wanted, pid=0))

    def action_open_trace(self) -> None:
        """Go back to the span whose process this is; samples name no span of their own."""
        origin = self._origin
        if origin.trace_id:
            self.post_message(LinkOpened(Link("traces", origin.trace_id, origin.span_id)))
        else:
            self.notify("samples do not name spans; P on a span comes here, and T goes back to it")

    def action_copy(self) -> None:
        """Copy the path of the chosen box, in the folded form; it has no other."""
        self.copy_text(self.chosen_ids(), "path")

    def action_back(self) -> None:
        """Back to the graph."""
        self.focus_pane(0)

    def _want(self, interest: FlameInterest) -> None:
        if interest != self._wanted:
            self._wanted = interest
            self.query_one(FlameGraph).action_whole()
        self.ask()


def _status_words(view: FlameView) -> list[str]:
    stats = view.stats
    overhead = (
        f"{100 * stats.target_overhead:.1f} %" if stats.target_overhead is not None else "unknown"
    )
    words = [
        f"● sampling by eBPF at {view.frequency_hz} Hz",
        f"samples {format_count(stats.samples)}",
        f"lost {format_count(stats.lost)}",
        f"overhead {overhead}",
    ]
    if stats.truncated:
        words.append(f"cut {format_count(stats.truncated)}")
    if stats.not_found:
        words.append(f"no Python state {format_count(stats.not_found)}")
    return words


def _pids_text(view: FlameView) -> str:
    shown = " ".join(map(str, view.pids[:_MAX_NAMED_PIDS]))
    more = len(view.pids) - _MAX_NAMED_PIDS
    return f"pid {shown}" + (f" +{more}" if more > 0 else "")


def _check_pattern(text: str) -> SearchFault | None:
    try:
        compile_pattern(text)
    except UsageError as error:
        return SearchFault(error.message, 0)
    return None
