"""Functions that ask what a value is."""

from typing import Any

import pytest

from otx.model.signal import Signal
from otx.otlp.open_view import open_class
from otx.ottl.batch import Batch
from otx.ottl.contexts.spans import SPAN
from otx.ottl.errors import ExecutionError, OttlError
from otx.ottl.functions.kinds import is_valid_luhn
from otx.ottl.functions.registry import FunctionSet
from otx.ottl.program import compile_condition
from tests.ottl.log_record import Evaluate, holds

DATA = {
    "s": "text",
    "i": 7,
    "d": 1.5,
    "t": True,
    "by": b"\x01",
    "none": b"",
    "l": [1],
    "m": {"a": 1},
    "e": None,
}
KINDS = {
    "IsBool": "t",
    "IsDouble": "d",
    "IsInt": "i",
    "IsString": "s",
    "IsMap": "m",
    "IsList": "l",
}


@pytest.mark.parametrize("name", KINDS)
def test_each_kind_is_one_only(evaluate: Evaluate, name: str) -> None:
    told = [key for key in DATA if evaluate(f'{name}(attributes["{key}"])', DATA)]
    assert told == [KINDS[name]]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("IsBool(true)", True),
        ("IsBool(1 + 1)", False),
        ("IsInt(-1)", True),
        ('IsInt(Len("a"))', True),
        ("IsString(trace_id)", False),
        ('IsMap({"a": attributes["i"]})', True),
        ('IsMap([attributes["i"]])', False),
        ("IsMap([1 + 1])", False),
        ('IsInt({"a": Int("5")})', False),
        ('IsMap(ParseJSON("{}"))', True),
        ("IsMap(attributes)", True),
        ("IsList([])", True),
        ('IsList(Split("a", ","))', True),
        ("IsList(nil)", False),
        ("IsEmpty(nil)", True),
        ('IsEmpty("")', True),
        ("IsEmpty(0)", True),
        ("IsEmpty(0.0)", True),
        ("IsEmpty(false)", True),
        ("IsEmpty([])", True),
        ("IsEmpty([nil])", False),
        ("IsEmpty({})", True),
        ('IsEmpty(attributes["none"])', True),
        ('IsEmpty(attributes["e"])', True),
        ('IsEmpty(attributes["m"])', False),
        ('IsEmpty(Duration("0s"))', True),
        ('IsEmpty(Duration("1s"))', False),
        ("IsEmpty(Unix(0))", False),
        ('IsEmpty(SpanID("0000000000000000"))', True),
        ('IsEmpty(SpanID("0000000000000001"))', False),
        ('IsMatch("operationA", "^op.*A$")', True),
        ('IsMatch("operationA", attributes["s"])', False),
        ('IsMatch(attributes["missing"], ".*")', False),
        ('IsMatch(attributes["m"], "\\"a\\":1")', True),
        ('IsMatch(attributes["i"], "^7$")', True),
        ('IsMatch(attributes["by"], "^01$")', True),
        ('IsMatch("a\\n", "a$")', False),
        ('IsMatch("", "")', True),
    ],
)
def test_value(evaluate: Evaluate, text: str, value: Any) -> None:
    assert evaluate(text, DATA) is value


@pytest.mark.parametrize(
    "text",
    [
        "IsBool(1)",
        "IsBool((1))",
        "IsInt(1.0)",
        "IsDouble(1)",
        "IsString(nil)",
        "IsMap([1])",
        'IsMatch("a", "(")',
        'IsMatch("a", 1)',
        "IsRootSpan()",
    ],
)
def test_refused(evaluate: Evaluate, text: str) -> None:
    with pytest.raises(OttlError):
        evaluate(text, DATA)


@pytest.mark.parametrize(
    "text",
    [
        'IsMatch("a", attributes["missing"])',
        'IsMatch("a", Concat(["("], ""))',
        'IsInt(attributes["l"][9])',
        'IsValidLuhn(attributes["missing"])',
    ],
)
def test_fails_on_a_record(evaluate: Evaluate, text: str) -> None:
    with pytest.raises(ExecutionError):
        evaluate(text, DATA)


def test_a_pattern_is_found_in_text_that_is_no_utf8() -> None:
    assert holds('IsMatch(attributes["s"], "^a.b$")', {"s": "a\udcffb"})


@pytest.mark.parametrize(
    ("number", "is_valid"),
    [
        ("4111111111111111", True),
        ("4111 1111 1111 1111", True),
        ("79927398713", True),
        ("17893729975", False),
        ("0", True),
        ("1", False),
        ("", False),
        ("   ", False),
    ],
)
def test_luhn(number: str, is_valid: bool) -> None:
    assert is_valid_luhn(number) is is_valid


@pytest.mark.parametrize("number", ["a", "1.5", "true", "-18", "٣", "1\t8"])
def test_luhn_takes_digits_only(number: str) -> None:
    with pytest.raises(ExecutionError):
        is_valid_luhn(number)


@pytest.mark.parametrize(
    ("parent", "is_root"), [(b"", True), (bytes(8), True), (b"\0\0\0\0\0\0\0\1", False)]
)
def test_a_root_span_has_no_parent(parent: bytes, is_root: bool) -> None:
    message: Any = open_class(Signal.TRACES)()
    message.resource_spans.add().scope_spans.add().spans.add(parent_span_id=parent)
    (span,) = Batch(Signal.TRACES, message.SerializeToString()).items()
    assert compile_condition("IsRootSpan()", SPAN, FunctionSet()).holds(span) is is_root
