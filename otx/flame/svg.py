"""A flame graph as SVG: a picture with a title on every frame, which a small script makes alive.

Frames narrower than a tenth of a pixel could not be seen: neighbours among them are drawn as one
box that says how many they are, so that no time is lost in silence.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr
from zlib import crc32

from otx.flame.html import page_file
from otx.flame.picture_tree import PictureTree
from otx.model.cells import printable
from otx.model.profile import value_text

WIDTH = 1200
_LEFT = 10
_TOP = 58
_ROW = 18
_LEAST_PX = 0.1
_LETTER_PX = 7.23
"""A letter of the 12 px monospace font."""
MAX_ROWS = 2_000
"""More could not be shown by any browser in one picture; what is deeper is told in words."""


@dataclass(frozen=True, slots=True)
class _Box:
    """A node, or a run of siblings too narrow to be told apart."""

    node: int
    nodes: int
    x: float
    width: float


def svg_picture(tree: PictureTree, title: str, about: str, unit: str, data: str = "") -> str:
    """The picture, the root on top.

    Args:
        tree: What it shows; colours say the kind of frame, or what changed where it has two values.
        title: Its heading.
        about: What stands below the heading.
        unit: What values are in.
        data: What `picture_data` gives, for who opens the picture as a profile: also of the frames
            that are too narrow or too deep to be drawn.
    """
    rows = min(tree.depth, MAX_ROWS)
    height = _TOP + rows * _ROW + 12
    if tree.depth > MAX_ROWS:
        about += f"; {tree.depth - MAX_ROWS} rows below are not drawn"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}"'
        f' height="{height}" role="group" aria-label={quoteattr(_clean(title))}>',
        f"<style>{page_file('svg.css')}</style>",
        '<rect class="ground" width="100%" height="100%"/>',
        f'<text class="title" x="{_LEFT}" y="22">{escape(_clean(title))}</text>',
        f'<text class="about" x="{_LEFT}" y="42">{escape(_clean(about))}</text>',
        f'<text class="about" id="matched" x="{WIDTH - 150}" y="42" text-anchor="end"'
        ' role="status"></text>',
        *_tool("reset", WIDTH - 80, "Reset"),
        *_tool("search", WIDTH - 12, "Search"),
    ]
    lines += (_drawn(box, tree, unit) for box in _boxes(tree))
    lines.append(f"<script><![CDATA[{page_file('svg.js')}]]></script>")
    lines += [f'<metadata id="data">{data}</metadata>', "</svg>", ""]
    return "\n".join(lines)


def _tool(name: str, x: int, text: str) -> Iterator[str]:
    # Hidden until the script is there to answer it.
    yield (
        f'<text class="tool" id="{name}" x="{x}" y="22" text-anchor="end" tabindex="0"'
        f' role="button" style="display:none">{text}</text>'
    )


def _boxes(tree: PictureTree) -> Iterator[_Box]:
    """What is to be seen, in the order of nodes."""
    whole = tree.values[0] or 1
    scale = (WIDTH - 2 * _LEFT) / whole
    edges: list[float] = []
    run: _Box | None = None
    deepest = MAX_ROWS - 1
    for node, (depth, value) in enumerate(zip(tree.depths, tree.values, strict=True)):
        del edges[depth + 1 :]
        if len(edges) == depth:
            edges.append(edges[depth - 1] - tree.values[node - 1] * scale if depth else _LEFT)
        x = edges[depth]
        width = value * scale
        edges[depth] = x + width
        if depth > deepest:
            continue
        is_run = width < _LEAST_PX
        deepest = depth if is_run else MAX_ROWS - 1
        if run is not None and is_run and depth == tree.depths[run.node]:
            run = _Box(run.node, run.nodes + 1, run.x, run.width + width)
            continue
        if run is not None and run.width >= _LEAST_PX:
            yield run
        run = _Box(node, 1, x, width) if is_run else None
        if not is_run:
            yield _Box(node, 1, x, width)
    if run is not None and run.width >= _LEAST_PX:
        yield run


def _drawn(box: _Box, tree: PictureTree, unit: str) -> str:
    y = _TOP + tree.depths[box.node] * _ROW
    rect = f'x="{box.x:.2f}" y="{y}" width="{box.width:.2f}" height="{_ROW - 1}" rx="1.5"'
    whole = tree.values[0] or 1
    if box.nodes > 1:
        value = box.width / (WIDTH - 2 * _LEFT) * whole
        title = f"{box.nodes} frames, each too narrow to be drawn: {_share(value, whole)}"
        return f'<g class="f"><title>{title}</title><rect class="run" {rect}/></g>'
    name = tree.names[tree.at[box.node]]
    label = _clean(name.label)
    value = tree.values[box.node]
    title = f"{label}\n{value_text(value, unit)}, {_share(value, whole)} of all"
    if name.where:
        title = f"{label}\n{_clean(name.where)}{title.removeprefix(label)}"
    look = (
        f"{name.kind} o"
        if crc32((name.where or name.label).encode("utf-8", "replace")) % 2
        else name.kind
    )
    if tree.before:
        before = tree.before[box.node]
        look = _change_class(before, value)
        title += f"\n{change_words(before, value, unit)}"
        label = f"{'+' if value > before else '−' if value < before else '='} {label}"
    room = int((box.width - 6) / _LETTER_PX)
    shown = "" if room < 2 else label if len(label) <= room else label[: room - 1] + "…"
    text = f'x="{box.x + 3:.2f}" y="{y + 13}" data-n={quoteattr(label)}'
    return (
        f'<g class="f" tabindex="0"><title>{escape(title)}</title>'
        f'<rect class="{look}" {rect}/><text {text}>{escape(shown)}</text></g>'
    )


def change_words(before: float, after: float, unit: str) -> str:
    """A change in words, so that nobody needs its colour."""
    if before == after:
        return "no change"
    if not before or not after:
        return "new" if after else "gone"
    size = value_text(abs(after - before), unit)
    share = f"{abs(after - before) / before:.0%}"
    sign, word = ("+", "more") if after > before else ("−", "less")
    return f"{size} {word} ({sign}{share}): {value_text(before, unit)} before"


def _change_class(before: float, after: float) -> str:
    part = (after - before) / max(before, after, 1e-9)
    if abs(part) < 0.01:
        return "same"
    depth = 1 if abs(part) < 0.2 else 2 if abs(part) < 0.5 else 3
    return f"{'more' if part > 0 else 'less'}{depth}"


def _share(part: float, whole: float) -> str:
    return f"{part / whole:.1%}" if part >= whole / 1000 else f"{part / whole:.3%}"


def _clean(text: str) -> str:
    """Text that XML can hold: it has no place for control characters, however they are written."""
    return printable(text)
