"""What is shown of spans' code."""

from otx.model.telemetry import Span
from otx.tracing.span_code import NONE_BELONGS, NOT_KEPT, code_document, draw_span_code
from otx.tracing.span_sample_rows import TraceCode
from otx.tracing.span_samples import SpanCode, StoredSample

MS = 1_000_000
TRACE = "a" * 32
SPANS = [Span(TRACE, "1" * 16, "", "POST /checkout", "SERVER", "shop", 0, 100 * MS)]


def code_of(*functions: str) -> SpanCode:
    code = SpanCode()
    for function in functions:
        stack = (*(f"f{depth}" for depth in range(8)), function)
        code.add(StoredSample(5, 10 * MS, stack, 7, 8), "published")
    return code


def test_lines_name_the_heaviest_span_first_with_its_stacks() -> None:
    inferred = SpanCode()
    inferred.add(StoredSample(5, 10 * MS, ("main",), 7, 8), "inferred")
    code = TraceCode(TRACE, {"1" * 16: code_of(*"aaabcd"), "2" * 16: inferred}, True)
    assert draw_span_code(code, SPANS, 100) == [
        "code: 70.0 ms of processor time in 7 samples",
        "",
        "shop POST /checkout  1111111111111111  60.0 ms · 86 % of the trace's",
        "   50 %   30.0 ms  …;f3;f4;f5;f6;f7;a",
        "   17 %   10.0 ms  …;f3;f4;f5;f6;f7;b",
        "   17 %   10.0 ms  …;f3;f4;f5;f6;f7;c",
        "  and 1 more stack",
        "  most in: a 50 %, b 17 %, c 17 %",
        "",
        "(not received)  2222222222222222  10.0 ms · 14 % of the trace's"
        " · inferred from thread and time",
        "  100 %   10.0 ms  main",
        "  most in: main 100 %",
    ]


def test_without_samples_the_reason_is_told() -> None:
    assert draw_span_code(TraceCode(TRACE, {}, False), SPANS, 100) == [NOT_KEPT]
    assert draw_span_code(TraceCode(TRACE, {}, True), SPANS, 100) == [NONE_BELONGS]
    assert code_document(TraceCode(TRACE, {}, True), SPANS)["reason"] == NONE_BELONGS


def test_the_document_has_all_there_is() -> None:
    document = code_document(TraceCode(TRACE, {"1" * 16: code_of("a", "b")}, True), SPANS)
    assert (document["cpu_ns"], document["samples"], document["reason"]) == (20 * MS, 2, "")
    (span,) = document["spans"]
    assert (span["received"], span["joined"], span["cpu_ns"]) == (True, "published", 20 * MS)
    assert span["functions"][0] == {"name": "a", "cpu_ns": 10 * MS}
    assert span["stacks"][0]["frames"][-1] == "a"
