"""What the children of a span waited for, and for how long the span's own work kept them.

A child begins a fixed time after the last of what had ended by then, its siblings or its parent's
start (fork and join, as CRISP has it); its parent ends a fixed time after the last of its
children. The times between are the parent's own.
"""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

from otx.tracing.waits import Waits


@dataclass(frozen=True, slots=True)
class WaitPlan:
    """What a span's children waited for, and for how long its own work kept them.

    Attributes:
        children: By start.
        lags: For each child the parent's own time before it.
        ended: The places of children, by end.
        ended_before: For each child how many of `ended` it waited for.
        tail: The parent's own time after its last child.
    """

    children: Sequence[int]
    lags: Sequence[int]
    ended: Sequence[int]
    ended_before: Sequence[int]
    tail: int


def plan_of(waits: Waits, number: int) -> WaitPlan:
    """The plan of one span's children."""
    starts, ends = waits.starts, waits.ends
    begin = starts[number]
    children = sorted(waits.children(number), key=lambda one: (starts[one], ends[one], one))
    running: list[tuple[int, int]] = []
    ended: list[int] = []
    ended_before: list[int] = []
    lags: list[int] = []
    released = begin
    for place, child in enumerate(children):
        while running and running[0][0] <= starts[child]:
            end, other = heapq.heappop(running)
            released = max(released, end)
            ended.append(other)
        ended_before.append(len(ended))
        lags.append(starts[child] - released)
        heapq.heappush(running, (ends[child], place))
    last = max((ends[child] for child in children), default=begin)
    return WaitPlan(children, lags, ended, ended_before, ends[number] - last)
