"""Two profiles beside each other: stack by stack and function by function.

Raw values tell of programs that ran equally long; of others the shares are compared, for which the
earlier profile is scaled to the later one's total.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from otx.model.frame_names import frame_label
from otx.model.stack import Frame, Stack

Pair: TypeAlias = tuple[float, float]
"""A value before and after."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Two profiles of one kind of value.

    Attributes:
        stacks: Before and after of every stack that is in either; before is scaled where
            `is_normalised`.
        totals: Before and after of the whole, as they were measured.
        is_normalised: Whether shares are compared.
    """

    stacks: Mapping[Stack, Pair]
    totals: Pair
    is_normalised: bool

    @property
    def whole(self) -> Pair:
        """The sums of `stacks`."""
        return (self.totals[1], self.totals[1]) if self.is_normalised else self.totals


@dataclass(frozen=True, slots=True)
class FunctionChange:
    """What changed of a function, all its places together.

    Attributes:
        own: Value of the stacks that end in it.
        total: Value of the stacks it is on, each counted once.
    """

    frame: Frame
    own: Pair
    total: Pair

    @property
    def own_change(self) -> float:
        """How much more of its own it has."""
        return self.own[1] - self.own[0]

    @property
    def total_change(self) -> float:
        """How much more there is of it and what it calls."""
        return self.total[1] - self.total[0]


def compare(
    before: Mapping[Stack, int], after: Mapping[Stack, int], *, is_normalised: bool
) -> Difference:
    """Two counts by stack as one difference; an empty one before is scaled to nothing.

    A function is the same in both if its name is, as texts have it: forms of files differ in what
    they know beside that, and a new release may lie in another directory.
    """
    before = _in_frames_of(after, before)
    totals = sum(before.values()), sum(after.values())
    scale = totals[1] / totals[0] if is_normalised and totals[0] else 1.0
    stacks = {
        stack: (before.get(stack, 0) * scale, float(after.get(stack, 0)))
        for stack in {**after, **before}
    }
    return Difference(stacks, totals, is_normalised)


def _in_frames_of(after: Mapping[Stack, int], before: Mapping[Stack, int]) -> dict[Stack, int]:
    """The counts of before, with the frames that after has for the same names."""
    known = {frame: frame for stack in after for frame in stack}
    named: dict[str, Frame] = {}
    for frame in known:
        named.setdefault(frame_label(frame), frame)
    found: dict[Stack, int] = {}
    for stack, value in before.items():
        for frame in stack:
            if frame not in known:
                known[frame] = named.get(frame_label(frame), frame)
        same = tuple(map(known.__getitem__, stack))
        found[same] = found.get(same, 0) + value
    return found


def function_changes(difference: Difference) -> list[FunctionChange]:
    """The functions of either, the largest change of own value first, then of total."""
    own: dict[Frame, list[float]] = {}
    total: dict[Frame, list[float]] = {}
    for stack, (before, after) in difference.stacks.items():
        for frame in set(stack):
            both = total.setdefault(frame, [0.0, 0.0])
            both[0] += before
            both[1] += after
        if stack:
            both = own.setdefault(stack[-1], [0.0, 0.0])
            both[0] += before
            both[1] += after
    changes = [
        FunctionChange(frame, _pair(own.get(frame, [0.0, 0.0])), _pair(both))
        for frame, both in total.items()
    ]
    return sorted(
        changes, key=lambda it: (-abs(it.own_change), -abs(it.total_change), it.frame.name)
    )


def _pair(both: list[float]) -> Pair:
    return both[0], both[1]
