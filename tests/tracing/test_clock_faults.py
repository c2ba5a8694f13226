"""Times that are wrong in themselves."""

from dataclasses import replace

import pytest

from otx.model.telemetry import Span
from otx.tracing.assembly import assemble
from otx.tracing.clock_faults import ClockFault, clock_faults, untimed_spans
from tests.tracing.requests import BEGIN, MS, S


def span(number: int, start: int, end: int, *, parent: int = 0, name: str = "work") -> Span:
    return Span(
        trace_id="1" * 32,
        span_id=f"{number:016x}",
        parent_span_id=f"{parent:016x}" if parent else "",
        name=name,
        kind="INTERNAL",
        service="cart",
        start_unix_nano=start,
        end_unix_nano=end,
        resource={"host.name": "h"},
    )


def faults(*spans: Span, received: int | None = None) -> list[tuple[str, list[str]]]:
    trace = assemble(spans)
    return [
        (fault.kind, [trace.spans[number].span_id[-1] for number in fault.spans])
        for fault in clock_faults(trace, received)
    ]


ROOT = span(1, BEGIN, BEGIN + S, name="root")


@pytest.mark.parametrize(
    ("start", "end", "kind"),
    [
        (BEGIN, 0, "no time"),
        (0, BEGIN, "no time"),
        (BEGIN + 2, BEGIN + 1, "ends before it starts"),
        (BEGIN // 10**6, BEGIN // 10**6 + 5, "unit mistake"),
        (BEGIN // 10**9, BEGIN // 10**9 + 1, "unit mistake"),
        (BEGIN // 10**3, BEGIN + 1, "unit mistake"),
        (5 * S, 6 * S, "before 2000"),
        (BEGIN, BEGIN, "no duration"),
        (BEGIN + 10 * S, BEGIN + 11 * S, "in the future"),
    ],
)
def test_what_one_span_shows(start: int, end: int, kind: str) -> None:
    assert faults(ROOT, span(2, start, end, parent=1), received=BEGIN + 5 * S) == [(kind, ["2"])]


def test_good_times_show_nothing() -> None:
    assert faults(ROOT, span(2, BEGIN, BEGIN + 5, parent=1), received=BEGIN + S) == []
    assert faults() == []


def alike(length: int) -> list[Span]:
    """Five spans of one operation of some milliseconds, and one of another length."""
    usual = [span(n, BEGIN, BEGIN + n * MS, parent=1) for n in range(2, 7)]
    return [ROOT, *usual, span(9, BEGIN, BEGIN + length, parent=1)]


def test_a_length_in_another_unit_is_told_by_the_others() -> None:
    assert faults(*alike(4 * S)) == [("duration in another unit", ["9"])]
    assert faults(*alike(4 * 10**6 * MS)) == [("duration in another unit", ["9"])]
    assert faults(*alike(900 * MS)) == []  # long, and within its parent


def test_a_machine_that_slept_is_told_by_the_others() -> None:
    assert faults(*alike(90 * 60 * S)) == [("slept", ["9"])]


def test_browsers_are_named_once_a_clock() -> None:
    in_browser = {"telemetry.sdk.language": "webjs"}
    spans = [replace(one, resource=in_browser) for one in (ROOT, span(2, BEGIN, BEGIN + 1))]
    assert faults(*spans) == [("browser clock", ["1", "2"])]


def test_only_times_that_are_none_are_left_out() -> None:
    found = [ClockFault("no time", "a", (1, 2)), ClockFault("no duration", "a", (3,))]
    assert untimed_spans(found) == {1, 2}
