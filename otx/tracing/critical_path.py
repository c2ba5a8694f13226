"""The critical path: the spans without which a trace would have ended sooner.

Walked backwards from the end of the root: what the root waited for last is the child that ended
last; before that one began, it waited for the one that had ended last by then, and so on; the
time between is the root's own. The same is done within each of these. A child counts as far as
its parent reaches, since nobody waited for what a parent left running.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from otx.model.telemetry import Span
from otx.tracing.tree import TraceNode, TraceTree


@dataclass(frozen=True, slots=True)
class PathStep:
    """A span on the critical path; what it did not wait for a child is its own.

    Attributes:
        own_ns: Its part of the path.
    """

    span: Span
    own_ns: int


@dataclass(frozen=True, slots=True)
class CriticalPath:
    """The spans of a critical path by the time at which they join it.

    Attributes:
        duration_ns: Of the root; the steps' own times add up to it.
    """

    steps: Sequence[PathStep] = ()
    duration_ns: int = 0


@dataclass(slots=True)
class _Visit:
    """A span as far as its parent reaches."""

    node: TraceNode
    span: Span
    start: int
    end: int


def critical_path(tree: TraceTree) -> CriticalPath:
    """The critical path of a trace's longest root; without steps where it has no span."""
    root = _longest(tree.roots)
    if root is None:
        return CriticalPath()
    steps: list[tuple[int, PathStep]] = []
    waiting = [root]
    while waiting:
        visit = waiting.pop()
        children = _waited_for(visit)
        own = visit.end - visit.start - sum(child.end - child.start for child in children)
        steps.append((visit.start, PathStep(visit.span, own)))
        waiting += children
    # Parents come off the stack before their children, which start no sooner: the sort is stable.
    steps.sort(key=lambda step: step[0])
    return CriticalPath([step for _, step in steps], root.end - root.start)


def _longest(nodes: Iterable[TraceNode]) -> _Visit | None:
    """The longest span among roots, or below a stand-in for one."""
    spans = [(one, one.span) for node in nodes for one in _below_stand_in(node) if one.span]
    if not spans:
        return None
    node, span = max(spans, key=lambda pair: pair[1].duration_ns)
    return _Visit(node, span, span.start_unix_nano, max(span.end_unix_nano, span.start_unix_nano))


def _below_stand_in(node: TraceNode) -> Sequence[TraceNode]:
    return node.children if node.span is None else (node,)


def _waited_for(parent: _Visit) -> list[_Visit]:
    """The children a span waited for, last first; none of them overlap."""
    reaching = [
        _Visit(
            node,
            node.span,
            max(node.span.start_unix_nano, parent.start),
            min(node.span.end_unix_nano, parent.end),
        )
        for node in parent.node.children
        if node.span is not None
    ]
    # Of those that end together, the one that began first explains most.
    reaching.sort(key=lambda child: (-child.end, child.start))
    found: list[_Visit] = []
    cursor = parent.end
    for child in reaching:
        if child.start < child.end <= cursor:
            found.append(child)
            cursor = child.start
    return found
