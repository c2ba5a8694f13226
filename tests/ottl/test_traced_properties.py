"""What is told of records that properties let through."""

from typing import Any

from otx.ottl.processors.filter import read_filter
from otx.ottl.processors.properties import PropertyCondition
from otx.ottl.traced_properties import ask_properties
from otx.ottl.tracing import Step
from tests.ottl.documents import document
from tests.ottl.vector_run import open_case

SPANS = document("Spans", {"name": "GET /", "kind": 2})


def ask(word: str, **properties: Any) -> Step:
    config = {"spans": {word: {"match_type": "strict", **properties}}}
    ((rule,),) = read_filter(config).rules.values()
    assert isinstance(rule.condition, PropertyCondition)
    (item,) = open_case({"input": SPANS}).items()
    return ask_properties(rule.condition, item)


def parts(step: Step) -> list[tuple[int, str, Any, bool]]:
    return [(one.depth, one.text, one.value, one.is_reached) for one in step.parts]


def test_what_is_dropped_needs_no_reason() -> None:
    step = ask("exclude", span_names=["GET /"])
    assert (step.verdict, step.statement, step.parts) == ("ran", 'span.name == "GET /"', ())


def test_one_property_is_told_with_what_is_there() -> None:
    step = ask("exclude", span_names=["POST /", "PUT /"])
    assert step.verdict == "not matched"
    assert parts(step) == [
        (0, 'span.name == "POST /" or span.name == "PUT /"', False, True),
        (1, "span.name", "GET /", True),
    ]


def test_behind_the_first_that_is_not_there_nothing_is_asked() -> None:
    step = ask("exclude", span_names=["a"], span_kinds=["SPAN_KIND_SERVER"])
    assert parts(step)[1:] == [
        (1, 'span.name == "a"', False, True),
        (2, "span.name", "GET /", True),
        (1, "span.kind == SPAN_KIND_SERVER", None, False),
    ]


def test_what_is_included_has_all_of_them() -> None:
    step = ask("include", span_kinds=["SPAN_KIND_SERVER"])
    assert parts(step) == [
        (0, "not (span.kind == SPAN_KIND_SERVER)", False, True),
        (1, "span.kind == SPAN_KIND_SERVER", True, True),
        (2, "span.kind", 2, True),
    ]
    assert step.parts[2].symbol == "SPAN_KIND_SERVER"
