"""A profile as it is passed round."""

import pytest

from otx.model.profile import CPU, MAX_VALUE, SAMPLES, Profile, StackSample, saturated, value_text
from otx.model.stack import Frame

A = (Frame("a", "native"),)


def test_counts_are_of_the_shown_type() -> None:
    samples = [StackSample(A, (1, 10)), StackSample(A, (2, 20))]
    assert Profile((SAMPLES, CPU), samples).counts() == {A: 3}
    shown = Profile((SAMPLES, CPU), samples, shown=1)
    assert (shown.counts(), shown.total, str(shown.shown_type)) == ({A: 30}, 30, "cpu/nanoseconds")


def test_a_period_of_time_is_a_frequency() -> None:
    assert Profile((CPU,), [], period=10_101_010, period_type=CPU).frequency_hz == 99
    assert Profile((CPU,), [], period=512, period_type=SAMPLES).frequency_hz == 0


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (1_500_000, "nanoseconds", "1.50 ms"),
        (2048, "bytes", "2.0 KiB"),
        (12_345, "count", "12 345"),
    ],
)
def test_values_are_told_in_their_unit(value: int, unit: str, text: str) -> None:
    assert value_text(value, unit).replace("\u202f", " ") == text


def test_values_no_form_can_say_become_the_nearest() -> None:
    assert saturated(1 << 70) == MAX_VALUE
    assert saturated(-(1 << 70)) == -MAX_VALUE - 1
