"""Retries ask the same again after a failure; below one another they multiply."""

from dataclasses import replace
from typing import Any

from otx.model.telemetry import Span, StatusCode
from otx.tracing.patterns.retries import find_retries
from tests.tracing.calls import span
from tests.tracing.patterns.scenes import told

ROOT = span("root", "", 0, 100, "SERVER")


def attempt(name: str, start: float, parent: str = "root", status: StatusCode = "ERROR") -> Span:
    one = span(name, parent, start, start + 10, "CLIENT", status=status, operation="GET")
    return replace(one, attributes={"server.address": "stock", "url.path": "/1"})


def test_tries_are_told_with_how_they_ended() -> None:
    assert told(
        find_retries, ROOT, attempt("a", 0), attempt("b", 20), attempt("c", 60, status="UNSET")
    ) == [
        "shop root tried shop GET 3 times, of which the last went well;"
        " 60.0 ms went by before the last try."
    ]
    (failed,) = told(find_retries, ROOT, attempt("a", 0), attempt("b", 20))
    assert "all failed" in failed


def test_what_did_not_fail_overlaps_or_asks_for_something_else_is_none() -> None:
    assert told(find_retries, ROOT, attempt("a", 0, status="UNSET"), attempt("b", 20)) == []
    assert told(find_retries, ROOT, attempt("a", 0), attempt("b", 5)) == []
    other = replace(attempt("b", 20), attributes={"server.address": "stock", "url.path": "/2"})
    assert told(find_retries, ROOT, attempt("a", 0), other) == []


def test_what_says_that_it_is_sent_again_is_one() -> None:
    again = attempt("b", 20)
    again = replace(again, attributes={**again.attributes, "http.request.resend_count": 1})
    assert len(told(find_retries, ROOT, attempt("a", 0, status="UNSET"), again)) == 1


def test_retries_below_retries_multiply() -> None:
    inner = [
        replace(
            attempt(f"{parent}{n}", start + 3 * n, parent),
            end_unix_nano=10**6 * (start + 3 * n + 2),
        )
        for parent, start in (("a", 0), ("b", 20))
        for n in range(3)
    ]
    said = told(find_retries, ROOT, attempt("a", 0), attempt("b", 20), *inner)
    assert said[-1] == (
        "Retries at 2 levels multiply: one request of shop GET can become 6 of shop GET."
    )


def test_calls_that_do_not_tell_what_they_ask_are_retries_only_by_their_own_word() -> None:
    first, second = (
        replace(one, attributes={"server.address": "stock"})
        for one in (attempt("a", 0), attempt("b", 20, status="UNSET"))
    )
    assert told(find_retries, ROOT, first, second) == []
    again = replace(second, attributes={**second.attributes, "http.request.resend_count": 1})
    assert len(told(find_retries, ROOT, first, again)) == 1


def test_in_whole_milliseconds_only_a_try_that_says_so_or_a_gap_is_one() -> None:
    def tries(second_start: float, **more: Any) -> list[str]:
        first, second = (
            replace(
                one,
                resource={**one.resource, "telemetry.sdk.language": "nodejs"},
                attributes={**one.attributes, **own},
            )
            for one, own in ((attempt("a", 0), {}), (attempt("b", second_start), more))
        )
        return told(find_retries, ROOT, replace(first, end_unix_nano=9_500_000), second)

    again = {"http.request.resend_count": 1}
    assert tries(10) == []
    assert tries(9, **again) != []
    assert tries(8, **again) == []
    assert tries(11) != []
