"""The smallest part of a script that still goes wrong in the same way (delta debugging, ddmin).

Zeller and Hildebrandt, Simplifying and Isolating Failure-Inducing Input, 2002: leave out ever
smaller pieces as long as what is left still fails.
"""

from collections.abc import Callable, Sequence

from otx.opamp.protocol import Side
from otx.services.opamp_tap.script import Deed, Step

Exchange = tuple[Step, ...]
Fails = Callable[[list[Step]], bool]


def exchanges(steps: Sequence[Step]) -> list[Exchange]:
    """Reports, each with what the server said until the next one of its connection."""
    found: list[list[Step]] = []
    latest: dict[int, list[Step]] = {}
    for step in steps:
        is_report = step.side is Side.CLIENT and step.deed is Deed.SAY
        if is_report or step.connection not in latest:
            latest[step.connection] = []
            found.append(latest[step.connection])
        latest[step.connection].append(step)
    return [tuple(one) for one in found]


def shrink(steps: Sequence[Step], fails: Fails) -> list[Step]:
    """A part of the steps that fails, and of which no single exchange can be left out.

    Args:
        steps: All of them; they fail.
        fails: Whether some of them still go wrong as all did.
    """
    left = exchanges(steps)
    size = max(1, len(left) // 2)
    while True:
        shorter = _without_one(left, size, fails)
        if shorter is not None:
            left = shorter
            size = max(1, min(size, len(left) // 2))
        elif size == 1:
            return _joined(left)
        else:
            size = max(1, size // 2)


def _without_one(left: list[Exchange], size: int, fails: Fails) -> list[Exchange] | None:
    """The same without one piece of this size, if that still fails."""
    if len(left) <= 1:
        return None
    # From the end: what went wrong often needs what came first.
    for begin in range(len(left) - size, -size, -size):
        first = max(0, begin)
        shorter = left[:first] + left[begin + size :]
        if shorter and fails(_joined(shorter)):
            return shorter
    return None


def _joined(left: Sequence[Exchange]) -> list[Step]:
    return sorted((step for one in left for step in one), key=lambda step: step.line)
