"""What every screen is: tabs, panes, a status line, a line of keys, and a part of the feed.

On a small terminal, and after `z`, one pane has the whole screen: `enter` goes to the next one,
`esc` back.
"""

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Input, Static

from otx.model.units import counted, format_count, format_size
from otx.tui.link import Link
from otx.tui.screens.handing_over import HandingOverScreen
from otx.tui.snapshot import Feed, Interest, Snapshot, Status
from otx.tui.widgets.bars import KeyBar, StatusBar, TabBar
from otx.tui.widgets.copy_menu import CopyMenu
from otx.tui.widgets.pane import Pane
from otx.tui.widgets.prompt import Prompt

NARROW = 100
"""Columns under which panes do not stand side by side."""
LOW = 30
"""Rows under which there is no room for what only sums up."""
WINDOWS_S = (60, 300, 900, 3_600, 86_400, 0)
"""Windows of time to step through; 0 is all time."""
LEAST_PANE = (34, 5)
"""Columns and rows that a pane keeps."""
RESIZE_CELLS = (4, 2)
"""Columns and rows by which an edge moves."""
LEAST = (60, 15)
"""Columns and rows under which nothing useful can be shown."""


class SignalScreen(HandingOverScreen):
    """The screen of one signal. A child gives its panes, its interest, and what it does with views.

    Attributes:
        solo: Whether one pane has the whole screen.
    """

    NAME: ClassVar[str] = ""
    RESIZED: ClassVar[str] = ""
    """The pane beside or below the first one, whose width or height `<` and `>` change."""
    RESIZES_HEIGHT: ClassVar[bool] = False
    AUTO_FOCUS = ""  # the first that could have it is the search field
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("z", "toggle_solo", "One pane or all", id="screen.solo"),
        Binding("escape", "back", "Back", id="screen.back"),
        # First of all keys, so that what is typed right behind it goes to the search.
        Binding("slash", "search", "Search", id="screen.search", priority=True),
        Binding("F", "follow", "Follow the newest", id="screen.follow"),
        Binding("less_than_sign", "resize(-1)", "Give the first pane less", id="screen.less"),
        Binding("greater_than_sign", "resize(1)", "Give the first pane more", id="screen.more"),
        Binding("M", "metrics", show=False),  # says that there is none; help lists what does more
    ]
    DEFAULT_CSS = """
    SignalScreen {
        background: $background;
        color: $foreground;
        & #room { display: none; height: 1fr; content-align: center middle; }
        &.tiny #room { display: block; }
        &.tiny .body, &.tiny StatusBar, &.tiny KeyBar, &.tiny TabBar { display: none; }
        &.solo Pane { display: none; }
        &.solo Pane.current { display: block; width: 1fr; height: 1fr; max-height: 100%; }
    }
    """

    solo: reactive[bool] = reactive(False, init=False)

    def __init__(self, feed: Feed, clock: Callable[[], int]) -> None:
        super().__init__()
        self.feed = feed
        self._clock = clock
        self._current = 0
        self._cells: int | None = None

    def panes(self) -> ComposeResult:
        """The panes, in the order in which `enter` goes through them."""
        raise NotImplementedError

    def interest(self) -> Interest:
        """What the feed should look at for this screen."""
        raise NotImplementedError

    def take(self, snapshot: Snapshot) -> None:
        """Show a snapshot."""
        raise NotImplementedError

    def open_link(self, link: Link) -> None:
        """Choose what another screen points at."""

    def way_out(self) -> Sequence[tuple[str, str]]:
        """The key that shows everything again, while something is left out; nothing else."""
        return ()

    def compose(self) -> ComposeResult:
        """Tabs, panes, status, keys."""
        yield TabBar(self.NAME, self.feed.screens)
        yield from self.panes()
        yield Static(f"otx needs {LEAST[0]}×{LEAST[1]} cells: please make room", id="room")
        yield Prompt()
        yield CopyMenu()
        yield StatusBar(self._clock)
        yield KeyBar()

    def on_mount(self) -> None:
        """Give the first pane the focus."""
        self.focus_pane(0)

    def on_screen_resume(self) -> None:
        """Ask for this screen's part again."""
        self.ask()
        self._keep_focus()

    def ask(self) -> None:
        """Tell the feed what is looked at."""
        self.feed.ask(self.interest())

    def on_resize(self, event: Resize) -> None:
        """Take side panes away where there is no room for them."""
        width, height = event.size
        self.set_class(width < LEAST[0] or height < LEAST[1], "tiny")
        self.set_class(width < NARROW, "narrow")
        self.set_class(height < LOW, "low")
        self._show_panes()
        self.call_after_refresh(self._keep_focus)

    @property
    def all_panes(self) -> Sequence[Pane]:
        """The panes that take the focus, in order."""
        return [pane for pane in self.query(Pane) if pane.is_stop]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave keys to the field while one types, and to the menu (Textual)."""
        is_first = action in ("search", "save", "copy")
        return not is_first or not isinstance(self.focused, Input | CopyMenu)

    def focus_pane(self, number: int) -> None:
        """Give a pane the focus, and the screen where only one is shown."""
        panes = self.all_panes
        self._current = min(max(number, 0), len(panes) - 1)
        self._show_panes()
        wanted = next((w for w in panes[self._current].query("*") if _takes_focus(w)), None)
        if wanted is not None:
            self.set_focus(wanted)

    def on_descendant_focus(self) -> None:
        """Show the keys of what has the focus, and remember its pane."""
        self._remember_pane()
        self.show_keys()

    def on_descendant_blur(self) -> None:
        """Give the focus back to the pane where nothing else took it."""
        self._keep_focus()

    def _keep_focus(self) -> None:
        has_room = self.app.app_focus and not self.has_class("tiny")
        if self.focused is None and has_room and self.all_panes:
            self.focus_pane(self._current)

    def show_keys(self) -> None:
        """Write the keys of what has the focus."""
        keys = getattr(self.focused, "KEYS", ())
        if not isinstance(self.focused, Input | CopyMenu):
            keys = (*self.way_out(), *keys)
        self.query_one(KeyBar).show(keys, isinstance(self.focused, Input))

    def action_toggle_solo(self) -> None:
        """Give the focused pane the whole screen, or all of them their places again."""
        self.solo = not self.solo
        self._show_panes()

    def action_resize(self, step: int) -> None:
        """Move the edge between two panes."""
        pane = self.query_one(self.RESIZED, Pane)
        around = pane.parent
        if self.has_class("solo") or not isinstance(around, Widget):
            self.notify("only one pane is shown")
            return
        size, room = pane.outer_size, around.size
        now, most = (size.height, room.height) if self.RESIZES_HEIGHT else (size.width, room.width)
        least = LEAST_PANE[self.RESIZES_HEIGHT]
        wanted = now - step * RESIZE_CELLS[self.RESIZES_HEIGHT]
        self._cells = min(max(wanted, least), most - least)
        self._show_panes()

    def action_metrics(self) -> None:
        """Say that there are no metrics to go to."""
        self.notify("metrics have no screen yet; `otx receive` keeps them all the same")

    def action_back(self) -> None:
        """Go back one pane."""
        if self._current > 0:
            self.focus_pane(self._current - 1)
        elif self.solo:
            self.action_toggle_solo()

    def action_next_pane(self, step: int) -> None:
        """Go round the panes."""
        self.focus_pane((self._current + step) % len(self.all_panes))

    def step_window(self, window_s: int, step: int) -> int:
        """The next shorter or longer window of time, in seconds; 0 is all time."""
        index = WINDOWS_S.index(window_s) + step
        return WINDOWS_S[min(max(index, 0), len(WINDOWS_S) - 1)]

    def action_search(self) -> None:
        """Edit what is searched for."""

    def action_follow(self) -> None:
        """Go back to the newest."""

    def show_status(self, status: Status, tab_state: str = "", words: Sequence[str] = ()) -> None:
        """Write what every screen says about receiving, with a screen's own words before it."""
        self.query_one(TabBar).show(tab_state or receiving_text(status))
        losses = []
        if status.hidden_bytes:
            losses.append(f"▲ {format_size(status.hidden_bytes)} not shown yet")
        if status.unreadable_requests:
            losses.append(f"✗ {format_count(status.unreadable_requests)} requests unreadable")
        if status.damaged_rows:
            rows = counted(status.damaged_rows, "row")
            losses.append(f"✗ {rows} hidden by damage: otx store verify")
        if status.fault:
            losses.append(f"✗ {status.fault}")
        self.query_one(StatusBar).show("   ".join([*words[:1], *losses, *words[1:]]))

    def _remember_pane(self) -> None:
        for number, pane in enumerate(self.all_panes):
            if self.focused is not None and pane in self.focused.ancestors:
                self._current = number

    def _show_panes(self) -> None:
        self.set_class(self.solo or self.has_class("narrow"), "solo")
        for number, pane in enumerate(self.all_panes):
            pane.set_class(number == self._current, "current")
        if self.RESIZED:
            self._size_pane(self.query_one(self.RESIZED, Pane))
        for group in self.query(".below"):
            group.set_class(bool(group.query("Pane.current")), "current")

    def _size_pane(self, pane: Pane) -> None:
        """As a person wants it; as the stylesheet has it where one pane has the whole screen."""
        is_solo = self.has_class("solo")
        cells = None if is_solo else self._cells
        if self.RESIZES_HEIGHT:
            pane.styles.height = cells
        else:
            pane.styles.width = cells
            pane.styles.max_width = "100%" if is_solo or cells is not None else None


