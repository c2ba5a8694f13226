"""Names in capital letters that no enum has."""

import pytest

from otx.errors import UsageError
from otx.ottl.enum_hints import enum_hint
from otx.ottl.errors import OttlError
from otx.ottl.explanation import explain_text
from otx.ottl.functions.registry import FunctionSet

SYMBOLS = ("STATUS_CODE_ERROR", "SEVERITY_NUMBER_ERROR", "SPAN_KIND_SERVER")


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("ERROR", "did you mean SEVERITY_NUMBER_ERROR or STATUS_CODE_ERROR?"),
        ("SERVER", "did you mean SPAN_KIND_SERVER?"),
        ("SPAN_KIND_SEVER", "did you mean SPAN_KIND_SERVER?"),
        ("NULL", "write nil"),
        ("TRUE", "write true"),
        ("ZZZ", ""),
    ],
)
def test_a_name_is_the_end_of_a_symbol_or_near_one(name: str, hint: str) -> None:
    assert enum_hint(name, SYMBOLS) == hint


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("set(span.status.code, ERROR)", "did you mean STATUS_CODE_ERROR?"),
        ("set(log.severity_number, ERROR)", "did you mean SEVERITY_NUMBER_ERROR?"),
        ("span.kind == SERVER", "did you mean SPAN_KIND_SERVER?"),
        ("log.body != null", "write nil"),
        ("log.body != None", "write nil"),
        ("log.body == True", "write true"),
    ],
)
@pytest.mark.parametrize("is_named", [False, True])
def test_hints_are_about_the_contexts_that_are_named(text: str, hint: str, is_named: bool) -> None:
    context = ("span" if "span" in text else "log") if is_named else ""
    with pytest.raises((OttlError, UsageError)) as caught:
        explain_text(text, context, FunctionSet())
    assert caught.value.hint == hint
