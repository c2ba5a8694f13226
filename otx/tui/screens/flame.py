"""The Flame screen: where the sampled processes spend their time, now."""

from collections.abc import Callable, Mapping, Sequence
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
from otx.model.profile import WALL
from otx.model.stack import Frame
from otx.model.units import format_clock, format_count
from otx.tui.asks import Content
from otx.tui.flame_words import amount_text, extent_of, state_of, status_words, title_of
from otx.tui.link import Link, LinkOpened
from otx.tui.screens.signal_screen import SignalScreen
from otx.tui.snapshot import (
    Feed,
    FlameInterest,
    FlameView,
    Interest,
    Part,
    SearchFault,
    Snapshot,
)
from otx.tui.widgets.flame_graph import FlameGraph, frame_of
from otx.tui.widgets.flame_info import FlameInfo, box_lines, omission_line
from otx.tui.widgets.hottest import Hottest
from otx.tui.widgets.line_list import LineList
from otx.tui.widgets.pane import Pane
from otx.tui.widgets.search_bar import SearchBar

LIMITS_PERMILLE = (0, 1, 2, 5, 10, 20, 50)
"""Shares of the whole under which frames are hidden, to step through."""
_NEXT_PART: Mapping[Part, Part] = {"": "cpu", "cpu": "offcpu", "offcpu": ""}


class Missing(Static, can_focus=True):
    """Shown in place of a graph: why there is none, and what to do about it."""


