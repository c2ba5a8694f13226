"""Buckets of histograms as tests compare them."""

from typing import Any

import pytest


def filled(buckets: list[dict[str, Any]] | None) -> Any:
    """The buckets that hold anything, as their bounds and count."""
    if buckets is None:
        return None
    found = [(one["lower"], one["upper"], one["count"]) for one in buckets if one["count"]]
    return [tuple(pytest.approx(part) for part in one) for one in found]
