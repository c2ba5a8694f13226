"""Verdicts on what services send on: each rule that can be broken, broken once."""

import pytest

from otx.propagation.conformance.case import Ids, Pairs
from otx.propagation.conformance.cases import ALL
from otx.propagation.conformance.exchange import EVERYTHING, Exchange, Judgement
from otx.propagation.conformance.judging import judge
from otx.propagation.model import Level

IDS = Ids.made(lambda size: b"\x56" * size)
T, P = IDS.trace, IDS.parent
SPAN, OTHER = "00f067aa0ba902b7", "b7ad6b7169203331"
NEW = "4bf92f3577b34da6a3ce929d0e0e4736"


def judged(name: str, *calls: Pairs, level: Level = 2) -> Judgement:
    case = next(case for case in ALL if case.id == name)
    return judge(Exchange(case, case.filled(IDS), P, calls), level)


def said(judgement: Judgement) -> tuple[str, list[tuple[str, str]]]:
    return judgement.verdict, [(one.requirement, one.text) for one in judgement.findings]


def parent(value: str) -> Pairs:
    return (("traceparent", value),)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        ((), "sends no traceparent on"),
        (
            parent(f"00-{T}-{SPAN}-01-x"),
            "sends a broken traceparent on (trailing_data: version 00 ends behind the flags)",
        ),
        (
            (*parent(f"00-{T}-{SPAN}-01"), *parent(f"00-{T}-{OTHER}-01")),
            "sends a broken traceparent on (duplicate_traceparent: 2 traceparent headers)",
        ),
        (parent(f"01-{T}-{SPAN}-01"), "sends version 01 on, not 00"),
        (parent(f"00-{T}-{SPAN}-05"), "sends flags on that are reserved"),
        (parent(f"00-{NEW}-{SPAN}-01"), "begins a new trace instead of going on"),
        (
            parent(f"00-{T}-{P}-01"),
            "sends the caller's parent-id on instead of its own span's",
        ),
        (parent(f"00-{T}-{SPAN}-03"), "sets the random flag"),
    ],
)
def test_a_valid_header_is_gone_on_with(call: Pairs, text: str) -> None:
    assert said(judged("traceparent-valid", call)) == ("fail", [("MUST", text)])


def test_sampled_may_change_with_the_span() -> None:
    assert judged("traceparent-valid", parent(f"00-{T}-{SPAN}-00")).verdict == "pass"


def test_the_random_flag_is_kept_at_level_2_alone() -> None:
    call = parent(f"00-{T}-{SPAN}-01")
    assert said(judged("random-set", call)) == ("fail", [("MUST", "clears the random flag")])
    assert judged("random-set", call, level=1).verdict == "pass"


@pytest.mark.parametrize(
    ("name", "trace_id"),
    [
        ("traceparent-tail-dot", T),
        ("traceparent-twice", T),
        ("traceparent-twice", f"f{T[:31]}"),
        ("traceparent-trace-31-digits", f"0{T[:31]}"),
        ("traceparent-trace-33-digits", f"{T[1:]}3"),
        ("traceparent-trace-16-digits", f"{'0' * 16}{T[:16]}"),
        ("traceparent-trace-upper", T),
    ],
)
def test_a_trace_that_should_end_is_found_however_it_is_cut(name: str, trace_id: str) -> None:
    assert said(judged(name, parent(f"00-{trace_id}-{SPAN}-01"))) == (
        "fail",
        [("MUST", "goes on with a trace that it should not: a new one was due")],
    )
    assert judged(name, parent(f"00-{NEW}-{SPAN}-01")).verdict == "pass"


def test_calls_of_one_request_have_spans_of_their_own() -> None:
    one, two = parent(f"00-{T}-{SPAN}-01"), parent(f"00-{T}-{OTHER}-01")
    assert judged("traceparent-calls", one, two).verdict == "pass"
    assert said(judged("traceparent-calls", one, two, one)) == (
        "fail",
        [("MUST", "calls of one request have the same parent-id")],
    )


@pytest.mark.parametrize(
    ("name", "verdict"),
    [("traceparent-valid", "fail"), ("tracestate-key-upper", "fail"), ("baggage-one", "warn")],
)
def test_a_request_that_brings_no_call_binds_where_the_trace_does(name: str, verdict: str) -> None:
    case = next(case for case in ALL if case.id == name)
    exchange = Exchange(case, case.filled(IDS), P, problem="makes no call, and answers 500")
    assert judge(exchange, 2).verdict == verdict


def test_what_cannot_be_seen_is_not_judged_but_what_can_is() -> None:
    case = next(case for case in ALL if case.id == "tracestate-valid")
    for trace_id, verdict in ((T, "unjudged"), (NEW, "fail")):
        call = parent(f"00-{trace_id}-{SPAN}-01")
        seen = EVERYTHING & {"trace"}
        assert judge(Exchange(case, case.filled(IDS), P, (call,), seen), 2).verdict == verdict


@pytest.mark.parametrize(
    ("headers", "text"),
    [
        ((("TraceParent", f"00-{T}-{SPAN}-01"), ("tracestate", "foo=1,bar=2")), "TraceParent"),
        (
            (
                ("traceparent", f"00-{T}-{SPAN}-01"),
                ("tracestate", "foo=1"),
                ("tracestate", "bar=2"),
            ),
            "tracestate in several headers",
        ),
    ],
)
def test_spelling_is_advice(headers: Pairs, text: str) -> None:
    verdict, findings = said(judged("sent-names", headers))
    assert verdict == "warn"
    assert [text in one for _, one in findings] == [True]
