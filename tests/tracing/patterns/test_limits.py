"""What was dropped is told where spans say so, or are as full as SDKs let them be."""

from dataclasses import replace

from otx.tracing.patterns.limits import find_limits
from tests.tracing.calls import span
from tests.tracing.patterns.scenes import told

ONE = span("a", "", 0, 1)


def test_limits() -> None:
    full = replace(ONE, attributes={f"k{n}": n for n in range(128)})
    dropped = replace(ONE, span_id="b", attributes={"otel.dropped_events_count": 3})
    assert told(find_limits, full, dropped) == [
        "1 span says that attributes, events or links were dropped.",
        "1 span has exactly 128 attributes, events or links, as many as SDKs keep:"
        " more may have been dropped.",
    ]
    assert told(find_limits, ONE) == []
