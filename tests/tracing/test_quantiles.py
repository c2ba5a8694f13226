"""Quantiles are values that occur."""

from otx.tracing.quantiles import quantile


def test_a_quantile_is_one_of_the_values() -> None:
    assert [quantile(range(10, 20), share) for share in (0.0, 0.5, 0.99, 1.0)] == [10, 15, 19, 19]
    assert quantile([7], 0.5) == 7
