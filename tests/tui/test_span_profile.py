"""What is said of a span's samples: one of four states, each with its reason."""

from dataclasses import replace

import pytest

from otx.model.telemetry import AttributeValue
from otx.tui.snapshot import ProcessSamples, Status
from otx.tui.span_profile import PID_KEY, ProfileState, span_profile
from tests.tui.conftest import MS, NOW, checkout_spans

SAMPLING = Status(
    sampled_since_unix_nano=NOW - 60_000 * MS,
    processes=(ProcessSamples(8812, 184, 2), ProcessSamples(8813, 0, 0)),
)
LATE = replace(SAMPLING, sampled_since_unix_nano=NOW + 5_000 * MS)
SOON, LATER = NOW + 2_500 * MS, NOW + 60_000 * MS


@pytest.mark.parametrize(
    ("pid", "status", "now", "state", "reason"),
    [
        (8812, SAMPLING, SOON, "linked", "process 8812, 184 samples on 2 threads"),
        (8813, SAMPLING, SOON, "still arriving", "nothing seen yet"),
        (8813, SAMPLING, LATER, "none for this span", "never seen on a processor"),
        (8812, LATE, LATER, "none for this span", "it ended before sampling began"),
        (99, SAMPLING, SOON, "not sampled here", "process 99 is none of those"),
        (None, SAMPLING, SOON, "not sampled here", "has no process.pid"),
        ("8812", SAMPLING, SOON, "not sampled here", "has no process.pid"),
        (True, SAMPLING, SOON, "not sampled here", "has no process.pid"),
        (8812, Status(), SOON, "not sampled here", "no program is sampled"),
    ],
)
def test_the_state_and_its_reason(
    pid: AttributeValue, status: Status, now: int, state: ProfileState, reason: str
) -> None:
    span = replace(checkout_spans()[0], resource={PID_KEY: pid})
    found = span_profile(span, status, now)
    assert found.state == state
    assert reason in found.text
    assert found.pid == (0 if state == "not sampled here" else pid)
