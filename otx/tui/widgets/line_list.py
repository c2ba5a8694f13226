"""A list of one-line rows, drawn by the line API: its cost follows what is seen, not what is held.

Rows have ids. What a person chose is an id and not a number, so that it stays chosen while rows
arrive, leave and change places. The base of every list, tree and detail pane here.
"""

from collections.abc import Hashable, Iterable, Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Click
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from otx.model.cells import fit, width_of
from otx.tui.colours import service_colour

Piece = tuple[str, str]
"""Text, and the name of the ink it is written with ("" for plain)."""

MARK = "▌"
BAR = "bar "
"""Begins the name of an ink for bars, which reverse video behind them would turn into gaps."""


class LineList(ScrollView, can_focus=True):
    """Rows of text with one of them chosen.

    A child gives `draw_row` and, where it has a heading, `draw_head`; it calls `set_ids`
    whenever its rows change.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "line--dim",
        "line--head",
        "line--error",
        "line--warning",
        "line--good",
        "line--accent",
        "line--strong",
        "line--chosen",
        "line--chosen-blurred",
    }
    DEFAULT_CSS = """
    LineList {
        height: 1fr;
        overflow-x: hidden;
        scrollbar-size-vertical: 1;
        scrollbar-background: $background;
        scrollbar-background-hover: $background;
        scrollbar-color: $border-blurred;
        background: $background;
        color: $foreground;
        & > .line--dim { color: $foreground 55%; }
        & > .line--head { color: $foreground 55%; }
        & > .line--error { color: $error; text-style: bold; }
        & > .line--warning { color: $warning; }
        & > .line--good { color: $success; }
        & > .line--accent { color: $primary; }
        & > .line--strong { text-style: bold; }
        & > .line--chosen { background: $primary 28%; text-style: bold; }
        & > .line--chosen-blurred { background: $panel; }
        &:ansi > .line--dim { color: ansi_default; text-style: dim; }
        &:ansi > .line--head { color: ansi_default; text-style: dim; }
        &:nocolor > .line--chosen { text-style: reverse; }
        &:nocolor > .line--chosen-blurred { text-style: bold; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "Next row", id="list.next"),
        Binding("up,k", "move(-1)", "Row before", id="list.before"),
        Binding("pagedown,ctrl+d", "move_page(1)", "Page down", id="list.page-down"),
        Binding("pageup,ctrl+u", "move_page(-1)", "Page up", id="list.page-up"),
        Binding("home,g", "move_to_end(False)", "First row", id="list.first"),
        Binding("end,G", "move_to_end(True)", "Last row", id="list.last"),
        Binding("enter", "open", "Open", id="list.open"),
    ]
    HEAD_ROWS: ClassVar[int] = 0
    NEWEST_LAST: ClassVar[bool] = False
    """At which end rows arrive."""
    HELP: ClassVar[str] = "Arrows or j k choose a row."

    chosen: reactive[Hashable | None] = reactive(None, init=False)

    class Chosen(Message):
        """Another row was chosen by a person."""

        def __init__(self, source: "LineList", chosen: Hashable) -> None:
            super().__init__()
            self.source = source
            self.chosen = chosen

        @property
        def control(self) -> "LineList":
            """The list it happened in."""
            return self.source

    class Opened(Chosen):
        """A row was opened with enter or a second click."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: Sequence[Hashable] = ()
        self.following = True
        self._newest_when_left: Hashable | None = None
        self._index: dict[Hashable, int] = {}
        self._inks: dict[str, Style] = {}

    def draw_row(self, index: int, width: int) -> Iterable[Piece]:
        """The pieces of a row, without the mark in its first two cells."""
        raise NotImplementedError

    def draw_head(self, row: int, width: int) -> Iterable[Piece]:
        """The pieces of a row that does not scroll."""
        return ()

    def set_ids(self, ids: Sequence[Hashable]) -> None:
        """Show these rows. What is chosen stays chosen, and where it is unless one follows."""
        before = self.chosen_index
        self.ids = ids
        self._index = {one: index for index, one in enumerate(ids)}
        self.virtual_size = Size(self.size.width, len(ids) + self.HEAD_ROWS)
        after = self.chosen_index
        if self.following:
            self._scroll_to_newest()
        elif before is not None and after is not None and after != before:
            self.scroll_to(y=self.scroll_offset.y + after - before, animate=False, force=True)
        self.refresh()

    @property
    def arrived_since(self) -> int:
        """Rows that arrived since a person stopped following."""
        if self.following or self._newest_when_left is None:
            return 0
        index = self._index.get(self._newest_when_left)
        if index is None:
            return len(self.ids)
        return len(self.ids) - 1 - index if self.NEWEST_LAST else index

    def follow(self) -> None:
        """Go to the newest row and stay there."""
        self.following = True
        self._scroll_to_newest()
        if self.ids:
            self.choose(self._newest)

    @property
    def _newest(self) -> Hashable:
        return self.ids[-1 if self.NEWEST_LAST else 0]

    def _scroll_to_newest(self) -> None:
        y = max(len(self.ids) + self.HEAD_ROWS - self.size.height, 0) if self.NEWEST_LAST else 0
        self.scroll_to(y=y, animate=False, force=True)

    def _stop_following(self) -> None:
        if self.following and self.ids:
            self.following = False
            self._newest_when_left = self._newest

    @property
    def chosen_index(self) -> int | None:
        """The number of the chosen row; None where it is not among the rows."""
        return None if self.chosen is None else self._index.get(self.chosen)

    def choose(self, wanted: Hashable) -> None:
        """Choose a row as a person would, and bring it into view."""
        self.chosen = wanted
        self.show_chosen()
        self.post_message(self.Chosen(self, wanted))

    def show_chosen(self) -> None:
        """Scroll as little as it takes to see the chosen row."""
        index = self.chosen_index
        if index is None:
            return
        room = max(self.size.height - self.HEAD_ROWS, 1)
        top = self.scroll_offset.y
        if index < top:
            self.scroll_to(y=index, animate=False, force=True)
        elif index >= top + room:
            self.scroll_to(y=index - room + 1, animate=False, force=True)

    def watch_chosen(self) -> None:
        """Draw the mark where it now is."""
        self.refresh()

    def action_move(self, rows: int) -> None:
        """Choose the row so many further."""
        if not self.ids:
            return
        self._stop_following()
        index = self.chosen_index
        if index is None:
            index = len(self.ids) if self.NEWEST_LAST else -1
        self.choose(self.ids[min(max(index + rows, 0), len(self.ids) - 1)])

    def action_move_page(self, pages: int) -> None:
        """Choose the row so many pages further."""
        self.action_move(pages * max(self.size.height - self.HEAD_ROWS - 1, 1))

    def action_move_to_end(self, last: bool) -> None:
        """Choose the first or the last row."""
        if last == self.NEWEST_LAST:
            self.follow()
        elif self.ids:
            self._stop_following()
            self.choose(self.ids[-1 if last else 0])

    def action_open(self) -> None:
        """Open the chosen row."""
        if self.chosen_index is not None and self.chosen is not None:
            self.post_message(self.Opened(self, self.chosen))

    def on_click(self, event: Click) -> None:
        """Choose the row under the pointer; a second click opens it."""
        offset = event.get_content_offset(self)
        if offset is None or offset.y < self.HEAD_ROWS:
            return
        index = offset.y - self.HEAD_ROWS + self.scroll_offset.y
        if index < len(self.ids):
            self._stop_following()
            self.choose(self.ids[index])
            if event.chain > 1:
                self.action_open()

    def on_resize(self) -> None:
        """Keep what is chosen in view."""
        self.virtual_size = Size(self.size.width, len(self.ids) + self.HEAD_ROWS)
        self.call_after_refresh(self.show_chosen)

    def render_line(self, y: int) -> Strip:
        """One line of what is seen."""
        width = self.size.width
        if y < self.HEAD_ROWS:
            return self._strip(self.draw_head(y, width), width)
        index = y - self.HEAD_ROWS + self.scroll_offset.y
        if index >= len(self.ids):
            return Strip.blank(width, self.rich_style)
        is_chosen = self.ids[index] == self.chosen
        mark = ((MARK if is_chosen else " ", "accent"),)
        return self._strip((*mark, *self.draw_row(index, width - 1)), width, is_chosen)

    def ink(self, name: str) -> Style:
        """The style of a component class, only what it changes."""
        style = self._inks.get(name)
        if style is None:
            style = self._inks[name] = self._component_ink(f"line--{name}")
        return style

    def service_ink(self, service: str) -> str:
        """The name of the ink in a service's colour; `BAR` before it makes it one for bars."""
        name = f"service {service}"
        if name not in self._inks:
            colour = service_colour(service, self.app.current_theme.dark).rich_color
            self._inks[name] = self._inks[BAR + name] = Style(color=colour)
            self._inks[f"{BAR}{name} reversed"] = Style(color=colour, reverse=True)
        return name

    def _component_ink(self, name: str) -> Style:
        """What a component class changes, its transparent colours blended with what is behind."""
        changes = self.get_component_rich_style(name, partial=True)
        whole = self.get_component_rich_style(name)
        return Style(
            color=whole.color if changes.color else None,
            bgcolor=whole.bgcolor if changes.bgcolor else None,
            bold=changes.bold,
            dim=changes.dim,
            reverse=changes.reverse,
            underline=changes.underline,
        )

    def notify_style_update(self) -> None:
        """Forget the styles of the theme before."""
        super().notify_style_update()
        self._inks = {}

    def colour_ink(self, name: str, style: Style) -> None:
        """Let a name stand for a style that no stylesheet knows, such as a service's colour."""
        self._inks[name] = style

    def _strip(self, pieces: Iterable[Piece], width: int, is_chosen: bool = False) -> Strip:
        base = plain = self.rich_style
        if is_chosen:
            base += self.ink("chosen" if self.has_focus else "chosen-blurred")
        if not self.app.no_color:
            plain = base
        segments = []
        used = 0
        for text, ink in pieces:
            if used >= width:
                break
            if used + width_of(text) > width:
                text = fit(text, width - used)
            used += width_of(text)
            behind = plain if ink.startswith(BAR) else base
            segments.append(Segment(text, behind + self.ink(ink) if ink else behind))
        if used < width:
            segments.append(Segment(" " * (width - used), base))
        return Strip(segments).adjust_cell_length(width, base)
