"""Failures below a span are known to it, made up for, or too late."""

from dataclasses import replace
from time import process_time

from otx.model.telemetry import Span
from otx.tracing.assembly import assemble
from otx.tracing.error_below import FailuresBelow
from otx.tracing.failures import failures
from otx.tracing.timing import raw_timing
from tests.tracing.calls import span
from tests.tracing.test_error_story import ROOT, failing, well


def below(*spans: Span) -> FailuresBelow:
    timing = raw_timing(assemble(spans))
    return FailuresBelow(timing, failures(timing.trace.spans))


def call(name: str, start_ms: float, end_ms: float, path: str = "/a") -> Span:
    return failing(name, "root", start_ms, end_ms, "CLIENT", operation="GET", url_path=path)


def test_a_failed_child_that_ended_in_time_is_a_source() -> None:
    found = below(ROOT, call("first", 10, 20))
    assert found.known_to(0) == [1]
    assert found.sources(0) == (1,)
    assert found.ways(0) == ["was not passed on"]


def test_a_later_call_for_the_same_makes_up_for_a_failed_one() -> None:
    found = below(ROOT, call("first", 10, 20), well(call("second", 30, 40)))
    assert found.recovered(0, [1]) == {1}
    assert found.sources(0) == ()
    assert found.ways(0) == ["was made up for"]


def test_a_call_for_something_else_makes_up_for_nothing() -> None:
    found = below(ROOT, call("first", 10, 20), well(call("second", 30, 40, "/b")))
    assert found.recovered(0, [1]) == set()
    assert found.sources(0) == (1,)


def test_what_ends_after_its_parent_comes_too_late() -> None:
    found = below(ROOT, call("slow", 10, 120))
    assert found.late == {1}
    assert found.known_to(0) == []
    assert found.ways(0) == ["failed or ended later"]


def test_of_calls_that_tell_nothing_only_as_many_are_made_up_for_as_are_said_to_be_sent_again() -> (
    None
):
    tries = [failing(f"t{n}", "root", n, n + 0.5, "CLIENT", operation="GET") for n in range(4)]
    again = span("again", "root", 10, 11, "CLIENT", operation="GET")
    again = replace(again, attributes={"http.request.resend_count": 2})
    assert below(ROOT, *tries, again).recovered(0, [1, 2, 3, 4]) == {3, 4}
    assert below(ROOT, *tries, replace(again, attributes={})).recovered(0, [1, 2, 3, 4]) == set()


def test_many_calls_that_fail_and_go_well_by_turns_take_no_longer_than_they_are_many() -> None:
    calls = [call(f"c{n}", 1 + n / 250, 1 + n / 250 + 0.001, f"/{n % 2}") for n in range(20_000)]
    found = below(ROOT, *(one if n % 3 else well(one) for n, one in enumerate(calls)))
    begun_s = process_time()
    assert len(found.recovered(0, found.known_to(0))) > 10_000
    assert process_time() - begun_s < 2
