"""The critical path: the spans without which a trace would have ended sooner.

Walked backwards from the end of the root: what the root waited for last is the child that ended
last; before that one began, it waited for the one that had ended last by then, and so on; the
time between is the root's own. The same is done within each of these (CRISP, USENIX ATC 2022, and
Jaeger's, with nanoseconds and with children that touch). Which children count, and how far, is
told by `otx.tracing.waits`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from otx.model.telemetry import Span
from otx.tracing.assembly import NO_PARENT
from otx.tracing.waits import Waits


class Section(NamedTuple):
    """A stretch of time that is a span's own; sections tile the root.

    Attributes:
        span: The span's number.
    """

    span: int
    start_ns: int
    end_ns: int


@dataclass(frozen=True, slots=True)
class PathStep:
    """A span on the critical path; what it did not wait for a child is its own.

    Attributes:
        own_ns: Its part of the path.
        number: The span's.
    """

    span: Span
    own_ns: int
    number: int


@dataclass(frozen=True, slots=True)
class CriticalPath:
    """The spans of a critical path by the time at which they join it.

    Attributes:
        duration_ns: Of the root; the steps' own times add up to it.
        root: The number of the span that the path is of; `NO_PARENT` where there is none.
        sections: By time, each beginning where the one before ended; none of them is empty.
        unsure: Spans on the path whose clock does not compare with their parent's: where they lie
            within it is what their senders say, and no more.
    """

    steps: Sequence[PathStep] = ()
    duration_ns: int = 0
    root: int = NO_PARENT
    sections: Sequence[Section] = ()
    unsure: Sequence[int] = ()


def critical_path(waits: Waits, root: int | None = None) -> CriticalPath:
    """The critical path of a span, by default of the longest root; empty where there is no span."""
    root = waits.longest_root() if root is None else root
    if root == NO_PARENT:
        return CriticalPath()
    sections: list[Section] = []
    joined: list[int] = []
    waiting = [root]
    while waiting:
        number = waiting.pop()
        joined.append(number)
        children = _waited_for(waits, number)
        sections += _own_sections(waits, number, children)
        waiting += children
    sections.sort(key=lambda section: section.start_ns)
    # Parents come off the stack before their children, which start no sooner: the sort is stable.
    joined.sort(key=lambda number: waits.starts[number])
    own = dict.fromkeys(joined, 0)
    for section in sections:
        own[section.span] += section.end_ns - section.start_ns
    spans, parents = waits.trace.spans, waits.trace.parents
    return CriticalPath(
        [PathStep(spans[number], own[number], number) for number in joined],
        waits.ends[root] - waits.starts[root],
        root,
        sections,
        [
            number
            for number in joined
            if number != root and not _compares(waits, number, parents[number])
        ],
    )


def _compares(waits: Waits, one: int, other: int) -> bool:
    domains = waits.trace.domains
    if domains[one].clock == domains[other].clock:
        return True
    return waits.timing.margin_ns(one, other) is not None


def _waited_for(waits: Waits, parent: int) -> list[int]:
    """The children a span waited for, last first; none of them overlap."""
    starts, ends = waits.starts, waits.ends
    # Of those that end together, the one that began first explains most.
    reaching = sorted(
        waits.children(parent), key=lambda child: (-ends[child], starts[child], child)
    )
    found = []
    cursor = ends[parent]
    for child in reaching:
        if starts[child] < ends[child] <= cursor:
            found.append(child)
            cursor = starts[child]
    return found


def _own_sections(waits: Waits, number: int, children: Sequence[int]) -> list[Section]:
    """What is left of a span around the children it waited for, last first."""
    sections = []
    cursor = waits.ends[number]
    for child in children:
        if waits.ends[child] < cursor:
            sections.append(Section(number, waits.ends[child], cursor))
        cursor = waits.starts[child]
    if waits.starts[number] < cursor:
        sections.append(Section(number, waits.starts[number], cursor))
    return sections
