"""A trace as a tree that can be drawn: nodes with their depth, stand-ins for missing parents."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from otx.model.telemetry import Span
from otx.tracing.assembly import Missing, Trace, assemble


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


def build_tree(spans: Sequence[Span]) -> TraceTree:
    """The tree of one trace's spans; an empty one of none."""
    return tree_of(assemble(spans))


def tree_of(trace: Trace) -> TraceTree:
    """The tree of a trace that is put together."""
    grown = _Grown(trace)
    spans = trace.spans
    return TraceTree(
        roots=grown.roots(),
        start_unix_nano=min((span.start_unix_nano for span in spans), default=0),
        end_unix_nano=max((span.end_unix_nano for span in spans), default=0),
        spans=len(spans),
        orphans=sum(len(one.children) for one in trace.missing),
        duplicates=trace.count("duplicate"),
        cycles=trace.count("cycle") + trace.count("self-parent"),
    )


class _Grown:
    """Nodes made from the leaves up, since a node is made with its children."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._cut = {
            fault.spans[0] for fault in trace.faults if fault.kind in ("cycle", "self-parent")
        }
        self._nodes: dict[int, TraceNode] = {}

    def roots(self) -> tuple[TraceNode, ...]:
        """Roots and stand-ins by start; a stand-in goes where its first child is."""
        trace = self._trace
        depths = self._depths()
        for number in reversed(list(depths)):  # children come after their parents
            self._nodes[number] = TraceNode(
                trace.spans[number],
                depths[number],
                tuple([self._nodes.pop(child) for child in trace.children[number]]),
                cut_cycle=number in self._cut,
            )
        first = [(number, self._nodes[number]) for number in trace.roots]
        first += [(missing.children[0], self._stand_in(missing)) for missing in trace.missing]
        return tuple([node for _, node in sorted(first, key=lambda pair: pair[0])])

    def _depths(self) -> dict[int, int]:
        depths: dict[int, int] = {}
        for number in self._trace.downward():
            parent = self._trace.parents[number]
            above = depths[parent] if parent >= 0 else int(self._trace.orphans[number] >= 0) - 1
            depths[number] = above + 1
        return depths

    def _stand_in(self, missing: Missing) -> TraceNode:
        below = tuple([self._nodes[number] for number in missing.children])
        return TraceNode(None, 0, below, missing.span_id)
