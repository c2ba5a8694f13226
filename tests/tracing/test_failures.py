"""What counts as a failure, by kind of span (semantic conventions, HTTP and gRPC)."""

from dataclasses import replace
from typing import Any

import pytest

from otx.model.telemetry import SpanEvent, SpanKind, StatusCode
from otx.tracing.failures import failure_of, failures, names
from tests.tracing.calls import span


@pytest.mark.parametrize(
    ("kind", "attributes", "what"),
    [
        ("SERVER", {"http.response.status_code": 503}, "HTTP 503"),
        ("SERVER", {"http.response.status_code": 404}, None),
        ("CLIENT", {"http.response.status_code": 404}, "HTTP 404"),
        ("CLIENT", {"http.status_code": "500"}, "HTTP 500"),
        ("CLIENT", {"http.response.status_code": 302}, None),
        ("CLIENT", {"http.response.status_code": "many"}, None),
        ("CLIENT", {"rpc.grpc.status_code": 4}, "DEADLINE_EXCEEDED"),
        ("CLIENT", {"rpc.response.status_code": "NOT_FOUND"}, "NOT_FOUND"),
        ("SERVER", {"rpc.grpc.status_code": 5}, None),
        ("SERVER", {"rpc.grpc.status_code": 13}, "INTERNAL"),
        ("CLIENT", {"rpc.grpc.status_code": 0}, None),
        ("CLIENT", {"rpc.grpc.status_code": 99}, None),
        ("INTERNAL", {"error.type": "ValueError"}, "ValueError"),
        ("INTERNAL", {}, None),
    ],
)
def test_answers(kind: SpanKind, attributes: dict[str, Any], what: str | None) -> None:
    failure = failure_of(replace(span("a", "", 0, 1, kind), attributes=attributes))
    assert (failure.what if failure else None) == what


@pytest.mark.parametrize(
    ("status", "escaped", "is_failure"),
    [("UNSET", None, True), ("UNSET", False, False), ("OK", None, False), ("ERROR", False, True)],
)
def test_exceptions(status: StatusCode, escaped: bool | None, is_failure: bool) -> None:
    told = {} if escaped is None else {"exception.escaped": escaped}
    event = SpanEvent(0, "exception", {"exception.type": "KeyError", **told})
    failure = failure_of(span("a", "", 0, 1, status=status, events=[event]))
    assert (failure is not None) == is_failure


def test_ok_overrides_what_attributes_say() -> None:
    assert failure_of(span("a", "", 0, 1, status="OK", error_type="ValueError")) is None


@pytest.mark.parametrize(
    ("told", "gave_up"),
    [
        ("TimeoutError", "timeout"),
        ("context deadline exceeded", "timeout"),
        ("CancelledError", "cancelled"),
        ("ValueError", ""),
        ("context.deadlineExceededError", "timeout"),
        ("ETIMEDOUT", "timeout"),
        ("InvalidTimeoutError", ""),
        ("AbortError", "cancelled"),
        ("ABORTED", ""),
    ],
)
def test_timeouts_and_cancellations_are_known(told: str, gave_up: str) -> None:
    failure = failures([span("a", "", 0, 1, status="ERROR", error_type=told)])[0]
    assert failure.gave_up == gave_up
    assert failure.signs == ("status", "error.type")


def test_messages_tell_of_no_timeout_but_go_s_own() -> None:
    one = span("a", "", 0, 1, status="ERROR", error_type="ValueError")
    failure = failure_of(replace(one, status_message="invalid timeout value 'abc'"))
    assert failure is not None
    assert failure.gave_up == ""
    untyped = span("a", "", 0, 1, status="ERROR")
    for message, gave_up in (
        ("Get x: context deadline exceeded", "timeout"),
        ("context canceled", "cancelled"),
        ("the timeout is 5", ""),
    ):
        told = failure_of(replace(untyped, status_message=message))
        assert told is not None
        assert told.gave_up == gave_up


def test_an_answer_is_what_the_other_side_said() -> None:
    for attributes, has_answer in (
        ({"http.response.status_code": 500}, True),
        ({"rpc.grpc.status_code": 13}, True),
        ({"rpc.grpc.status_code": 4}, False),
        ({"error.type": "ReadTimeout"}, False),
    ):
        failure = failure_of(replace(span("a", "", 0, 1, "CLIENT"), attributes=attributes))
        assert failure is not None
        assert failure.has_answer == has_answer


def test_a_failure_is_as_early_as_its_exception_was_recorded() -> None:
    event = SpanEvent(2_000_000, "exception", {"exception.type": "KeyError"})
    one = span("a", "", 1, 9, status="ERROR", events=[event])
    for message, at in (("", 2_000_000), ("KeyError: 'a'", 2_000_000), ("no stock", None)):
        failure = failure_of(replace(one, status_message=message))
        assert failure is not None
        assert failure.at_unix_nano == at


@pytest.mark.parametrize(
    ("message", "what", "is_named"),
    [
        ("/stock answered 500", "HTTP 500", True),
        ("Request failed with status code 503", "HTTP 503", True),
        ("HTTP 500: shelf is gone", "HTTP 500", True),
        ("status=500", "500", True),
        ("no answer within 500 ms", "HTTP 500", False),
        ("no answer within 500ms", "HTTP 500", False),
        ("order 1500 is gone", "HTTP 500", False),
        ("took 500.2 units", "HTTP 500", False),
        ("shelf 7 is gone: KeyError", "builtins.KeyError", True),
    ],
)
def test_messages_name_what_failed_below(message: str, what: str, is_named: bool) -> None:
    event = SpanEvent(0, "exception", {"exception.type": "Error", "exception.message": message})
    failed = replace(span("a", "", 0, 1), status="ERROR", events=[event])
    assert names(failed, what) is is_named


def test_numbers_of_stack_traces_name_no_code() -> None:
    event = SpanEvent(0, "exception", {"exception.stacktrace": "at shop.js line 500 of"})
    assert not names(replace(span("a", "", 0, 1), status="ERROR", events=[event]), "HTTP 500")
