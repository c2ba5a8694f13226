"""Latencies at bounded memory."""

from hypothesis import given
from hypothesis import strategies as st

from otx.services.send_report import Latencies


@given(st.lists(st.integers(1, 10**10), min_size=1), st.sampled_from([0.5, 0.9, 0.99]))
def test_a_percentile_is_within_two_percent(samples: list[int], share: float) -> None:
    latencies = Latencies()
    for ns in samples:
        latencies.add(ns)
    exact = sorted(samples)[max(0, -(-int(share * 100) * len(samples) // 100) - 1)]
    assert exact * 0.97 - 1 <= latencies.percentile_ns(share) <= exact * 1.03 + 1
    assert latencies.largest_ns == max(samples)


def test_none_is_zero() -> None:
    assert Latencies().percentile_ns(0.5) == 0
