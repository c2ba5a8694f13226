"""What the shares of a summary come to: values of stacks and functions that make its total.

Shares are thousandths, so a value is off by up to half of one, and the sum of many by more than the
whole. What is too much is taken off again, from each no more than rounding can have added.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

Names: TypeAlias = tuple[str, ...]
"""The functions of a stack, root first."""
_WHOLE = 1000


@dataclass(frozen=True, slots=True)
class Told:
    """A summary's stacks, each with its value, which together are its total.

    Attributes:
        stacks: Whole ones.
        functions: What functions have as their own beside those, each a stack of one name.
        rest: What is in neither; below 0 where the profile has values that are.
    """

    stacks: Sequence[tuple[Names, int]]
    functions: Sequence[tuple[Names, int]]
    rest: int


def told_by(
    total: int, functions: Sequence[tuple[str, int]], stacks: Sequence[tuple[Names, int]]
) -> Told:
    """What the tables of a summary tell.

    Args:
        total: All there is.
        functions: Names of functions and their own shares, in thousandths.
        stacks: Stacks and their shares, in thousandths.
    """
    own: dict[str, int] = {}
    for name, share in functions:
        own[name] = own.get(name, 0) + _value(total, share)
    whole = [(names, _value(total, share)) for names, share in stacks]
    alone = _beside(own, whole)
    excess = sum(value for _, value in (*whole, *alone)) - total
    whole, excess = _without(whole, excess, total)
    alone, excess = _without(alone, excess, total)
    return Told(whole, alone, -excess)


def _value(total: int, share: int) -> int:
    return (2 * total * share + _WHOLE) // (2 * _WHOLE)


def _beside(own: dict[str, int], stacks: Sequence[tuple[Names, int]]) -> list[tuple[Names, int]]:
    """What functions have as their own that is not that of a stack which ends in them."""
    left = dict(own)
    for names, value in stacks:
        if names and names[-1] in left:
            left[names[-1]] -= value
    return [((name,), value) for name, value in left.items() if value > 0 or own[name] < 0]


def _without(
    counts: Sequence[tuple[Names, int]], excess: int, total: int
) -> tuple[list[tuple[Names, int]], int]:
    """Values without an excess, as far as rounding can have made it; and what is left of that."""
    most = abs(total) // (2 * _WHOLE) + 1
    kept = []
    for names, value in counts:
        part = max(0, min(excess, most, value))
        excess -= part
        kept.append((names, value - part))
    return kept, excess
