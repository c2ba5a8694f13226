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
        (1, "converter", 'Concat([span.name, "x"], "-")', "string"),
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
        ("span.kind / 2 == 1", []),
        ("1 / span.kind == 1", ["1 / span.kind: a division by zero"]),
        (
            'span.attributes["n"] / 2 == 1',
            ['span.attributes["n"] / 2: an operand that is no number'],
        ),
        (
            'span.kind / span.attributes["n"] == 1',
            ['span.kind / span.attributes["n"]: an operand that is no number, or by zero'],
        ),
        ("span.name + 1 == 1", ["span.name + 1: a string and an int do not go together"]),
        ('span.end_time - span.start_time > Duration("1s")', []),
        ("-span.name == 1", ["span.name is no number"]),
        ('HasPrefix(span.name, span.attributes["p"])', ["HasPrefix: prefix may be no string"]),
        ('set(span.name, Concat([span.name, "x"], ""))', []),
        ("set(span.name, String(span.kind))", ["span.name: what is set may be nil"]),
        ('set(span.attributes["a"], Int(span.name))', ["Int: target may not be a decimal integer"]),
        ('set(span.attributes["a"], Int(span.kind))', []),
        ('set(span.attributes["a"], Int("12"))', []),
        ('set(span.attributes["a"], Int(span.start_time))', ["Int: target is no int"]),
        (
            'set(span.attributes["a"], ParseJSON(span.name))',
            ["ParseJSON: target is no JSON object or list"],
        ),
        (
            'set(span.attributes["a"], Split(span.name, ",")[3])',
            ['Split(span.name, ",")[3]: there may be no such element'],
        ),
        (
            'set(span.attributes["a"], ParseCSV(span.name, "a,b")["a"])',
            [
                "ParseCSV: the row has not as many fields as there are headers",
                'ParseCSV(span.name, "a,b")["a"]: there may be no such key',
            ],
        ),
        (
            'set(span.attributes["a"], Len(span.name)[0])',
            ["Len(span.name)[0]: an int takes no keys"],
        ),
        (
            'set(span.start_time, Time(span.name, "%Y"))',
            ["Time: time is not as the format says"],
        ),
        ('set(span.start_time, Time("2024", "%Y"))', []),
        (
            "set(span.name, Substring(span.name, 0, 3))",
            ["Substring: start and length do not lie within the text"],
        ),
        (
            'set(span.attributes["a"], Now())',
            ['span.attributes["a"]: what is set is a time, which OTLP cannot hold'],
        ),
        ('set(span.trace_id, "abc")', ["span.trace_id: what is set is no TraceID"]),
        ("set(span.start_time, 5)", ["span.start_time: what is set is no time"]),
        ("set(span.status, span.status)", []),
        (
            'set(span.kind.string, span.attributes["k"])',
            [
                "span.kind.string: what is set may be no string",
                "span.kind.string: what is set may be none of Unspecified, Internal, Server, "
                "Client, Producer, Consumer",
            ],
        ),
        (
            "set(span.trace_id.string, span.name)",
            ["span.trace_id.string: what is set may be no text of 32 hexadecimal digits"],
        ),
        (
            'delete_index(span.attributes["a"], 0)',
            [
                'delete_index: span.attributes["a"] may be no list',
                "delete_index: the indexes do not lie within the list",
            ],
        ),
        ('delete_key(span.attributes, "a")', []),
        ('delete_key(log.body, "a")', ["delete_key: log.body may be no map"]),
        ('log.body["a"] == 1', ['log.body["a"]: a key on what is no map or list']),
        (
            'span.attributes[span.attributes["k"]] == 1',
            ['span.attributes[span.attributes["k"]]: the key may be no string'],
        ),
        ("set(datapoint.count, 6)", ["datapoint.count: not every data point has it"]),
        ("Len(span.name) == 3", []),
        (
            'Len(span.attributes["a"]) == 3',
            ["Len: target may be no string, bytes, list or map"],
        ),
        (
            'set(span.attributes["a"], 1) where Coalesce([span.name])',
            ["Coalesce([span.name]): it may be no bool"],
        ),
        (
            "set(log.body, Filter(log.attributes, (k, v) => v))",
            ["Filter: predicate's result may be no bool"],
        ),
        ("set(log.body, Filter(log.attributes, (k, v) => v == k))", []),
        (
            'replace_pattern(span.name, span.attributes["p"], "x")',
            ["replace_pattern: regex_pattern may be no regex"],
        ),
        ('IsMatch(span.attributes["x"], "^a")', []),
    ],
)
def test_what_can_fail_is_told_and_nothing_else(text: str, failures: list[str]) -> None:
    assert list(explain(text).failures) == failures


def test_named_arguments_are_told_by_their_parameter() -> None:
    text = 'Substring(span.name, start=0, length=span.attributes["n"])'
    assert explain(text).failures == (
        "Substring: length may be no int",
        "Substring: start and length do not lie within the text",
    )


def test_the_tree_tells_what_converters_and_calculations_give() -> None:
    text = 'set(span.name, String(Len(span.name) + 1)) where IsMatch(span.name, "a")'
    types = {one.text: one.type for one in explain(text).nodes}
    assert types["String(Len(span.name) + 1)"] == "string or nil"
    assert types["Len(span.name) + 1"] == "int"
    assert types["Len(span.name)"] == "int"
    assert types['IsMatch(span.name, "a")'] == "bool"
    (path,) = (one for one in explain("metric.is_monotonic == true").nodes if one.what == "path")
    assert (path.type, path.note) == ("bool", "of the metric; nil where it is not there")


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
