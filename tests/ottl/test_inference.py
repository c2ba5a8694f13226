"""Which context is inferred, and the reasons that are given for it."""

import pytest

from otx.ottl.functions.registry import FunctionSet
from otx.ottl.inference import Inference, infer, undefined
from otx.ottl.parser import parse_statement


def inferred(*statements: str, component: str = "transform", **rest: object) -> Inference:
    trees = [parse_statement(text) for text in statements]
    return infer(trees, FunctionSet(component), **rest)  # type: ignore[arg-type]  # the tests' own


@pytest.mark.parametrize(
    ("statements", "context"),
    [
        (['set(span.name, "x")'], "span"),
        (['set(resource.attributes["a"], 1)'], "resource"),
        (['set(scope.name, "x")'], "scope"),
        (["set(log.body, instrumentation_scope.name)"], "log"),
        (["set(spanevent.name, span.name)"], "spanevent"),
        (["set(resource.attributes[log.body], 1)"], "log"),
        (['set(metric.name, "a")', 'set(datapoint.attributes["a"], 1)'], "datapoint"),
        (['set(span.name, "x")', 'set(resource.attributes["a"], 1)'], "span"),
        (["set(scope.name, resource.schema_url)"], "scope"),
    ],
)
def test_the_most_specific_context_that_is_named_is_taken(
    statements: list[str], context: str
) -> None:
    found = inferred(*statements)
    assert found.context is not None
    assert found.context.name == context
    assert found.candidates[-1].name == context
    assert not found.candidates[-1].refusal


def test_what_lacks_a_function_is_left_for_what_is_below_it() -> None:
    found = inferred('convert_sum_to_gauge() where resource.attributes["a"] == 1')
    assert found.context is not None
    assert found.context.name == "metric"
    assert found.candidates[0].name == "resource"
    assert "it has no function convert_sum_to_gauge" in found.candidates[0].refusal
    assert "only metric below it has every function and enum" in found.reason


def test_an_enum_forces_a_context_too() -> None:
    found = inferred('set(resource.attributes["a"], SPAN_KIND_SERVER)')
    assert found.context is not None
    assert found.context.name in ("span", "spanevent", "spanlink")


def test_without_a_path_there_is_nothing_to_infer_from() -> None:
    found = inferred("convert_sum_to_gauge()")
    assert found.context is None
    assert "no path names its context" in found.reason


def test_another_name_of_a_context_is_none_by_itself() -> None:
    found = inferred("set(instrumentation_scope.name, resource.schema_url)")
    assert found.context is None
    assert "write scope" in found.reason


def test_an_unknown_function_refuses_every_candidate_by_name() -> None:
    found = inferred('nosuch(span.name, "x")')
    assert found.context is None
    assert all("it has no function nosuch" in one.refusal for one in found.candidates)


def test_a_lambda_s_formal_names_no_context() -> None:
    found = inferred('set(log.attributes["a"], Filter(log.body, (span, v) => span == 1))')
    assert found.context is not None
    assert found.context.name == "log"


def test_a_signal_allows_only_its_own_contexts() -> None:
    found = inferred('set(span.name, "x")', allowed=("resource", "scope", "log"))
    assert found.context is None
    assert "it is none of resource, scope, log" in found.reason


@pytest.mark.parametrize(
    ("text", "reason", "hint", "place"),
    [
        (
            "set(span.name, Lenn(span.name))",
            "undefined function 'Lenn'",
            "did you mean Len?",
            "Lenn",
        ),
        (
            "set(span.kind, SPAN_KIND_SERVE)",
            "undefined enum symbol SPAN_KIND_SERVE",
            "did you mean SPAN_KIND_SERVER?",
            "SPAN_KIND_SERVE",
        ),
    ],
)
def test_what_no_context_has_is_told_with_its_place(
    text: str, reason: str, hint: str, place: str
) -> None:
    error = undefined(text, parse_statement(text), FunctionSet("transform"))
    assert error is not None
    assert (error.reason, error.hint) == (reason, hint)
    assert text[error.place.start : error.place.end] == place


@pytest.mark.parametrize(
    "text",
    [
        'convert_sum_to_gauge() where span.name == ""',
        "set(span.kind, SEVERITY_NUMBER_INFO)",
        'replace_pattern(span.name, "a", "b", SHA256)',
    ],
)
def test_what_another_context_has_is_not_undefined(text: str) -> None:
    assert undefined(text, parse_statement(text), FunctionSet("transform")) is None
