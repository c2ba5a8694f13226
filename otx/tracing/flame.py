"""A trace as a flame graph: a box is all calls of one operation at one place, added up.

Widths are own times and therefore add up: calls that ran beside one another stand side by side,
and their caller is as wide as all of them, however short a time it took.
"""

from collections.abc import Sequence

from otx.flame.place import FlamePath
from otx.flame.tree import ROOT, FlameNode
from otx.model.stack import Frame
from otx.model.telemetry import Span
from otx.tracing.self_time import self_time_ns
from otx.tracing.tree import TraceNode, TraceTree


def flame_of(tree: TraceTree) -> FlameNode:
    """The flame graph of a trace, in nanoseconds."""
    root = FlameNode(ROOT)
    grown = [root]
    parents = [-1]
    waiting = [(node, 0) for node in reversed(tree.roots)]
    places: dict[int, int] = {id(root): 0}
    while waiting:
        node, above = waiting.pop()
        frame = frame_of(node)
        place = grown[above].children.get(frame)
        if place is None:
            place = grown[above].children[frame] = FlameNode(frame)
            places[id(place)] = len(grown)
            grown.append(place)
            parents.append(above)
        place.own += self_time_ns(node)
        waiting += [(child, places[id(place)]) for child in reversed(node.children)]
    for index in range(len(grown) - 1, -1, -1):
        grown[index].total += grown[index].own
        if index:
            grown[parents[index]].total += grown[index].total
    return root


def frame_of(node: TraceNode) -> Frame:
    """The frame a span is part of."""
    if node.span is None:
        return Frame(f"… waiting for parent {node.waiting_for[:8]}", "span")
    return Frame(node.span.name, "span", module=node.span.service)


def spans_at(tree: TraceTree, path: FlamePath) -> list[Span]:
    """The spans that a box of the flame graph adds up, longest first."""
    nodes: Sequence[TraceNode] = ()
    below: Sequence[TraceNode] = tree.roots
    for frame in path:
        nodes = [node for node in below if frame_of(node) == frame]
        below = [child for node in nodes for child in node.children]
    spans = [node.span for node in nodes if node.span is not None]
    return sorted(spans, key=lambda span: -span.duration_ns)


def path_to(tree: TraceTree, span_id: str) -> FlamePath:
    """Where a span is in the flame graph; () where it is not in the trace."""
    above: dict[int, TraceNode] = {}
    for node in tree.nodes():
        for child in node.children:
            above[id(child)] = node
        if node.span is not None and node.span.span_id == span_id:
            path = [node]
            while id(path[-1]) in above:
                path.append(above[id(path[-1])])
            return tuple(frame_of(one) for one in reversed(path))
    return ()
