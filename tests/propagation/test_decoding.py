"""What sets of headers say as a whole: the vectors, the rules between formats, every place."""

import json

import pytest
from hypothesis import given

from otx.propagation.decoding import decode_headers, same_trace
from otx.propagation.document import decoded_document
from otx.propagation.model import Decoded, Problem
from tests.propagation.strategies import header_sets
from tests.propagation.vector_case import Case, differences, load, pairs

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
GOOD = ("traceparent", f"00-{TRACE}-{SPAN}-01")


def codes(decoded: Decoded) -> list[str]:
    return [one.code for one in decoded.warnings]


def problems(decoded: Decoded) -> list[Problem]:
    found = decoded.found
    errors = [decoded.problem, found.tracestate, found.level1, found.baggage]
    return [*(one for one in errors if one is not None), *decoded.warnings]


@pytest.mark.parametrize("case", load(), ids=lambda case: str(case["id"]))
def test_vector(case: Case) -> None:
    assert not differences(case, decoded_document(decode_headers(pairs(case))))


@pytest.mark.parametrize("case", load(), ids=lambda case: str(case["id"]))
def test_vector_of_a_reader_of_level_1(case: Case) -> None:
    document = decoded_document(decode_headers(pairs(case), level=1))
    assert not differences(case, document, level=1)


@given(header_sets)
def test_no_header_raises_and_every_place_is_inside_it(headers: list[tuple[str, str]]) -> None:
    for level in (1, 2):
        decoded = decode_headers(headers, level)
        json.dumps(decoded_document(decoded))
        assert (decoded.problem is None) == (decoded.context is not None)
        for one in problems(decoded):
            if one.field is not None:
                assert one.field in decoded.fields
                assert 0 <= one.start <= one.end <= len(one.field.value)


@given(header_sets)
def test_the_whitespace_of_http_changes_nothing(headers: list[tuple[str, str]]) -> None:
    padded = [(name, f" \t{value}\t ") for name, value in headers]
    assert decode_headers(padded) == decode_headers(
        [(name, value.strip(" \t")) for name, value in headers]
    )


@pytest.mark.parametrize(
    ("value", "code", "start", "end"),
    [
        (f"00-{TRACE[:-1]}A-{SPAN}-01", "bad_trace_id", 34, 35),
        (f"00-{TRACE[:-1]}-{SPAN}-01", "bad_trace_id", 3, 34),
        (f"00-{'0' * 32}-{SPAN}-01", "zero_trace_id", 3, 35),
        (f"00-{TRACE}-{'0' * 16}-01", "zero_parent_id", 36, 52),
        (f"00-{TRACE}-{SPAN}-0g", "bad_flags", 54, 55),
        (f"00-{TRACE}-{SPAN}-1", "bad_flags", 53, 54),
        (f"00-{TRACE}-{SPAN}-", "bad_flags", 53, 53),
        (f"00-{TRACE}-{SPAN}-01-x", "trailing_data", 55, 57),
        (f"ff-{TRACE}-{SPAN}-01", "version_ff", 0, 2),
        (f"0x-{TRACE}-{SPAN}-01", "bad_version", 1, 2),
        (f"01-{TRACE}-{SPAN}-01.", "bad_separator", 55, 56),
        (f"01-{TRACE}_{SPAN}-01", "bad_separator", 35, 36),
        ("00-1-2", "bad_length", 0, 6),
        ("", "bad_length", 0, 0),
    ],
)
def test_the_place_of_what_is_wrong_in_traceparent(
    value: str, code: str, start: int, end: int
) -> None:
    problem = decode_headers([("traceparent", value)]).problem
    assert problem is not None
    assert (problem.code, problem.start, problem.end) == (code, start, end)
    assert problem.detail


@pytest.mark.parametrize(
    ("value", "code", "start"),
    [
        ("a=1, Foo=2", "ts_bad_key", 5),
        ("a=1,b=x\ty", "ts_bad_value", 7),
        ("a=1,b", "ts_no_equals", 4),
        ("a=1,=2", "ts_bad_key", 4),
        (f"a=1,{'k' * 257}=1", "ts_key_too_long", 4),
        (f"a={'v' * 257}", "ts_value_too_long", 2),
        ("a=b=c", "ts_bad_value", 3),
        (",".join(f"k{number}=1" for number in range(33)), "ts_too_many_members", 182),
    ],
)
def test_the_place_of_what_is_wrong_in_tracestate(value: str, code: str, start: int) -> None:
    problem = decode_headers([GOOD, ("tracestate", value)]).found.tracestate
    assert problem is not None
    assert (problem.code, problem.start) == (code, start)


