"""How times, durations and ids show themselves."""

import pytest

from otx.ottl.durations import parse_duration
from otx.ottl.errors import ExecutionError
from otx.ottl.go_own_text import duration_text, identifier_text, time_text
from otx.ottl.values import Duration, SpanId, Time, TraceId


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "0s"),
        (1, "1ns"),
        (1_500, "1.5µs"),
        (-1_500_000, "-1.5ms"),
        (999_999_999, "999.999999ms"),
        (1_000_000_000, "1s"),
        (60_000_000_000, "1m0s"),
        (3_600_000_000_000, "1h0m0s"),
        (3_723_004_000_000, "1h2m3.004s"),
        (-(1 << 63), "-2562047h47m16.854775808s"),
    ],
)
def test_durations(ns: int, text: str) -> None:
    assert duration_text(Duration(ns)) == text
    try:
        assert parse_duration(text) == Duration(ns)
    except ExecutionError:
        assert ns == -(1 << 63)


def test_times() -> None:
    assert time_text(Time(1_581_452_772_000_000_321)) == "2020-02-11 20:26:12.000000321 +0000 UTC"
    assert time_text(Time(0, 3600, "CET")) == "1970-01-01 01:00:00 +0100 CET"


def test_an_id_of_zeros_is_no_text() -> None:
    assert identifier_text(TraceId(bytes(16))) == ""
    assert identifier_text(SpanId(bytes(range(8)))) == "0001020304050607"
