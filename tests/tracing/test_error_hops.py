"""Ends are compared as far as clocks allow, and by lengths where they do not."""

import pytest

from otx.tracing.assembly import assemble
from otx.tracing.error_hops import error_hops
from otx.tracing.error_times import ended_after
from otx.tracing.failures import failures
from otx.tracing.timing import Shift, Timing, raw_timing
from tests.tracing.calls import span


def timing(end_ms: float, host: str, shifts: dict[str, Shift] | None = None) -> Timing:
    """Of a client that takes 50.0001 ms and its server, which begins 10 ms later."""
    spans = [
        span("call", "", 0, 50.0001, "CLIENT"),
        span("serve", "call", 10.0001, end_ms, "SERVER", "stock", host=host),
    ]
    raw = raw_timing(assemble(spans))
    return Timing(raw.trace, raw.starts, raw.ends, shifts or {})


MARGIN = {"one": Shift(0, 0, "one"), "two": Shift(0, 5_000_000, "one")}


@pytest.mark.parametrize(
    ("end_ms", "host", "shifts", "is_later"),
    [
        (60, "two", MARGIN, True),
        (52, "two", MARGIN, None),
        (40, "two", MARGIN, False),
        (59, "far", {}, None),
        (61, "far", {}, True),
    ],
)
def test_ended_after(
    end_ms: float, host: str, shifts: dict[str, Shift], is_later: bool | None
) -> None:
    assert ended_after(timing(end_ms, host, shifts), 1, 0) is is_later


def test_without_failures_there_are_no_hops() -> None:
    found = timing(40, "one")
    assert error_hops(found, failures(found.trace.spans)) == []