class FlameScreen(SignalScreen):
    """The flame graph and the hottest functions."""

    NAME = "flame"
    RESIZED = "#hottest"
    RESIZES_HEIGHT = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "pause", "Pause the picture; sampling goes on", id="flame.pause"),
        Binding("number_sign", "same_function", "All places of this function", id="flame.same"),
        Binding("v", "callers", "Called or callers", id="flame.callers"),
        Binding("t", "threads", "By thread", id="flame.threads"),
        Binding("b", "baseline", "Set the baseline here", id="flame.baseline"),
        Binding("B", "drop_baseline", "Drop the baseline", id="flame.drop-baseline"),
        Binding("plus,equals_sign", "limit(1)", "Hide more small frames", id="flame.hide-more"),
        Binding("minus", "limit(-1)", "Hide fewer small frames", id="flame.hide-fewer"),
        Binding("o", "focus_function", "Only stacks with this function, or all", id="flame.focus"),
        Binding("S", "sandwich", "All its places as one, or back", id="flame.sandwich"),
        Binding("a", "since_start", "Last minute or since the start", id="flame.since-start"),
        Binding("r", "reset", "Count anew from here", id="flame.reset"),
        Binding("E", "next_part", "Time on processors, off them, or both", id="flame.part"),
        Binding("T", "open_trace", "Back to the span it came from", id="flame.trace"),
        Binding("backspace", "everything", "All processes and functions", id="flame.everything"),
    ]
    DEFAULT_CSS = """
    FlameScreen {
        & .body { height: 1fr; }
        & #flame { height: 1fr; }
        & #hottest { height: 9; }
        &.low FlameInfo { height: 5; }
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
        self._paused_unix_nano = 0
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

    @property
    def _is_narrowed(self) -> bool:
        """Whether only one process is shown, or one function."""
        wanted = self._wanted
        return bool(wanted.pid) or wanted.focus is not None or wanted.sandwich is not None

    def way_out(self) -> Sequence[tuple[str, str]]:
        """`backspace`, which ends all that narrows."""
        return (("backspace", "everything"),) if self._is_narrowed else ()

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
        graph = self.query_one(FlameGraph)
        graph.compare(view.changes if view.interest.baseline_unix_nano else None)
        graph.show(view.tree)
        self._mark()
        self.query_one(Hottest).show(view.hottest, view.tree.total)

    def _write(self, snapshot: Snapshot) -> None:
        view = self._view
        latest = snapshot.view
        words: list[str] = []
        state = ""
        if view is not None and not view.missing:
            newest = latest if isinstance(latest, FlameView) else view
            state = state_of(newest, self._wanted.pid)
            words = status_words(newest)
            new = newest.stats.samples - view.stats.samples
            if self._paused:
                since = format_clock(self._paused_unix_nano)[:8]
                words[0] = f"‖ paused at {since}  +{format_count(new)} samples"
            self.query_one("#flame", Pane).label(title_of(view), extent_of(view))
            self.query_one("#hottest", Pane).label(
                "Hottest by self time", f"of {amount_text(view.tree.total, view.kind)}"
            )
        if self._is_narrowed:
            words.insert(1, "backspace: everything")
        # Before all that may be cut, and before what `show_status` adds.
        words[:3] = ["   ".join(words[:3])]
        if self._origin.note:
            words.insert(1, f"profile {self._origin.note}")
        self.show_status(snapshot.status, state, words)

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
        width = self.query_one(FlameInfo).size.width
        lines = box_lines(graph.box, graph.picture, view, width)
        if self._matches.frames:
            covered = share_text(self._matches.value, view.tree.total)
            where = f"in {format_count(self._matches.places)} places; n N walks them"
            lines.insert(3, [("match", f"{covered} of all samples, {where}")])
        lines.append(omission_line(view))
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
        self._paused_unix_nano = self._clock()
        if self._latest is not None:
            self.take(self._latest)

    def action_follow(self) -> None:
        """Go back to what is sampled now."""
        if self._paused:
            self.action_pause()

    def action_callers(self) -> None:
        """Begin the tree at the leaves, so that below a function stand its callers; or back."""
        self._want(replace(self._wanted, callers=not self._wanted.callers))

    def action_since_start(self) -> None:
        """Show all samples, or those of the last minute."""
        wanted = self._wanted
        since_start = not (wanted.since_start or wanted.reset_unix_nano)
        self._want(replace(wanted, since_start=since_start, reset_unix_nano=0))

    def action_reset(self) -> None:
        """Show only what is sampled from now on; `-o` and what else keeps samples has all."""
        self._want(replace(self._wanted, since_start=True, reset_unix_nano=self._clock()))

    def action_next_part(self) -> None:
        """Show only the time on processors, then only that off them, then both again."""
        if self._view is None or self._view.kind != WALL:
            self.notify("only wall time has parts: otx profile --event wall")
            return
        self._want(replace(self._wanted, part=_NEXT_PART[self._wanted.part]))

    def action_threads(self) -> None:
        """Give each thread a level below its process, or take it away."""
        self._want(replace(self._wanted, by_thread=not self._wanted.by_thread))

    def action_baseline(self) -> None:
        """Measure changes from here on."""
        self._want(replace(self._wanted, baseline_unix_nano=self._clock()))

    def action_drop_baseline(self) -> None:
        """Measure changes no more."""
        self._want(replace(self._wanted, baseline_unix_nano=0))

    def action_limit(self, step: int) -> None:
        """Hide frames under the next share of the whole."""
        index = LIMITS_PERMILLE.index(self._wanted.least_permille) + step
        limit = LIMITS_PERMILLE[min(max(index, 0), len(LIMITS_PERMILLE) - 1)]
        self._want(replace(self._wanted, least_permille=limit))

    def action_focus_function(self) -> None:
        """Keep only the stacks the chosen function is on; once more for all."""
        wanted = self._wanted
        function = None if wanted.focus is not None else self._chosen_function()
        if wanted.focus is not None or function is not None:
            self._want(replace(wanted, focus=function))

    def action_sandwich(self) -> None:
        """Begin the tree at the chosen function, all its places together; once more for all."""
        wanted = self._wanted
        function = None if wanted.sandwich is not None else self._chosen_function()
        if wanted.sandwich is not None or function is not None:
            self._want(replace(wanted, sandwich=function))

    def _chosen_function(self) -> Frame | None:
        box = self.query_one(FlameGraph).box
        if box.is_run or not box.path:
            self.notify("choose a function first")
            return None
        return box.frame

    def action_everything(self) -> None:
        """Show the samples of all processes and functions again."""
        self._origin = Link("flame")
        self._want(replace(self._wanted, pid=0, focus=None, sandwich=None))

    def action_open_trace(self) -> None:
        """Go back to the span whose process this is; samples name no span of their own."""
        origin = self._origin
        if "traces" not in self.feed.screens:
            self.notify("traces are shown by otx tui")
        elif origin.trace_id:
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
        if _shape_of(interest) != _shape_of(self._wanted):
            self.query_one(FlameGraph).action_whole()
        self._wanted = interest
        self.show_keys()
        self.ask()


def _shape_of(interest: FlameInterest) -> tuple[object, ...]:
    """What decides whether a place in one tree is one in the other."""
    return (interest.callers, interest.sandwich, interest.by_thread, interest.since_start)


def _check_pattern(text: str) -> SearchFault | None:
    try:
        compile_pattern(text)
    except UsageError as error:
        return SearchFault(error.message, 0)
    return None
