"""Who answered whom, who stopped whom, and who failed first, in traces whose truth is known."""

from dataclasses import replace
from typing import Any

import pytest

from otx.model.telemetry import AttributeValue, Span, SpanEvent
from otx.tracing.finding import sentence
from tests.tracing.calls import MS, span
from tests.tracing.test_error_story import failing, story_of, told


def telling(one: Span, **attributes: Any) -> Span:
    """A span that failed with these attributes; `_` in a name stands for a dot, `__` for `_`."""
    named = {
        key.replace("__", "\0").replace("_", ".").replace("\0", "_"): value
        for key, value in attributes.items()
    }
    return replace(one, status="ERROR", attributes=named)


def causes_of(*spans: Span) -> list[str]:
    """What is said of the causes, likely ones first."""
    return [sentence(cause.hop.because) for cause in story_of(spans).causes]


ROOT = telling(span("root", "", 0, 100, "SERVER"), http_response_status__code=502)
CALL = telling(span("call", "root", 2, 90, "CLIENT"), http_response_status__code=500)
CODE = "http.response.status_code"


def serve(end_ms: float, code: int, host: str = "two", raised: str = "") -> Span:
    one = span("serve", "call", 3, end_ms, "SERVER", "api", host=host)
    events = [SpanEvent(one.end_unix_nano - 1_000, "exception", {"exception.type": raised})]
    return replace(
        one,
        status="ERROR" if code >= 500 else "UNSET",
        attributes={CODE: code},
        events=events if raised else [],
    )


@pytest.mark.parametrize("host", ["one", "two", "far"])
@pytest.mark.parametrize("end_ms", [89, 90.05, 90.3, 91.5, 95, 2_000])
def test_an_answer_is_one_however_late_its_server_closes(end_ms: float, host: str) -> None:
    assert causes_of(ROOT, CALL, serve(end_ms, 500, host, "DbError")) == [
        "api serve failed (DbError), and nothing below it did."
    ]
    client = replace(CALL, attributes={CODE: 404})
    assert causes_of(ROOT, client, serve(end_ms, 404, host)) == [
        "shop call failed (HTTP 404) on an answer that api serve does not count as a failure."
    ]


def test_a_client_that_does_not_say_why_may_have_had_an_answer() -> None:
    (said, *_) = causes_of(telling(ROOT), telling(CALL), serve(95, 500))
    assert said == (
        "shop call failed (status ERROR); whether api serve had answered by then is not known."
    )


def test_what_a_server_does_behind_its_answer_is_no_cause_of_it() -> None:
    insert = failing("insert", "serve", 4, 80)
    mail = failing("mail", "serve", 96, 1_990)
    _, causes = told(ROOT, CALL, serve(2_000, 500), insert, mail)
    assert causes[0] == "insert"
    roles, _ = told(ROOT, CALL, serve(2_000, 500), insert, mail)
    assert roles["mail"] == "late"


def test_a_proxy_s_answer_is_not_the_server_s() -> None:
    client = replace(CALL, attributes={CODE: 504})
    (said,) = causes_of(ROOT, client, serve(500, 200))
    assert said == "shop call failed (HTTP 504) on an answer that api serve did not give."


@pytest.mark.parametrize("error", ["ReadTimeout", "ConnectionResetError"])
def test_a_client_without_a_status_code_had_no_answer(error: str) -> None:
    client = replace(CALL, attributes={"error.type": error})
    (said,) = causes_of(ROOT, client, serve(80, 200))
    assert said == (
        f"shop call failed ({error}) though api serve had ended by then:"
        " on its side, or on the way."
    )


def calls(*codes: int, **asked: str) -> list[Span]:
    """Calls of one name, one after the other; `{}` in what they ask for stands for the place."""
    made = []
    for place, code in enumerate(codes):
        one = span(f"c{place}", "root", 2 + 10 * place, 10 + 10 * place, "CLIENT", operation="GET")
        attributes: dict[str, AttributeValue] = {CODE: code, "server.address": "api"}
        attributes |= {key.replace("_", "."): text.format(place) for key, text in asked.items()}
        made.append(replace(one, status="ERROR" if code >= 400 else "UNSET", attributes=attributes))
    return made


