"""What is known about the chosen box, under the flame graph."""

from collections.abc import Sequence

from textual.app import RenderResult
from textual.content import Content
from textual.widget import Widget

from otx.flame.draw import place_of, samples_text, share_text
from otx.flame.layout import Box
from otx.flame.search import Matches
from otx.model.cells import printable, shorten
from otx.model.telemetry import Span
from otx.model.units import NS_PER_S, format_count, format_duration

Words = Sequence[tuple[str, str]]


class FlameInfo(Widget):
    """Four lines about the chosen box and the search."""

    DEFAULT_CSS = "FlameInfo { height: 5; padding: 1 1 0 1; color: $foreground; }"

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


def box_lines(
    box: Box, whole: int, zoomed: int, frequency_hz: int, places: Matches, width: int
) -> list[Words]:
    """Name, place, shares and way of a box; `places` are all places of its function."""
    if box.is_run:
        names = ", ".join(printable(node.frame.name) for node in box.nodes[:20])
        first: Words = [("frames", shorten(f"{len(box.nodes)}: {names}", width - 8))]
    else:
        where = place_of(box.frame)
        name = shorten(box.frame.name or "(no name)", max(width - len(where) - 34, 20))
        first = [("frame", name), ("kind", box.frame.kind)]
        if where:
            first = [("frame", name), ("in", where), ("kind", box.frame.kind)]
    own = f"{samples_text(box.own)}  {share_text(box.own, whole)}"
    total = f"{samples_text(box.total)}  {share_text(box.total, whole)}"
    if zoomed != whole:
        total += f"  ({share_text(box.total, zoomed)} of the zoom)"
    if frequency_hz:
        total += f"  {format_duration(box.total * NS_PER_S // frequency_hz)}"
    second: Words = [("total", total), ("self", own)]
    if not box.is_run and places.places > 1:
        second = [*second, ("seen", f"{places.places} places, {share_text(places.value, whole)}")]
    return [first, second, [("path", _way(box, width))]]


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


def _way(box: Box, width: int) -> str:
    way = " ▸ ".join(["all", *(frame.name for frame in box.path)])
    return printable("…" + way[-(width - 9) :] if len(way) > width - 8 else way)
