"""Why a statement did or did not do something to a record."""

from typing import Any

import pytest

from otx.ottl.contexts.table import CONTEXTS
from otx.ottl.errors import ExecutionError, OttlError
from otx.ottl.functions.registry import FunctionSet
from otx.ottl.gates import switched
from otx.ottl.tracing import Part, Step, TracedCondition, TracedStatement
from tests.ottl.documents import attributes, document
from tests.ottl.vector_run import open_case

FUNCTIONS = FunctionSet("", switched(""))
SPAN = {
    "name": "GET /cart",
    "kind": 2,
    "attributes": attributes(code=500, route="/cart"),
    "traceId": "0af7651916cd43dd8448eb211c80319c",
}


def record() -> Any:
    return next(open_case({"input": document("Spans", SPAN)}).items())


def step(text: str) -> Step:
    return TracedStatement(text, CONTEXTS["span"], FUNCTIONS).run(record())


def parts(found: Step) -> list[tuple[int, str, Any]]:
    return [(one.depth, one.text, one.value) for one in found.parts]


def test_what_ran_tells_what_stood_at_its_target_before_and_after() -> None:
    found = step('set(attributes["code"], 200) where kind == SPAN_KIND_SERVER')
    assert (found.verdict, found.reason) == ("ran", "")
    assert list(found.changed) == [('attributes["code"]', 500, 200)]
    assert found.ns > 0


def test_of_a_map_the_entries_that_changed_are_told() -> None:
    found = step('merge_maps(attributes, {"code": 200, "new": [1]}, "upsert")')
    assert sorted(found.changed) == [
        ('attributes["code"]', 500, 200),
        ('attributes["new"]', None, [1]),
    ]
    assert [
        path for path, _, after in step('delete_key(attributes, "code")').changed if after is None
    ]


def test_what_changes_nothing_tells_nothing() -> None:
    assert list(step('set(name, "GET /cart")').changed) == []
    # The type counts too.
    assert list(step('set(attributes["code"], 500.0)').changed) == [
        ('attributes["code"]', 500, 500.0)
    ]


def test_what_did_not_match_tells_each_part_of_its_condition() -> None:
    whole = 'kind == SPAN_KIND_CLIENT or (attributes["code"] < 500 and not IsRootSpan())'
    found = step(f'set(name, "x") where {whole}')
    assert found.verdict == "not matched"
    assert list(found.changed) == []
    assert parts(found) == [
        (0, whole, False),
        (1, "kind == SPAN_KIND_CLIENT", False),
        (2, "kind", 2),
        (1, 'attributes["code"] < 500 and not IsRootSpan()', False),
        (2, 'attributes["code"] < 500', False),
        (3, 'attributes["code"]', 500),
        (2, "not IsRootSpan()", False),
        (3, "IsRootSpan()", True),
    ]


def test_the_arguments_of_a_converter_are_told() -> None:
    found = step('set(name, "x") where IsMatch(attributes["route"], "^/product")')
    assert parts(found) == [
        (0, 'IsMatch(attributes["route"], "^/product")', False),
        (1, 'attributes["route"]', "/cart"),
    ]


def test_what_failed_tells_why_and_a_part_that_failed_too() -> None:
    found = step("set(name, Substring(name, 0, 400))")
    assert found.verdict == "failed"
    assert "Substring wants 400" in found.reason
    found = step('set(name, "x") where HasPrefix(attributes["none"], "a")')
    assert found.verdict == "failed"
    whole = found.parts[0]
    assert isinstance(whole.value, ExecutionError)
    assert parts(found)[1:] == [(1, 'attributes["none"]', None)]


def test_a_condition_tells_its_parts_whatever_it_is() -> None:
    asked = TracedCondition("kind == 2", CONTEXTS["span"], FUNCTIONS)
    assert asked.parts(record()) == [Part("kind == 2", True, 0), Part("kind", 2, 1)]
    prefixed = TracedCondition("span.kind == 2", CONTEXTS["span"], FUNCTIONS, needs_prefix=True)
    assert prefixed.parts(record())[0].value is True


def test_a_condition_that_is_asked_tells_its_parts_where_it_is_not_true() -> None:
    is_true = TracedCondition("kind == 2", CONTEXTS["span"], FUNCTIONS).ask(record())
    assert (is_true.verdict, is_true.parts) == ("ran", ())
    is_false = TracedCondition("kind == 3", CONTEXTS["span"], FUNCTIONS).ask(record())
    assert (is_false.verdict, is_false.parts[0]) == ("not matched", Part("kind == 3", False, 0))
    fails = TracedCondition('HasPrefix(attributes["none"], "a")', CONTEXTS["span"], FUNCTIONS)
    assert fails.ask(record()).verdict == "failed"
    assert fails.ask(record()).reason


@pytest.mark.parametrize("text", ["set(nmae, 1)", "set(name", "nope()"])
def test_what_does_not_check_is_refused(text: str) -> None:
    with pytest.raises(OttlError):
        TracedStatement(text, CONTEXTS["span"], FUNCTIONS)