def receiving_text(status: Status) -> str:
    """Where OTLP is taken and how much of it comes: `● live  4317 4318   1.2k rec/s`."""
    if not status.receives:
        return "○ not receiving"
    ports = " ".join(one.rpartition(":")[2] for one in (status.grpc, status.http) if one)
    return f"● live  {ports}   {rate_text(status.per_s)} rec/s"


def count_text(shown: int, held: int, is_searched: bool) -> str:
    """How many rows there are: `142 of 1 204`, or `1 204` where all are shown.

    Rows and count are read a moment apart, so without a search a few more may be held.
    """
    if not is_searched and held - shown <= max(shown // 10, 5):
        return format_count(shown)
    return f"{format_count(shown)} of {format_count(held)}"


def window_words(window_s: int) -> list[str]:
    """What a window of time leaves out, and how to be rid of it; nothing where it is all time."""
    if not window_s:
        return []
    text = f"{window_s} s" if window_s < 3_600 else f"{window_s // 3_600} h"
    return [f"last {text} (. for longer)"]


def rate_text(per_s: float) -> str:
    """A rate in few characters: `0`, `812`, `1.2k`."""
    if per_s < 1_000:
        return f"{per_s:.0f}"
    return f"{per_s / 1_000:.1f}k" if per_s < 1_000_000 else f"{per_s / 1_000_000:.1f}M"


def _takes_focus(widget: Widget) -> bool:
    """Whether a pane's focus goes here when the pane gets it: the list, not the search field."""
    return widget.focusable and widget.display and not widget.has_class("search")
