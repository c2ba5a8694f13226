"""What is declared of functions; and every example of the documentation does what it says."""

import json
from typing import Any

import pytest

from otx.ottl.functions.registry import Function, FunctionSet, all_functions
from otx.ottl.gates import GATES
from otx.ottl.shown import shown
from tests.ottl.documents import Document, assert_same, document, items
from tests.ottl.vector_run import Result, run

FUNCTIONS = all_functions()
CONTEXTS = {"log": "Logs", "span": "Spans", "metric": "Metrics", "datapoint": "Metrics"}
"""Where examples run, the first that has the function; and what it is called in OTLP/JSON."""


def context_of(function: Function) -> str:
    return next(name for name in CONTEXTS if not function.contexts or name in function.contexts)


def any_value(value: Any) -> Document:
    """A JSON value as an AnyValue."""
    if value is None:
        return {}
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, list):
        return {"arrayValue": {"values": [any_value(one) for one in value]}}
    if isinstance(value, dict):
        return {"kvlistValue": {"values": key_values(value)}}
    return {"stringValue": value}


def key_values(attributes: dict[str, Any]) -> list[Document]:
    return [{"key": key, "value": any_value(one)} for key, one in attributes.items()]


def record_of(context: str, given: Any) -> Document:
    """The document that an example runs on."""
    if CONTEXTS[context] == "Metrics":
        return document("Metrics", *(given or [{"name": "m", "gauge": {"dataPoints": [{}]}}]))
    ids = {"traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "b7ad6b7169203331"}
    return document(CONTEXTS[context], {"attributes": key_values(given), **ids})


def try_example(function: Function) -> Result:
    assert function.example is not None
    context = context_of(function)
    given = json.loads(function.example.given)
    case = {
        "context": context,
        "processor": function.component,
        "gates": [f"+{function.gate}"] if function.gate else [f"+{gate}" for gate in GATES],
        "input": record_of(context, given),
    }
    if function.is_editor:
        return run({**case, "statements": [function.example.text]})
    return run({**case, "value_expression": function.example.text})


def test_every_function_has_an_example_and_a_summary() -> None:
    assert [name for name, one in FUNCTIONS.items() if one.example is None] == []
    assert [name for name, one in FUNCTIONS.items() if not one.summary.endswith(".")] == []


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_an_example_does_what_it_says(name: str) -> None:
    function = FUNCTIONS[name]
    assert function.example is not None
    assert name in function.example.text
    result = try_example(function)
    assert result.phase == "ok", result.error
    wanted = json.loads(function.example.result)
    if not function.is_editor:
        assert shown(result.value) == wanted
        return
    found = items(result.document)
    if CONTEXTS[context_of(function)] == "Metrics":
        assert_same(document("Metrics", *found), document("Metrics", *wanted))
    else:
        (item,) = found
        assert_same(item.get("attributes", []), key_values(wanted))


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_parameters_have_names_that_arguments_can_have(name: str) -> None:
    names = [one.name for one in FUNCTIONS[name].parameters]
    assert all(one.isidentifier() and one == one.lower() for one in names)
    assert len(set(names)) == len(names)
    # Behind an optional one nothing is wanted.
    optional = [one.is_optional for one in FUNCTIONS[name].parameters]
    assert optional == sorted(optional)


def test_a_set_offers_what_its_component_and_context_have() -> None:
    every, transform, filter_ = FunctionSet(), FunctionSet("transform"), FunctionSet("filter")
    assert every.find("copy_metric", "metric") is transform.find("copy_metric", "metric")
    assert filter_.find("copy_metric", "metric") is None
    assert transform.find("copy_metric", "span") is None
    assert every.find("nothing", "span") is None
    assert "IsRootSpan" in transform.names("span")
    assert "IsRootSpan" not in transform.names("log")


def test_an_extension_is_offered_unless_it_is_refused() -> None:
    extensions = [one for one in FUNCTIONS.values() if one.is_extension]
    strict = FunctionSet(allows_extensions=False)
    for one in extensions:
        context = next(iter(one.contexts), "log")
        assert FunctionSet().find(one.name, context) is one
        assert strict.find(one.name, context) is None
