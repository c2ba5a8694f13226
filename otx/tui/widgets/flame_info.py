"""What is known about the chosen box, under the flame graph, the most important first.

The number of lines is that of the screen and not of the box, so that the graph above stands still.
"""

from collections.abc import Sequence
from itertools import islice

from textual.app import RenderResult
from textual.content import Content
from textual.widget import Widget

from otx.flame.draw import place_of, samples_text, share_text
from otx.flame.layout import Box, Layout
from otx.flame.search import NOTHING
from otx.model.cells import printable, shorten
from otx.model.profile import SAMPLES
from otx.model.telemetry import Span
from otx.model.units import NS_PER_S, format_clock, format_count, format_duration
from otx.tui.flame_words import amount_text
from otx.tui.snapshot import FlameView

Words = Sequence[tuple[str, str]]
_CHANGES = 4
_PLACES = 3


class FlameInfo(Widget):
    """A few lines about the chosen box and the search."""

    DEFAULT_CSS = """
    FlameInfo {
        height: 7; padding: 1 1 0 1; color: $foreground;
        text-wrap: nowrap; text-overflow: ellipsis;
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._lines: Sequence[Words] = ()

    def show(self, lines: Sequence[Words]) -> None:
        """Show these lines of (label, text)."""
        self._lines = lines
        self.refresh()

    def render(self) -> RenderResult:
        """The lines."""
        rendered = []
        for words in self._lines:
            parts: list[str | tuple[str, str]] = []
            for label, text in words:
                parts += [(f"{label:<5} ", "$foreground 55%"), f"{text}   "]
            rendered.append(Content.assemble(*parts))
        return Content("\n").join(rendered)


def box_lines(box: Box, picture: Layout, view: FlameView, width: int) -> list[Words]:
    """Name, shares and way of a box, where else its function is, how its share changed."""
    lines = [_name(box, width), _shares(box, picture, view)]
    lines.append([("path", _way(box, width))])
    if view.interest.baseline_unix_nano:
        lines.append([("since", _changes(box, view))])
    found = NOTHING if box.is_run else view.functions.get(box.frame, NOTHING)
    if found.places > 1:
        shares = " · ".join(
            f"{share_text(total, picture.whole)} from {printable(caller.name)}"
            for total, caller in found.largest_places(_PLACES)
        )
        more = " · …" if found.places > _PLACES else ""
        seen = shorten(f"in {found.places} places: {shares}{more}", max(width - 32, 20))
        lines.append([("seen", seen), ("#", "lights them all")])
    return lines


def operation_lines(box: Box, whole: int, spans: Sequence[Span], width: int) -> list[Words]:
    """Calls, times and way of a box that stands for an operation of a trace."""
    name = shorten(f"{box.frame.module} {box.frame.name}".strip(), max(width - 30, 20))
    calls = f"{format_count(len(spans))} call{'s' if len(spans) != 1 else ''}"
    if box.is_run:
        name = shorten(", ".join(printable(node.frame.name) for node in box.nodes[:20]), width - 30)
        calls = f"{len(box.nodes)} operations too narrow to be shown"
    longest = format_duration(spans[0].duration_ns) if spans else "–"
    times: Words = [
        ("total", f"{format_duration(box.total)}  {share_text(box.total, whole)}"),
        ("self", format_duration(box.own)),
        ("longest", longest),
    ]
    return [[("span", name), ("", calls)], times, [("path", _way(box, width))]]


def omission_line(view: FlameView) -> Words:
    """What the picture does not show: small frames, lost samples, functions without a name."""
    words = []
    if view.interest.least_permille:
        limit = f"{view.interest.least_permille / 10:g} %"
        hidden = f"{format_count(view.hidden)} frames under {limit} (+ - move the limit)"
        words.append(("hidden", hidden))
    words.append(("lost", samples_text(view.stats.lost)))
    words.append(("unnamed", share_text(view.unknown, view.tree.total)))
    return words


def _name(box: Box, width: int) -> Words:
    if box.is_run:
        names = ", ".join(printable(node.frame.name) for node in islice(box.nodes, 20))
        return [("frames", shorten(f"{len(box.nodes)}: {names}", width - 8))]
    where = place_of(box.frame)
    name = shorten(box.frame.name or "(no name)", max(width - len(where) - 34, 20))
    place = [("in", where)] if where else []
    return [("frame", name), *place, ("kind", box.frame.kind)]


def _shares(box: Box, picture: Layout, view: FlameView) -> Words:
    own = f"{amount_text(box.own, view.kind)}  {share_text(box.own, picture.whole)}"
    total = f"{amount_text(box.total, view.kind)}  {share_text(box.total, picture.whole)}"
    if picture.zoomed != picture.whole:
        total += f"  ({share_text(box.total, picture.zoomed)} of the zoom)"
    if view.frequency_hz and view.kind == SAMPLES:
        total += f"  {format_duration(box.total * NS_PER_S // view.frequency_hz)}"
    return [("total", total), ("self", own)]


def _changes(box: Box, view: FlameView) -> str:
    """The chosen function's change first, then the largest of all."""
    since = format_clock(view.interest.baseline_unix_nano)[:8]
    mine = {} if box.is_run or not box.path else {box.frame: view.changes.get(box.frame, 0.0)}
    largest = islice(view.changes.items(), _CHANGES)
    words = [
        f"{shorten(frame.name, 24)} {points_text(points)}"
        for frame, points in {**mine, **dict(largest)}.items()
        if frame.kind != "process" or frame in mine
    ]
    return f"baseline {since} (b sets, B drops): {'   '.join(words)}"


def points_text(points: float) -> str:
    """A change in points of all samples: `▲ +9.8 points`, `▼ −4.1 points`."""
    if abs(points) < 0.05:
        return "unchanged"
    return f"▲ +{points:.1f} points" if points > 0 else f"▼ −{-points:.1f} points"


def _way(box: Box, width: int) -> str:
    way = " ▸ ".join(["all", *(frame.name for frame in box.path)])
    return printable("…" + way[-(width - 9) :] if len(way) > width - 8 else way)
