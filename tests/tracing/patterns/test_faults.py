"""What assembly had to mend is told."""

from dataclasses import replace

from otx.tracing.patterns.faults import find_faults
from tests.tracing.calls import span
from tests.tracing.patterns.scenes import told

ROOT = span("root", "", 0, 100, "SERVER")


def test_each_kind_is_told_once() -> None:
    shared = [span("x", "root", 0, 9, "CLIENT"), span("x", "root", 1, 8, "SERVER")]
    clash = [span("y", "root", 0, 9), span("y", "root", 1, 9)]
    circle = [span("p", "q", 0, 1), span("q", "p", 0, 1)]
    backwards = replace(ROOT, span_id="back", start_unix_nano=9, end_unix_nano=1)
    said = told(
        find_faults, ROOT, ROOT, *shared, *clash, *circle, span("self", "self", 0, 1), backwards
    )
    assert [one.split(";")[0] for one in said] == [
        "1 exact copy of a span was left out, as a repeated request leaves them.",
        "1 pair of client and server shares a span id.",
        "1 span id is used by several spans",
        "1 span names itself as its parent",
        "1 circle of parents cut at the earliest span.",
        "1 span ends before it starts",
    ]
    assert told(find_faults, ROOT) == []


def test_a_child_that_starts_before_its_parent_is_told_on_one_clock_only() -> None:
    parent = replace(ROOT, start_unix_nano=5_000_001)
    early, far = span("early", "root", 2.0001, 9), span("far", "root", 1.0001, 9, host="two")
    assert told(find_faults, parent, early, far) == [
        "1 span starts up to 3.00 ms before the parent, on the same clock: it was set meanwhile, "
        "or a start was given by hand."
    ]


def test_what_rounding_may_make_is_no_early_child() -> None:
    def of_javascript(start_ms: float) -> list[str]:
        child = span("child", "root", start_ms, start_ms + 3.3, host="one")
        spans = [replace(ROOT, start_unix_nano=5_000_000, end_unix_nano=9_900_000), child]
        told_by = {"telemetry.sdk.language": "nodejs"}
        return told(find_faults, *(replace(s, resource={**s.resource, **told_by}) for s in spans))

    assert of_javascript(4) == []
    assert len(of_javascript(2)) == 1