@pytest.mark.parametrize("asked", [{"url_full": "http://api/users/{}"}, {}])
def test_like_calls_are_no_retries_of_one_another(asked: dict[str, str]) -> None:
    roles, causes = told(ROOT, *calls(503, 200, 200, **asked))
    assert (roles["root"], causes) == ("propagated", ["c0"])
    well = replace(ROOT, status="UNSET", attributes={})
    rules = {hop.because.rule.id for hop in story_of([well, *calls(503, 200, **asked)]).hops}
    assert "error-absorbed" in rules
    assert "error-retried" not in rules


def test_what_says_so_is_a_retry_and_what_failed_below_is_not_denied() -> None:
    tries = calls(503, 200)
    again = {**tries[1].attributes, "http.request.resend_count": 1}
    for retry in (
        calls(503, 200, url_full="http://api/u"),
        [tries[0], replace(tries[1], attributes=again)],
    ):
        said = causes_of(telling(ROOT, error_type="ValueError"), *retry)
        assert said[0] == "shop root failed (ValueError); what failed below it was made up for."


def test_what_an_inner_span_took_well_is_not_denied() -> None:
    load = span("load", "root", 1, 50)
    fetch = telling(span("fetch", "load", 2, 10, "CLIENT"), error_type="IOError")
    said = causes_of(telling(ROOT, error_type="KeyError"), load, fetch)
    assert said[0] == "shop root failed (KeyError); what failed below it was made up for."
    said = causes_of(ROOT, load, fetch)  # a code alone does not say that it was of its own
    assert said[0].endswith("what failed below it was not passed on, as far as is recorded.")


@pytest.mark.parametrize("status", ["ERROR", "UNSET"])
@pytest.mark.parametrize("ends_ms", [(1_002, 1_001.5), (1_000.6, 1_000.4)])
def test_a_deadline_is_the_cause_of_what_it_cancels(
    ends_ms: tuple[float, float], status: Any
) -> None:
    root = replace(ROOT, end_unix_nano=1_010 * MS, attributes={CODE: 504})
    client = telling(span("call", "root", 1, 1_001, "CLIENT"), rpc_grpc_status__code=4)
    server = telling(span("serve", "call", 5, ends_ms[0], "SERVER"), rpc_grpc_status__code=1)
    query = telling(span("query", "serve", 6, ends_ms[1], "CLIENT"), rpc_grpc_status__code=1)
    spans = [root, client, replace(server, status=status), query]
    roles, causes = told(*spans)
    assert (roles["call"], roles["query"], causes) == ("masked", "propagated", ["call"])
    assert causes_of(*spans) == [
        "shop call gave up (DEADLINE_EXCEEDED) after 1.00 s without an answer of shop serve."
    ]


def test_recorded_times_of_exceptions_tell_who_failed_first() -> None:
    def raising(one: Span, at_ms: int) -> Span:
        event = SpanEvent(at_ms * MS, "exception", {"exception.type": "KeyError"})
        return replace(one, events=[event], status="ERROR")

    task = raising(span("task", "root", 1, 110), 50)
    roles, causes = told(ROOT, task)
    assert (roles, causes) == ({"task": "originated", "root": "propagated"}, ["task"])
    cleanup = failing("cleanup", "root", 60, 90, "CLIENT")
    root = raising(replace(ROOT, attributes={}), 20)
    roles, causes = told(root, cleanup)
    assert (roles["cleanup"], roles["root"], causes[0]) == ("late", "originated", "root")


def test_a_missing_span_on_other_clocks_only_may_lie_below() -> None:
    root = telling(ROOT, error_type="KeyError")
    near, far = (span("o", "gone", 20, 30, host=host) for host in ("one", "far"))
    rules = [story_of([root, orphan]).causes[0].hop.because.rule for orphan in (near, far)]
    assert [rule.id for rule in rules] == ["error-incomplete", "error-maybe-incomplete"]
    assert "may have begun" in rules[1].why


def test_causes_and_hops_of_which_the_same_is_said_are_one() -> None:
    story = story_of([ROOT, *calls(503, 503, 503)])
    (group,) = story.groups
    assert (len(group.causes), group.first) == (3, story.causes[0])
    assert sorted(map(len, story.others())) == [1, 3]
