"""What is told of a function."""

import re

import pytest

from otx.ottl.function_page import page, row, titled
from otx.ottl.functions.registry import Function, all_functions

FUNCTIONS = all_functions()


def test_a_page_has_signature_parameters_and_an_example_with_its_data() -> None:
    assert page(FUNCTIONS["delete_index"]) == [
        "delete_index(target, start_index, [end_index])",
        "",
        "Remove the elements of a list from one index up to and without another.",
        "",
        *(line for line in page(FUNCTIONS["delete_index"])[4:]),
    ]
    text = "\n".join(page(FUNCTIONS["set"]))
    assert "  target: path" in text
    assert '  set(attributes["env"], "prod")   on {"env":"test"}\n  → {"env":"prod"}' in text


def test_a_page_says_where_and_since_when_there_is_the_function() -> None:
    cef = page(FUNCTIONS["ParseCEF"])
    assert "  only in log" in cef
    assert "  brought by the transform processor" in cef
    any_ = page(FUNCTIONS["Any"])
    assert "  needs the feature gate ottl.functions.enableLambda" in any_
    assert "  since v0.157" in any_
    assert "  otx's own, refused by --strict: no Collector has it" in page(
        FUNCTIONS["TraceIDRatioBasedSampler"]
    )


def test_signatures_are_in_the_words_of_the_language() -> None:
    assert titled(FUNCTIONS["Len"]) == "Len(target) → int"
    assert titled(FUNCTIONS["flatten"]) == (
        'flatten(target, [prefix = ""], [depth = no limit], [resolve_conflicts = false])'
    )
    assert titled(FUNCTIONS["truncate_all"]) == (
        'truncate_all(target, limit, [utf8_safe = true], [truncation_marker = ""])'
    )
    optional = [line for line in page(FUNCTIONS["flatten"]) if "optional" in line]
    assert optional == [
        '  prefix: string literal, optional ("")',
        "  depth: int literal, optional (no limit)",
        "  resolve_conflicts: bool literal, optional (false)",
    ]
    assert "  function: function, optional" in page(FUNCTIONS["replace_pattern"])


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=list(FUNCTIONS))
def test_no_page_shows_what_python_writes(function: Function) -> None:
    shown = "\n".join([*page(function), titled(function)])
    assert not re.search(r"\bTrue\b|\bFalse\b|\bNone\b|9223372036854775808|''", shown)


def test_a_row_has_the_same_facts_for_programs() -> None:
    found = row(FUNCTIONS["Concat"])
    assert found["kind"] == "converter"
    assert found["result"] == "string"
    assert found["signature"] == "Concat(vals[], delimiter)"
    assert found["parameters"] == [
        {"name": "vals", "type": "string-like", "list": True, "optional": False, "default": ""},
        {"name": "delimiter", "type": "string", "list": False, "optional": False, "default": ""},
    ]
    assert found["example"] == {"text": 'Concat(["a", 1, true], "-")', "result": '"a-1-true"'}
    assert row(FUNCTIONS["set"])["kind"] == "editor"
    assert {*row(FUNCTIONS["ParseCEF"])} == {*found}