def test_a_second_traceparent_restarts_the_trace() -> None:
    decoded = decode_headers([GOOD, GOOD])
    assert decoded.problem is not None
    assert decoded.problem.code == "duplicate_traceparent"


def test_tracestate_is_not_read_behind_a_broken_traceparent() -> None:
    decoded = decode_headers([("traceparent", "00-x"), ("tracestate", "BAD")])
    assert decoded.found.tracestate is None


def test_a_64_bit_id_is_the_low_half() -> None:
    assert same_trace(TRACE, "0" * 16 + TRACE[16:])
    assert same_trace("0" * 16 + TRACE[16:], TRACE)
    assert not same_trace(TRACE, "1" * 16 + TRACE[16:])
    assert not same_trace(TRACE, "0" * 16 + "1" * 16)


def test_formats_that_agree_are_named_and_no_more() -> None:
    low = str(int(TRACE[16:], 16))
    datadog = [("x-datadog-trace-id", low), ("x-datadog-parent-id", str(int(SPAN, 16)))]
    decoded = decode_headers([GOOD, *datadog])
    assert [one.format for one in decoded.others] == ["datadog"]
    assert codes(decoded) == []


def test_another_trace_in_another_format_is_a_conflict() -> None:
    decoded = decode_headers([GOOD, ("b3", f"{'1' * 32}-{SPAN}-0")])
    assert codes(decoded) == ["trace_id_conflict"]
    assert decoded_document(decoded)["conflicts"] == [
        {"what": "trace_id", "formats": ["w3c", "b3-single"], "values": [TRACE, "1" * 32]}
    ]


def test_another_span_and_another_decision_are_conflicts() -> None:
    decoded = decode_headers([GOOD, ("b3", f"{TRACE}-{'1' * 16}-0")])
    assert codes(decoded) == ["parent_id_conflict", "sampled_conflict"]


def test_a_response_has_a_span_of_its_own_and_no_say() -> None:
    answer = ("server-timing", f"db;dur=3, trace;desc=00-{TRACE}-{'1' * 16}-00")
    decoded = decode_headers([GOOD, answer])
    assert decoded.format == "w3c"
    assert codes(decoded) == []
    other = ("traceresponse", f"00-{'1' * 32}-{SPAN}-01")
    assert codes(decode_headers([GOOD, other])) == ["trace_id_conflict"]
    changed = ("traceresponse", f"00-{TRACE}-{SPAN}-03")
    assert codes(decode_headers([GOOD, changed])) == ["random_conflict"]


def test_a_broken_request_is_not_saved_by_its_response_or_its_baggage() -> None:
    answer = ("traceresponse", f"00-{TRACE}-{SPAN}-01")
    decoded = decode_headers([("traceparent", "00"), answer, ("baggage", "a=1")])
    assert decoded.format == "w3c"
    assert decoded.problem is not None


def test_server_timing_without_a_trace_is_no_concern() -> None:
    assert decode_headers([("server-timing", "db;dur=53, cache;desc=hit")]).format is None


def test_baggage_of_all_formats_is_joined() -> None:
    headers = [GOOD, ("baggage", "a=1"), ("uberctx-userId", "b"), ("ot-baggage-c", "d")]
    context = decode_headers(headers).context
    assert context is not None
    assert [(one.key, one.value) for one in context.baggage or ()] == [
        ("a", "1"),
        ("userId", "b"),
        ("c", "d"),
    ]


def test_broken_baggage_does_not_break_the_trace() -> None:
    decoded = decode_headers([GOOD, ("baggage", "a b")])
    assert decoded.problem is None
    assert codes(decoded) == ["bg_no_equals"]
    assert decoded.baggage == ()


@pytest.mark.parametrize("member", ["password=x", "API-Key=x", "a=eyJhbGciOi.eyJzdWIi.x"])
def test_secrets_in_baggage_are_flagged(member: str) -> None:
    assert codes(decode_headers([GOOD, ("baggage", f"user=7,{member}")])) == ["bg_sensitive"]


def test_headers_that_repeat_and_differ_are_flagged() -> None:
    one, other = f"{TRACE}-{SPAN}-1", f"{TRACE}-{SPAN}-0"
    assert codes(decode_headers([("b3", one), ("b3", one)])) == []
    assert codes(decode_headers([("b3", one), ("b3", other)])) == ["duplicate_header"]
