"""The flame graph: one widget, a row of cells a depth, drawn from boxes.

What a person chose is a path of frames; it stays chosen while samples arrive and the tree is
built anew several times a second. With colour a box is a run of coloured cells whose right edge
is exact to an eighth of a cell; without, it is the text that `otx.flame.draw` prints.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.color import Color
from textual.events import Click
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from otx.flame.draw import FILL, box_text
from otx.flame.layout import EIGHTHS, Box, Layout, layout
from otx.flame.place import WHOLE, FlamePath, Zoom
from otx.flame.search import NOTHING, Matches, next_hit, walk_hits
from otx.flame.tree import FlameNode, build_tree
from otx.model.cells import width_of
from otx.model.stack import Frame
from otx.tui.colours import RUN_COLOUR, change_colour, faded, frame_colour, text_on

_LEFT_BLOCKS = " ▏▎▍▌▋▊▉"
_CHOSEN_COLOUR = Color.parse("#f4f6f8")
_MARK = "▌"


class FlameGraph(ScrollView, can_focus=True):
    """A tree of stacks as boxes, one of them chosen."""

    DEFAULT_CSS = """
    FlameGraph {
        height: 1fr;
        overflow-x: hidden;
        scrollbar-size-vertical: 1;
        scrollbar-background: $background;
        scrollbar-background-hover: $background;
        scrollbar-color: $border-blurred;
        background: $background;
        color: $foreground;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "sibling(-1)", "Box to the left", id="flame.left"),
        Binding("right,l", "sibling(1)", "Box to the right", id="flame.right"),
        Binding("up,k", "vertical(-1)", "Up", id="flame.up"),
        Binding("down,j", "vertical(1)", "Down", id="flame.down"),
        Binding("enter", "zoom", "Zoom to the box", id="flame.zoom"),
        Binding("escape", "out", "Zoom out once", id="flame.out"),
        Binding("0", "whole", "Zoom out all the way", id="flame.whole"),
        Binding("i", "flip", "Icicle or flame", id="flame.flip"),
        Binding("n", "hit(True)", "Next match", id="flame.next-hit"),
        Binding("N", "hit(False)", "Match before", id="flame.hit-before"),
        Binding("m", "dim_others", "Dim what does not match", id="flame.dim-others"),
    ]
    KEYS: ClassVar[tuple[tuple[str, str], ...]] = (
        ("enter", "zoom"),
        ("esc", "out"),
        ("/", "search"),
        ("n N", "next"),
        ("space", "pause"),
        ("#", "same fn"),
        ("i", "flip"),
        ("v", "callers"),
        ("t", "threads"),
        ("b", "baseline"),
        ("+ -", "limit"),
        ("a", "60 s/all"),
        ("w", "save"),
        ("tab", "pane"),
    )
    HELP: ClassVar[str] = (
        "A box is a function, its width the share of samples it is on; below it is what it called."
        " A box ┆ holds frames too narrow to be shown; enter zooms to them."
    )

    class Chosen(Message):
        """Another box was chosen, or what surrounds it changed."""

    def __init__(self) -> None:
        super().__init__()
        self._tree: FlameNode = build_tree({})
        self._zooms: list[Zoom] = [WHOLE]
        self._path: FlamePath = ()
        self._matches = NOTHING
        self._changes: Mapping[Frame, float] | None = None
        self._flipped = False
        self._dims_others = False
        self._picture: Layout | None = None
        self._strips: dict[int, Strip] = {}
        self._styles: dict[tuple[Color, Color | None, bool], Style] = {}

    def show(self, tree: FlameNode) -> None:
        """Draw this tree; zoom and choice stay where they are."""
        self._tree = tree
        self._arrange()

    def compare(self, changes: Mapping[Frame, float] | None) -> None:
        """Colour frames by the points their share changed; None for where they ran."""
        self._changes = changes
        self._redraw()

    def mark(self, matches: Matches) -> None:
        """Light these frames."""
        self._matches = matches
        self._redraw()

    def choose(self, path: FlamePath) -> None:
        """Choose the box at this path."""
        self._path = path
        self._redraw()
        self._show_chosen()
        self.post_message(self.Chosen())

    @property
    def box(self) -> Box:
        """The chosen box; the nearest shown above it where it is not shown itself."""
        return self.picture.find(self._path)

    @property
    def picture(self) -> Layout:
        """The boxes as they stand."""
        if self._picture is None:
            width = max(self.size.width, 1)
            self._picture = layout(self._tree, width, self._zooms[-1])
        return self._picture

    @property
    def zoom(self) -> Zoom:
        """What fills the width."""
        return self._zooms[-1]

    @property
    def is_whole(self) -> bool:
        """Whether nothing is zoomed to."""
        return len(self._zooms) == 1

    def render_line(self, y: int) -> Strip:
        """One row of boxes."""
        row = self._row_at(y + self.scroll_offset.y)
        if not 0 <= row < len(self.picture.rows):
            return Strip.blank(self.size.width, self.rich_style)
        strip = self._strips.get(row)
        if strip is None:
            strip = self._strips[row] = self._draw(self.picture.rows[row])
        return strip

    def action_sibling(self, step: int) -> None:
        """Choose the box beside the chosen one, of the same depth."""
        box = self.box
        row = next(row for row in self.picture.rows if box in row)
        index = list(row).index(box) + step
        if 0 <= index < len(row):
            self.choose(row[index].path)

    def action_vertical(self, step: int) -> None:
        """Choose what called the chosen box, or the widest of what it calls."""
        towards_leaves = (step > 0) != self._flipped
        box = self.box
        if not towards_leaves:
            if box.parent is not None:
                self.choose(box.parent.path)
            return
        below = [one for row in self.picture.rows for one in row if one.parent is box]
        if below:
            self.choose(max(below, key=lambda one: one.right - one.left).path)

    def action_zoom(self) -> None:
        """Let the chosen box fill the width."""
        box = self.box
        zoom = Zoom(box.path)
        if box.is_run and box.parent is not None:
            zoom = Zoom(box.parent.path, frozenset(node.frame for node in box.nodes))
        if zoom != self.zoom:
            self._zooms.append(zoom)
            self._arrange()

    def action_out(self) -> None:
        """Go back to the zoom before."""
        if len(self._zooms) > 1:
            self._zooms.pop()
            self._arrange()

    def action_whole(self) -> None:
        """Let the whole tree fill the width."""
        self._zooms = [WHOLE]
        self._arrange()

    def action_flip(self) -> None:
        """Put the root at the bottom, or back at the top."""
        self._flipped = not self._flipped
        self._redraw()
        self._show_chosen()

    def action_hit(self, forward: bool) -> None:
        """Choose the match after or before the chosen box."""
        hits = walk_hits(self.picture, self._matches.frames)
        found = next_hit(hits, self.box, forward)
        if found is not None:
            frames = self._matches.frames
            first = next(node.frame for node in found.nodes if node.frame in frames)
            above = found.parent.path if found.parent else ()
            self.choose((*above, first) if found.parent else ())

    def action_dim_others(self) -> None:
        """Dim what does not match, or stop it."""
        self._dims_others = not self._dims_others
        self._redraw()

    def on_click(self, event: Click) -> None:
        """Choose the box under the pointer; a second click zooms to it."""
        offset = event.get_content_offset(self)
        if offset is None:
            return
        box = self.picture.at(self._row_at(offset.y + self.scroll_offset.y), offset.x)
        if box is not None:
            self.choose(box.path)
            if event.chain > 1:
                self.action_zoom()

    def on_resize(self) -> None:
        """Place the boxes anew."""
        self._arrange()

    def on_focus(self) -> None:
        """Draw the choice as that of the pane in use."""
        self._redraw()

    def on_blur(self) -> None:
        """Draw the choice as that of a pane not in use."""
        self._redraw()

    def notify_style_update(self) -> None:
        """Forget the styles of the theme before."""
        super().notify_style_update()
        self._styles = {}
        self._strips = {}

    def _arrange(self) -> None:
        self._picture = None
        self.virtual_size = Size(self.size.width, len(self.picture.rows))
        self._redraw()
        self.post_message(self.Chosen())

    def _redraw(self) -> None:
        self._strips = {}
        self.refresh()

    def _row_at(self, line: int) -> int:
        if not self._flipped:
            return line
        return max(len(self.picture.rows), self.size.height) - 1 - line

    def _show_chosen(self) -> None:
        depth = len(self.box.path)
        line = self._row_at(depth)
        top = self.scroll_offset.y
        if line < top:
            self.scroll_to(y=line, animate=False, force=True)
        elif line >= top + self.size.height:
            self.scroll_to(y=line - self.size.height + 1, animate=False, force=True)

    def _draw(self, row: Sequence[Box]) -> Strip:
        if self.app.no_color or self.app.native_ansi_color:
            segments = self._plain_segments(row)
        else:
            segments = self._coloured_segments(row)
        return Strip(segments).adjust_cell_length(self.size.width, self.rich_style)

    def _plain_segments(self, row: Sequence[Box]) -> list[Segment]:
        """Boxes by signs alone: dots fill them, reverse video is the choice or a match."""
        segments = []
        cells = 0
        chosen = self.box
        for box in row:
            segments.append(Segment(" " * (box.first_cell - cells), self.rich_style))
            room = box.end_cell - box.first_cell
            style = self.rich_style
            sign = self._change_sign(box) + ("▓▓ " if self._is_match(box) else "")
            text = self._signed(box, room, sign)
            if box is chosen:
                text = _MARK + text[1:]
                style += Style(reverse=True, bold=True)
            elif box.is_run or box.is_ancestor or self._is_dimmed(box):
                style += Style(dim=True)
            elif box.frame == chosen.frame:
                style += Style(underline=True)
            segments.append(Segment(text, style))
            cells = box.end_cell
        return segments

    def _coloured_segments(self, row: Sequence[Box]) -> list[Segment]:
        segments: list[Segment] = []
        base = self.rich_style
        gap = self.background_colors[1]
        cells = 0
        for index, box in enumerate(row):
            after = row[index + 1] if index + 1 < len(row) else None
            if box.first_cell > cells:
                segments.append(Segment(" " * (box.first_cell - cells), base))
            segments += self._box_segments(box, row[index - 1] if index else None, after, gap)
            cells = box.end_cell
        if row:
            # The last box may reach a little into the cell after its own.
            eighths = row[-1].right % EIGHTHS
            if 0 < eighths < EIGHTHS // 2:
                edge = self._style(self._colour(row[-1]), gap)
                segments.append(Segment(_LEFT_BLOCKS[eighths], edge))
        return segments

    def _box_segments(
        self, box: Box, before: Box | None, after: Box | None, gap: Color
    ) -> list[Segment]:
        """A box's cells: perhaps the end of the one before, its text, perhaps its own end."""
        colour = self._colour(box)
        cells = box.end_cell - box.first_cell
        begins = box.left % EIGHTHS
        ends = box.right % EIGHTHS
        head: list[Segment] = []
        tail: list[Segment] = []
        touches = before is not None and before.right == box.left
        if before is not None and touches and 0 < begins < EIGHTHS // 2:
            head = [Segment(_LEFT_BLOCKS[begins], self._edge(self._colour(before), colour, gap))]
        elif before is not None and touches and begins == 0 and self._colour(before) == colour:
            head = [Segment(_LEFT_BLOCKS[1], self._style(gap, colour))]
        if ends >= EIGHTHS // 2 and len(head) < cells:
            beside = self._colour(after) if after is not None else gap
            tail = [Segment(_LEFT_BLOCKS[ends], self._edge(colour, beside, gap))]
        room = cells - len(head) - len(tail)
        if room <= 0:
            return head + tail
        is_chosen = box is self.box
        text = self._signed(box, room, self._change_sign(box), fill=" ", edge=False)
        if is_chosen:
            text = _MARK + text[1:]
        text += " " * (room - width_of(text))
        return [*head, Segment(text, self._text_style(box, colour, is_chosen)), *tail]

    def _colour(self, box: Box) -> Color:
        if box is self.box and self.has_focus:
            return _CHOSEN_COLOUR
        if self._is_match(box):
            return text_on(self._hue(box))
        colour = self._hue(box)
        if box.is_ancestor or self._is_dimmed(box):
            return faded(colour, self.background_colors[1])
        return colour

    def _signed(self, box: Box, room: int, sign: str, fill: str = FILL, edge: bool = True) -> str:
        """A box's text with a sign before its label, as far as there is room."""
        sign = sign[: max(room - 1, 0)]
        text = box_text(box, room - len(sign), self.picture.whole, fill, edge)
        return text[:1] + sign + text[1:]

    def _change_sign(self, box: Box) -> str:
        points = 0.0 if box.is_run else (self._changes or {}).get(box.frame, 0.0)
        return "▲ " if points > 0 else "▼ " if points < 0 else ""

    def _hue(self, box: Box) -> Color:
        if self._changes is not None and not box.is_run:
            return change_colour(self._changes.get(box.frame, 0.0))
        return RUN_COLOUR if box.is_run else frame_colour(box.frame)

    def _text_style(self, box: Box, colour: Color, is_chosen: bool) -> Style:
        if self._is_match(box) and not is_chosen:
            return self._style(self._hue(box), colour, bold=True)
        style = self._style(text_on(colour), colour, bold=is_chosen)
        if not is_chosen and not box.is_run and box.frame == self.box.frame:
            style += Style(underline=True)
        return style

    def _edge(self, left: Color, right: Color, gap: Color) -> Style:
        """The cell in which one box ends and the next begins; dark between two of one colour."""
        return self._style(left, right if left != right else gap)

    def _style(self, ink: Color, paper: Color, bold: bool = False) -> Style:
        key = (ink, paper, bold)
        style = self._styles.get(key)
        if style is None:
            style = Style(color=ink.rich_color, bgcolor=paper.rich_color, bold=bold)
            self._styles[key] = style
        return style

    def _is_match(self, box: Box) -> bool:
        frames = self._matches.frames
        return bool(frames) and any(node.frame in frames for node in box.nodes)

    def _is_dimmed(self, box: Box) -> bool:
        return self._dims_others and bool(self._matches.frames) and not self._is_match(box)


def frame_of(box: Box) -> Frame | None:
    """The one frame of a box; None for a run."""
    return None if box.is_run else box.frame
