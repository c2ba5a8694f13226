"""Round times are timeouts only where something failed."""

from dataclasses import replace

import pytest

from otx.tracing.patterns.timeouts import find_gave_up_first, find_timeouts, usual_timeout_ns
from tests.tracing.calls import MS, span
from tests.tracing.patterns.scenes import scene, told

CALL = span("call", "", 0, 1_004, "CLIENT", status="ERROR", error_type="TimeoutError")


def test_a_failure_after_a_round_time_looks_configured() -> None:
    assert told(find_timeouts, CALL) == [
        "shop call failed (TimeoutError) after 1.00 s, which looks like a timeout of 1.00 s."
    ]


def test_without_failure_or_at_any_other_time_it_does_not() -> None:
    assert told(find_timeouts, replace(CALL, status="UNSET", attributes={})) == []
    assert told(find_timeouts, replace(CALL, end_unix_nano=1_100 * MS)) == []
    assert told(find_timeouts, replace(CALL, kind="INTERNAL", attributes={})) == []
    answered = replace(CALL, attributes={"http.response.status_code": 500})
    assert told(find_timeouts, answered) == []
    assert len(told(find_timeouts, replace(CALL, attributes={}))) == 1


def test_of_spans_within_one_another_the_innermost_is_told() -> None:
    above = span("above", "", 0, 1_005, "SERVER", status="ERROR", error_type="timeout")
    (found,) = find_timeouts(scene([above, replace(CALL, parent_span_id="above")]))
    assert scene([above, replace(CALL, parent_span_id="above")]).name(found.spans[0]) == "shop call"


@pytest.mark.parametrize(
    ("duration_ms", "timeout_ms"),
    [(990, 1_000), (1_010, 1_000), (989, 0), (1_011, 0), (30_100, 30_000), (0, 0), (10**9, 0)],
)
def test_a_hundredth_more_or_less_is_close(duration_ms: int, timeout_ms: int) -> None:
    assert usual_timeout_ns(duration_ms * MS) == timeout_ms * MS


def test_a_client_that_gave_up_first() -> None:
    server = span("server", "call", 10, 1_304, "SERVER", "stock", host="two")
    (said,) = told(find_gave_up_first, CALL, server)
    assert said.startswith("shop call had given up at least 29")
    assert said.endswith("before stock server ended.")
    assert told(find_gave_up_first, CALL, replace(server, end_unix_nano=900 * MS)) == []


def test_on_clocks_that_do_not_compare_a_longer_server_still_tells() -> None:
    server = span("server", "call", 10, 1_304, "SERVER", "stock", host="elsewhere")
    (found,) = find_gave_up_first(scene([CALL, server]))
    assert found.facts["late_ns"] == 290 * MS


def test_an_answered_client_gave_nothing_up_and_a_cancelled_one_is_no_timeout() -> None:
    server = span("server", "call", 10, 1_304, "SERVER", "stock", host="two")
    answered = replace(CALL, attributes={"http.response.status_code": 500})
    assert told(find_gave_up_first, answered, server) == []
    cancelled = replace(CALL, parent_span_id="above", attributes={"rpc.grpc.status_code": 1})
    assert told(find_timeouts, span("above", "", 0, 1_100), cancelled) == []
