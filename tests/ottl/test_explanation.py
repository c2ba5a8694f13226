"""A text explained: its tree with types, its context and why, and what can fail."""

import pytest

from otx.errors import UsageError
from otx.ottl.errors import OttlError
from otx.ottl.explanation import Explanation, explain_text, parse_text
from otx.ottl.functions.registry import FunctionSet
from otx.ottl.gates import switched

FUNCTIONS = FunctionSet("", switched("+ottl.functions.enableLambda"))


def explain(text: str, context: str = "") -> Explanation:
    return explain_text(text, context, FUNCTIONS)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('set(span.name, "x")', "statement"),
        ('span.name == "x"', "condition"),
        ("not IsRootSpan()", "condition"),
        ("span.name", "value expression"),
        ("IsRootSpan()", "value expression"),
        ("(true)", "value expression"),
        ("1 + 2", "value expression"),
    ],
)
def test_a_text_is_of_one_of_three_kinds(text: str, kind: str) -> None:
    assert parse_text(text)[0] == kind


def test_the_error_of_what_is_none_is_that_of_the_likeliest() -> None:
    with pytest.raises(OttlError) as caught:
        parse_text('set(span.name, "x") wehre true')
    assert caught.value.place.start == len('set(span.name, "x") ')


def test_the_tree_has_kinds_texts_and_types() -> None:
    text = 'set(span.attributes["a"], Concat([span.name,  "x"], "-")) where not span.kind == 2'
    found = [(one.depth, one.what, one.text, one.type) for one in explain(text).nodes]
    assert found == [
        (0, "editor", 'set(span.attributes["a"], Concat([span.name, "x"], "-"))', "nothing"),
        (1, "path", 'span.attributes["a"]', "any"),
        (1, "converter", 'Concat([span.name, "x"], "-")', "a value"),
        (2, "list", '[span.name, "x"]', "list"),
        (3, "path", "span.name", "string"),
        (3, "literal", '"x"', "string"),
        (2, "literal", '"-"', "string"),
        (0, "condition", "where", "bool"),
        (1, "not", "not span.kind == 2", "bool"),
        (2, "comparison", "span.kind == 2", "bool"),
        (3, "path", "span.kind", "int"),
        (3, "literal", "2", "int"),
    ]


def test_enums_maps_lambdas_and_calculations_are_told_too() -> None:
    text = 'Find([{"k": SPAN_KIND_SERVER}], (_, v) => v["k"] == -1 + span.kind)'
    whats = {one.what: one.note for one in explain(text).nodes}
    assert whats["enum"] == "= 2"
    assert whats["formal"] == "of the lambda"
    assert {"map", "lambda", "calculation"} <= whats.keys()


def test_the_context_is_inferred_with_the_reasons_of_the_refused() -> None:
    found = explain('set(resource.attributes["a"], span.name) where IsRootSpan()')
    assert found.context.name == "span"
    assert found.lines()[:2] == [
        "statement, runs on every span",
        "  span is the most specific context that a path names; resource can be named from there",
    ]
    named = explain('set(name, "x")', "span")
    assert (named.context.name, named.inference) == ("span", None)


@pytest.mark.parametrize(
    ("text", "failures"),
    [
        ('set(span.name, "x")', []),
        ("set(span.name, 1)", ["span.name: what is set is no string"]),
        ('set(span.name, span.attributes["x"])', ["span.name: what is set may be no string"]),
        ('set(span.attributes["x"], nil)', []),
        (
            'set(span.attributes["x"]["y"], 1)',
            ['span.attributes["x"]["y"]: a key on what is no map or list'],
        ),
        ("span.kind / 2 == 1", ["span.kind / 2: an operand that is no number, or by zero"]),
        ('HasPrefix(span.name, span.attributes["p"])', ["HasPrefix: prefix is no string"]),
        (
            'replace_pattern(span.name, span.attributes["p"], "x")',
            ["replace_pattern: regex_pattern is no regex"],
        ),
        ('IsMatch(span.attributes["x"], "^a")', []),
    ],
)
def test_what_can_fail_is_told_and_nothing_else(text: str, failures: list[str]) -> None:
    assert list(explain(text).failures) == failures


def test_named_arguments_are_told_by_their_parameter() -> None:
    text = 'Substring(span.name, start=0, length=span.attributes["n"])'
    assert explain(text).failures == ("Substring: length is no int",)


def test_no_context_is_an_error_that_says_why() -> None:
    with pytest.raises(UsageError, match="the context cannot be inferred") as caught:
        explain("1 == 1")
    assert "--context" in caught.value.hint
    with pytest.raises(UsageError) as caught:
        explain('metric.name == "x" and IsRootSpan()')
    assert "metric: " in caught.value.hint


def test_the_document_has_what_the_lines_have() -> None:
    found = explain('set(span.name, "x")').document()
    assert found["kind"] == "statement"
    assert (found["context"], found["inferred"]) == ("span", True)
    assert found["candidates"] == [{"context": "span", "refusal": ""}]
    assert found["tree"][1] == {
        "depth": 1,
        "kind": "path",
        "text": "span.name",
        "type": "string",
        "note": "of the span",
    }
    assert found["can_fail"] == []
