"""The spans of a trace as a tree, whatever arrived of it.

Spans come in any order, late, twice, or never; parents may be missing and, from a broken sender,
may even form a circle. Every span that was given is in the tree exactly once, exact copies aside,
and what had to be done to get there is counted. Nothing here recurses: a trace may be deeper than
Python's stack.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from otx.model.telemetry import Span


@dataclass(frozen=True, slots=True, eq=False)
class TraceNode:
    """A span in its place, or a stand-in for a parent that has not arrived.

    Attributes:
        span: None for a stand-in.
        depth: 0 for a root.
        children: By start, then span id.
        waiting_for: The id of the missing parent; "" for a span.
        cut_cycle: The span's own descendant claims to be its parent; it was made a root.
    """

    span: Span | None
    depth: int
    children: tuple["TraceNode", ...] = ()
    waiting_for: str = ""
    cut_cycle: bool = False

    def __repr__(self) -> str:
        name = self.span.name if self.span else f"waiting for {self.waiting_for}"
        return f"<TraceNode {name!r} depth={self.depth} children={len(self.children)}>"


@dataclass(frozen=True, slots=True, eq=False)
class TraceTree:
    """A trace as far as it is known.

    Attributes:
        roots: By start; stand-ins for missing parents among them.
        spans: How many spans are in it.
        orphans: Spans whose parent has not arrived.
        duplicates: Exact copies that were left out.
        cycles: Circles of parents that were cut.
    """

    roots: tuple[TraceNode, ...]
    start_unix_nano: int
    end_unix_nano: int
    spans: int
    orphans: int = 0
    duplicates: int = 0
    cycles: int = 0

    @property
    def duration_ns(self) -> int:
        """From the first start to the last end."""
        return self.end_unix_nano - self.start_unix_nano

    def nodes(self) -> Iterator[TraceNode]:
        """All nodes, a parent before its children."""
        waiting = list(reversed(self.roots))
        while waiting:
            node = waiting.pop()
            yield node
            waiting.extend(reversed(node.children))


@dataclass(frozen=True, slots=True, eq=False)
class _Place:
    """A span on its way into the tree."""

    span: Span | None
    waiting_for: str = ""
    cut_cycle: bool = False

    @property
    def start_unix_nano(self) -> int:
        return self.span.start_unix_nano if self.span else 0


def build_tree(spans: Sequence[Span]) -> TraceTree:
    """The tree of one trace's spans; an empty one of none."""
    distinct, duplicates = _without_copies(spans)
    ids = {span.span_id for span in distinct}
    children: dict[str, list[Span]] = defaultdict(list)
    roots: list[_Place] = []
    missing: dict[str, list[Span]] = defaultdict(list)
    for span in distinct:
        if not span.parent_span_id:
            roots.append(_Place(span))
        elif span.parent_span_id in ids:
            children[span.parent_span_id].append(span)
        else:
            missing[span.parent_span_id].append(span)
    stand_ins = [_Place(None, waiting_for=parent) for parent in missing]
    children |= missing
    circles = _cut_cycles([*roots, *stand_ins], distinct, children)
    places = [*roots, *stand_ins, *circles]
    nodes = _grow(places, children)
    return TraceTree(
        roots=tuple(sorted(nodes, key=_order)),
        start_unix_nano=min((span.start_unix_nano for span in distinct), default=0),
        end_unix_nano=max((span.end_unix_nano for span in distinct), default=0),
        spans=len(distinct),
        orphans=sum(map(len, missing.values())),
        duplicates=duplicates,
        cycles=len(circles),
    )


def _without_copies(spans: Sequence[Span]) -> tuple[list[Span], int]:
    """The spans by start without exact copies, which a retried request leaves; and how many."""
    seen: dict[tuple[str, str], list[Span]] = defaultdict(list)
    distinct = []
    for span in sorted(spans, key=lambda one: (one.start_unix_nano, one.span_id)):
        alike = seen[span.span_id, span.parent_span_id]
        if span not in alike:
            alike.append(span)
            distinct.append(span)
    return distinct, len(spans) - len(distinct)


def _cut_cycles(
    places: Sequence[_Place], spans: Sequence[Span], children: dict[str, list[Span]]
) -> list[_Place]:
    """New roots for what no root leads to: of each circle of parents, the earliest span."""
    reached: set[int] = set()
    for place in places:
        _reach(place.span.span_id if place.span else place.waiting_for, place, children, reached)
    cut = []
    for span in spans:
        if id(span) not in reached:
            place = _Place(_on_circle(span, spans), cut_cycle=True)
            assert place.span is not None  # noqa: S101 - made of a span just above
            children[place.span.parent_span_id].remove(place.span)
            _reach(place.span.span_id, place, children, reached)
            cut.append(place)
    return cut


def _reach(key: str, place: _Place, children: dict[str, list[Span]], reached: set[int]) -> None:
    """Note every span below a place."""
    if place.span is not None:
        reached.add(id(place.span))
    waiting = [key]
    while waiting:
        for child in children.get(waiting.pop(), ()):
            if id(child) not in reached:
                reached.add(id(child))
                waiting.append(child.span_id)


def _on_circle(span: Span, spans: Sequence[Span]) -> Span:
    """The earliest span of the circle that a span's parents lead into."""
    by_id = {one.span_id: one for one in reversed(spans)}
    passed: dict[str, Span] = {}
    here = span
    while here.span_id not in passed:
        passed[here.span_id] = here
        here = by_id[here.parent_span_id]
    path = list(passed.values())
    circle = path[path.index(passed[here.span_id]) :]
    return min(circle, key=lambda one: (one.start_unix_nano, one.span_id))


def _grow(places: Sequence[_Place], children: dict[str, list[Span]]) -> list[TraceNode]:
    """Nodes for places and all below them, made from the leaves up."""
    order: list[tuple[_Place, int, int]] = []
    waiting = [(place, 0, -1) for place in reversed(places)]
    taken: set[str] = set()
    while waiting:
        place, depth, parent = waiting.pop()
        index = len(order)
        order.append((place, depth, parent))
        key = place.span.span_id if place.span else place.waiting_for
        if key not in taken:  # of two different spans with one id, the first has the children
            taken.add(key)
            below = reversed(children.get(key, ()))
            waiting += [(_Place(child), depth + 1, index) for child in below]
    grown: dict[int, list[TraceNode]] = defaultdict(list)
    for index in range(len(order) - 1, -1, -1):
        place, depth, parent = order[index]
        node = TraceNode(place.span, depth, (), place.waiting_for, place.cut_cycle)
        below_it = grown.pop(index, [])[::-1]  # as they came, where times and ids are equal
        below_it.sort(key=_order)
        grown[parent].append(replace(node, children=tuple(below_it)))
    return grown[-1][::-1]


def _order(node: TraceNode) -> tuple[int, str]:
    """By start; a stand-in goes where its first child is."""
    first = node.span or next((child.span for child in node.children if child.span), None)
    return (first.start_unix_nano, first.span_id) if first else (0, "")
