"""The sampling decision that a trace's id or tracestate holds."""

from typing import Any

import pytest

from tests.ottl.documents import document, value_of


def keeps(ratio: float, trace_id: str, trace_state: str = "") -> Any:
    span = {"traceId": trace_id, "spanId": "b7ad6b7169203331", "traceState": trace_state}
    return value_of(document("Spans", span), "span", f"TraceIDRatioBasedSampler({ratio})")


LOW, HIGH = "0" * 31 + "1", "f" * 32


@pytest.mark.parametrize(
    ("ratio", "trace_id", "state", "kept"),
    [
        (1.0, LOW, "", True),
        (0.0, HIGH, "", False),
        (0.5, LOW, "", False),
        (0.5, HIGH, "", True),
        # What the tracestate tells counts, wherever it stands; the id does not then.
        (0.5, LOW, "a=1,ot=th:8;rv:ffffffffffffff", True),
        (0.5, HIGH, "ot=rv:00000000000000", False),
        # What is no randomness, or no tracestate, is passed over.
        (0.5, HIGH, "ot=rv:000", True),
        (0.5, HIGH, "a=rv:00000000000000", True),
        (0.5, HIGH, "Not One,ot=rv:00000000000000", True),
    ],
)
def test_a_trace_is_kept_by_its_randomness(
    ratio: float, trace_id: str, state: str, kept: bool
) -> None:
    assert keeps(ratio, trace_id, state) is kept


def test_a_trace_kept_at_a_ratio_is_kept_at_every_higher_one() -> None:
    ids = [f"{number * 0x9E3779B97F4A7C15 % 2**64:032x}" for number in range(1, 60)]
    for one in ids:
        kept = [keeps(ratio, one) for ratio in (0.1, 0.3, 0.6, 0.9)]
        assert kept == sorted(kept)
