"""The rows of a waterfall: a trace's tree with its folds, as a list.

Three or more equal calls without children that follow one another become one row, since a loop of
two hundred queries says no more in two hundred rows. Failed spans show their exceptions.
"""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

from otx.model.telemetry import Span, SpanEvent
from otx.tracing.tree import TraceNode, TraceTree

LEAST_RUN = 3


@dataclass(frozen=True, slots=True)
class WaterfallRow:
    """A span, a run of equal spans, an event, or a parent that has not arrived.

    Attributes:
        id: The span's id; with a word before it for what is no single span.
        node: The span's node; the first one's of a run.
        depth: How far in it stands.
        can_fold: Whether there is something below it.
        is_folded: Whether that is hidden.
        run: All nodes of a run; empty for anything else.
        event: The event, for a row of an event.
    """

    id: Hashable
    node: TraceNode
    depth: int
    can_fold: bool = False
    is_folded: bool = False
    run: Sequence[TraceNode] = ()
    event: SpanEvent | None = None

    @property
    def span(self) -> Span | None:
        """The span the row is about; None for a parent that has not arrived."""
        return self.node.span

    @property
    def failed(self) -> bool:
        """Whether the span, or one of the run, says that it failed."""
        nodes = self.run or (self.node,)
        return any(node.span is not None and node.span.is_error for node in nodes)


def waterfall_rows(tree: TraceTree, touched: frozenset[Hashable]) -> list[WaterfallRow]:
    """The rows to show.

    Args:
        tree: The trace.
        touched: Ids of the rows whose fold a person changed: spans begin unfolded, runs folded.
    """
    rows: list[WaterfallRow] = []
    waiting = list(reversed(list(_grouped(tree.roots, 0))))
    while waiting:
        row = waiting.pop()
        changed = row.id in touched
        if row.run:
            is_folded = not changed
            below = [_row_of(node, row.depth + 1) for node in row.run]
        else:
            is_folded = changed and row.can_fold
            below = list(_grouped(row.node.children, row.depth + 1))
        rows.append(WaterfallRow(row.id, row.node, row.depth, row.can_fold, is_folded, row.run))
        if not is_folded:
            rows += () if row.run else _exceptions(row)
            waiting += reversed(below)
    return rows


def ids_to_touch(rows: Sequence[WaterfallRow], fold: bool) -> frozenset[Hashable]:
    """What must have been touched for all that is shown to be folded, or unfolded."""
    return frozenset(row.id for row in rows if row.can_fold and bool(row.run) != fold)


def matching_rows(tree: TraceTree, matching: frozenset[str]) -> list[WaterfallRow]:
    """Only the spans that match, one below the other, in the order of the tree."""
    return [
        WaterfallRow(node.span.span_id, node, 0)
        for node in tree.nodes()
        if node.span is not None and node.span.span_id in matching
    ]


def _grouped(nodes: Sequence[TraceNode], depth: int) -> Iterator[WaterfallRow]:
    """A row a node, runs of equal leaves as one."""
    index = 0
    while index < len(nodes):
        end = index + 1
        while end < len(nodes) and _are_alike(nodes[index], nodes[end]):
            end += 1
        if end - index >= LEAST_RUN:
            first = nodes[index]
            name = ("run", first.span.span_id if first.span else "")
            yield WaterfallRow(name, first, depth, can_fold=True, run=nodes[index:end])
        else:
            yield from (_row_of(node, depth) for node in nodes[index:end])
        index = end


def _row_of(node: TraceNode, depth: int) -> WaterfallRow:
    name: Hashable = node.span.span_id if node.span else ("waiting", node.waiting_for)
    return WaterfallRow(name, node, depth, can_fold=bool(node.children))


def _are_alike(one: TraceNode, other: TraceNode) -> bool:
    if one.span is None or other.span is None or one.children or other.children:
        return False
    return (one.span.service, one.span.name, one.span.is_error) == (
        other.span.service,
        other.span.name,
        other.span.is_error,
    )


def _exceptions(row: WaterfallRow) -> Iterator[WaterfallRow]:
    """A row an exception of a failed span."""
    if row.span is None or not row.span.is_error:
        return
    for number, event in enumerate(row.span.events):
        if event.name == "exception":
            name = ("event", row.span.span_id, number)
            yield WaterfallRow(name, row.node, row.depth + 1, event=event)
