"""A trace as lines of text: the tree on the left, its waterfall on the right.

One line a span, `✗` for an error, `◆` for an event; nothing is said by colour alone, and every
line fits the width. Bars are as fine as an eighth of a cell at their end.
"""

from otx.model.cells import fit, shorten
from otx.model.telemetry import Span
from otx.model.units import format_duration
from otx.tracing.tree import TraceNode, TraceTree

MIN_WIDTH = 40
_DURATION_CELLS = 9
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_MAX_INDENT = 12
"""Levels drawn by indentation; deeper ones say their depth instead."""


def draw_tree(tree: TraceTree, width: int) -> list[str]:
    """Lines of at most `width` cells (at least 40), one a span or missing parent."""
    width = max(width, MIN_WIDTH)
    bar_cells = max(10, width * 2 // 5)
    name_cells = width - bar_cells - _DURATION_CELLS - 4
    lines = []
    for node, stem in _stems(tree):
        label = fit(stem + _label(node), name_cells)
        if node.span is None:
            lines.append(label.rstrip())
            continue
        mark = "✗" if node.span.is_error else " "
        duration = fit(format_duration(node.span.duration_ns), _DURATION_CELLS, right=True)
        bar = _bar(tree, node.span, bar_cells)
        lines.append(f"{label} {mark} {duration} {bar}".rstrip())
    return lines


def describe_tree(tree: TraceTree) -> str:
    """One line on the whole trace: spans, services, duration, errors, what is odd."""
    spans = [node.span for node in tree.nodes() if node.span is not None]
    services = len({span.service for span in spans})
    errors = sum(span.is_error for span in spans)
    parts = [
        format_duration(tree.duration_ns),
        _count(tree.spans, "span"),
        _count(services, "service"),
    ]
    parts += [f"✗ {_count(errors, 'error')}"] if errors else []
    parts += [f"{tree.orphans} without their parent"] if tree.orphans else []
    parts += [_count(tree.duplicates, "exact copy left out")] if tree.duplicates else []
    parts += [_count(tree.cycles, "circle of parents cut")] if tree.cycles else []
    return " · ".join(parts)


def _count(number: int, what: str) -> str:
    noun, _, rest = what.partition(" ")
    if number != 1:
        noun = {"copy": "copies", "exact": "exact"}.get(noun, noun + "s")
        rest = rest.replace("copy", "copies")
    return f"{number} {noun} {rest}".rstrip()


def _stems(tree: TraceTree) -> list[tuple[TraceNode, str]]:
    """Every node with the branches drawn before its name."""
    rows: list[tuple[TraceNode, str]] = []
    waiting = [(root, "", "") for root in reversed(tree.roots)]
    while waiting:
        node, stem, below = waiting.pop()
        if node.depth > _MAX_INDENT:
            stem = f"{'│ ' * (_MAX_INDENT - 2)}… {node.depth} "
        rows.append((node, stem))
        for index in range(len(node.children) - 1, -1, -1):
            last = index == len(node.children) - 1
            child_stem = below + ("└─ " if last else "├─ ")
            child_below = below + ("   " if last else "│  ")
            if node.depth >= _MAX_INDENT:
                child_below = below
            waiting.append((node.children[index], child_stem, child_below))
    return rows


def _label(node: TraceNode) -> str:
    if node.span is None:
        return f"… waiting for parent {shorten(node.waiting_for, 16)}"
    note = " (its parent is below it)" if node.cut_cycle else ""
    return f"{node.span.service or '?'} {node.span.name}{note}"


def _bar(tree: TraceTree, span: Span, cells: int) -> str:
    """The span's time in the trace's, with its events on it."""
    whole = max(tree.duration_ns, 1)
    start = _at(span.start_unix_nano - tree.start_unix_nano, whole, cells * 8)
    end = max(_at(span.end_unix_nano - tree.start_unix_nano, whole, cells * 8), start)
    first = min(start // 8, cells - 1)
    eighths = max(end - first * 8, 1)
    line = list(" " * first + "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip())
    for event in span.events:
        at = _at(event.time_unix_nano - tree.start_unix_nano, whole, cells)
        at = min(at, cells - 1)
        line += " " * (at + 1 - len(line))
        line[at] = "◆"
    return "".join(line[:cells])


def _at(offset_ns: int, whole_ns: int, cells: int) -> int:
    return min(max(offset_ns * cells // whole_ns, 0), cells)
