"""Quantiles of a few thousand durations."""

from collections.abc import Sequence


def quantile(ordered: Sequence[int], share: float) -> int:
    """The value that a share of ascending values does not exceed."""
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]
