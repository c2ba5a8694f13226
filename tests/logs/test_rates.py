"""Rates put every record of the last seconds in its column, by severity."""

import pytest

from otx.logs.rates import SECONDS, row_of, severity_rates
from otx.model.units import NS_PER_S


@pytest.mark.parametrize(
    ("number", "row"), [(0, "D"), (1, "D"), (8, "D"), (9, "I"), (13, "W"), (17, "E"), (24, "E")]
)
def test_severities_share_rows(number: int, row: str) -> None:
    assert row_of(number) == row


def test_the_newest_second_is_the_last_column_and_what_is_older_or_later_is_left_out() -> None:
    counted = [(1_000, 17, 2), (1_000, 21, 1), (999, 9, 5), (901, 9, 7), (900, 9, 8), (1_001, 9, 9)]
    rates = severity_rates(counted, 1_000 * NS_PER_S + 5, 3, 2)
    assert rates.counts["E"][-1] == 3
    assert (rates.counts["I"][-2], rates.counts["I"][0]) == (5, 7)
    assert all(len(columns) == SECONDS for columns in rates.counts.values())
    assert (rates.total, rates.with_trace, rates.services) == (15, 3, 2)
