"""How the shares of functions changed between two profiles, in points of all samples.

Shares and not samples are compared, since two profiles are seldom equally long.
"""

from collections.abc import Mapping

from otx.model.stack import Frame, Stack

LEAST_POINTS = 0.05
"""Changes that would be shown as 0.0 are none."""


def function_shares(counts: Mapping[Stack, int]) -> dict[Frame, float]:
    """The share of all samples, in percent, that each function is on."""
    whole = sum(counts.values())
    totals: dict[Frame, int] = {}
    for stack, value in counts.items():
        for frame in set(stack):
            totals[frame] = totals.get(frame, 0) + value
    return {frame: 100 * total / whole for frame, total in totals.items()} if whole else {}


def share_changes(now: Mapping[Frame, float], before: Mapping[Frame, float]) -> dict[Frame, float]:
    """Points by function, largest change first, for functions that are in either."""
    points = {frame: now.get(frame, 0.0) - before.get(frame, 0.0) for frame in {**now, **before}}
    ranked = sorted(points, key=lambda frame: (-abs(points[frame]), frame.name))
    return {frame: points[frame] for frame in ranked if abs(points[frame]) >= LEAST_POINTS}
