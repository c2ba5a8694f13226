"""Why a statement did or did not do something to a record."""

from typing import Any

import pytest

from otx.ottl.batch import WALKS
from otx.ottl.changes import Change, flat
from otx.ottl.contexts.table import CONTEXTS
from otx.ottl.errors import ExecutionError, OttlError
from otx.ottl.functions.registry import FunctionSet
from otx.ottl.gates import switched
from otx.ottl.tracing import Part, Step, TracedCondition, TracedStatement
from otx.ottl.values import Duration, Time
from tests.ottl.documents import attributes, document
from tests.ottl.vector_run import open_case

FUNCTIONS = FunctionSet("", switched(""))
SPAN = {
    "name": "GET /cart",
    "kind": 2,
    "attributes": attributes(code=500, route="/cart"),
    "startTimeUnixNano": "1000",
    "endTimeUnixNano": "3000",
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
    assert list(found.changed) == [Change("~", 'attributes["code"]', 500, 200)]
    assert found.ns > 0


def test_of_a_map_the_entries_that_changed_are_told() -> None:
    found = step('merge_maps(attributes, {"code": 200, "new": [1]}, "upsert")')
    assert list(found.changed) == [
        Change("~", 'attributes["code"]', 500, 200),
        Change("+", 'attributes["new"]', after=[1]),
    ]
    assert list(step('delete_key(attributes, "code")').changed) == [
        Change("-", 'attributes["code"]', before=500)
    ]


def test_what_changes_nothing_tells_nothing() -> None:
    assert list(step('set(name, "GET /cart")').changed) == []
    # The type counts too.
    assert list(step('set(attributes["code"], 500.0)').changed) == [
        Change("~", 'attributes["code"]', 500, 500.0)
    ]


def test_a_key_with_an_empty_value_is_another_thing_than_no_key() -> None:
    assert list(step('set(attributes["n"], nil)').changed) == [Change("+", 'attributes["n"]')]
    assert list(step('set(attributes["m"]["n"], nil)').changed) == [
        Change("+", 'attributes["m"]["n"]')
    ]
    assert list(step('set(attributes["code"], nil)').changed) == [
        Change("~", 'attributes["code"]', 500)
    ]
    assert list(step('set(cache["n"], nil)').changed) == [Change("+", 'cache["n"]')]


def test_a_map_in_the_place_of_something_else_is_told_by_its_entries() -> None:
    assert list(step('set(attributes["code"], {"a": 1})').changed) == [
        Change("-", 'attributes["code"]', before=500),
        Change("+", 'attributes["code"]["a"]', after=1),
    ]
    assert list(step("set(cache, attributes)").changed) == [
        Change("+", 'cache["code"]', after=500),
        Change("+", 'cache["route"]', after="/cart"),
    ]


def test_the_target_is_told_wherever_it_stands() -> None:
    found = step('set(value=attributes["route"], target=name)')
    assert list(found.changed) == [Change("~", "name", "GET /cart", "/cart")]


def metric_step(text: str, context: str = "metric", **metric: Any) -> Step:
    whole = document("Metrics", {"name": "req", "unit": "s", **metric})
    batch = open_case({"input": whole})
    record = next(WALKS[context](batch))
    return TracedStatement(text, CONTEXTS[context], FUNCTIONS).run(record)


SUM = {
    "dataPoints": [{"asInt": "5", "attributes": attributes(k="v")}, {"asInt": "6"}],
    "aggregationTemporality": 2,
    "isMonotonic": True,
}
HISTOGRAM = {
    "dataPoints": [{"count": "3", "sum": 6, "bucketCounts": ["3"], "explicitBounds": []}],
    "aggregationTemporality": 1,
}
SUMMARY = {"dataPoints": [{"count": "3", "sum": 6}]}


def test_what_writes_to_no_path_tells_what_changed_in_the_record() -> None:
    found = metric_step('convert_sum_to_gauge() where metric.name == "req"', sum=SUM)
    assert list(found.changed) == [
        Change("~", "metric.type", 2, 1),
        Change("-", "metric.aggregation_temporality", before=2),
        Change("-", "metric.is_monotonic", before=True),
    ]
    assert list(metric_step("convert_sum_to_gauge()", gauge={}).changed) == []
    assert list(metric_step("scale_metric(10.0)", sum=SUM).changed) == [
        Change("~", "datapoint[0].value_int", 5, 50),
        Change("~", "datapoint[1].value_int", 6, 60),
    ]
    assert list(metric_step('aggregate_on_attributes("sum", [])', sum=SUM).changed) == [
        Change("~", "datapoint[0].value_int", 5, 11),
        Change("-", 'datapoint[0].attributes["k"]', before="v"),
        Change("-", "datapoint[1].value_int", before=6),
    ]


def test_records_that_were_added_are_told() -> None:
    copied = metric_step('copy_metric(name="new", unit=unit)', sum=SUM)
    assert list(copied.changed) == []
    assert [one.full_title for one in copied.added] == ['metric "new"']
    (extracted,) = metric_step("extract_count_metric(true)", histogram=HISTOGRAM).added
    assert flat(extracted.short)["datapoint[0].value_int"] == 3
    made = metric_step(
        'convert_summary_count_val_to_sum("delta", true)', "datapoint", summary=SUMMARY
    )
    assert [one.full_title for one in made.added] == ['metric "req_count"']


def test_a_span_that_gets_another_name_by_convention_tells_it() -> None:
    span = {"name": "x", "kind": 2, "attributes": attributes(http__request__method="GET")}
    item = next(open_case({"input": document("Spans", span)}).items())
    text = 'set_semconv_span_name("1.37.0")'
    found = TracedStatement(text, CONTEXTS["span"], FUNCTIONS).run(item)
    assert list(found.changed) == [Change("~", "span.name", "x", "GET")]


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
        (2, "not IsRootSpan()", None),
    ]
    assert [one.is_reached for one in found.parts] == [True] * 6 + [False]


def test_what_was_not_reached_is_told_as_that_and_not_evaluated() -> None:
    found = step('set(name, "x") where kind == 3 and HasPrefix(attributes["none"], "x")')
    assert [(one.text, one.is_reached) for one in found.parts] == [
        ('kind == 3 and HasPrefix(attributes["none"], "x")', True),
        ("kind == 3", True),
        ("kind", True),
        ('HasPrefix(attributes["none"], "x")', False),
    ]
    either = step('set(name, "x") where not (kind == 2 or HasPrefix(attributes["none"], "x"))')
    assert [one.is_reached for one in either.parts] == [True] * 4 + [False]


def test_calculations_are_told_down_to_their_paths() -> None:
    found = step('set(name, "x") where (end_time_unix_nano - start_time_unix_nano) / 1000 > 5')
    assert parts(found) == [
        (0, "(end_time_unix_nano - start_time_unix_nano) / 1000 > 5", False),
        (1, "(end_time_unix_nano - start_time_unix_nano) / 1000", 2),
        (2, "end_time_unix_nano - start_time_unix_nano", 2000),
        (3, "end_time_unix_nano", 3000),
        (3, "start_time_unix_nano", 1000),
    ]
    found = step('set(name, "x") where -Len(attributes[Concat(["rou", "te"], "")]) + 2*3 > 30')
    assert parts(found)[1:] == [
        (1, '-Len(attributes[Concat(["rou", "te"], "")]) + 2*3', 1),
        (2, '-Len(attributes[Concat(["rou", "te"], "")])', -5),
        (3, 'Len(attributes[Concat(["rou", "te"], "")])', 5),
        (4, 'attributes[Concat(["rou", "te"], "")]', "/cart"),
        (5, 'Concat(["rou", "te"], "")', "route"),
        (2, "2*3", 6),
    ]


def test_times_and_durations_are_told() -> None:
    found = step('set(name, "x") where end_time - start_time > Duration("1s")')
    assert parts(found)[1:] == [
        (1, "end_time - start_time", Duration(2000)),
        (2, "end_time", Time(3000)),
        (2, "start_time", Time(1000)),
        (1, 'Duration("1s")', Duration(1_000_000_000)),
    ]


def test_a_converter_is_called_once_and_told_as_it_was() -> None:
    texts = step('set(name, "x") where UUID() == name').parts
    assert len(str(texts[1].value)) == 36
    found = step('set(name, "x") where Concat([UUID(), "a"], "") == name').parts
    assert found[1].value == f"{found[2].value}a"


def test_what_is_in_a_lambda_has_no_value_of_its_own() -> None:
    text = 'set(name, "x") where Len(Filter(attributes, (k, v) => v == 500)) == 7'
    lambdas = FunctionSet("", switched("ottl.functions.enableLambda"))
    found = TracedStatement(text, CONTEXTS["span"], lambdas).run(record())
    assert [one.text for one in found.parts][1:] == [
        "Len(Filter(attributes, (k, v) => v == 500))",
        "Filter(attributes, (k, v) => v == 500)",
        "attributes",
    ]


def test_a_map_is_told_as_it_was() -> None:
    traced = TracedStatement(
        'set(name, "x") where Len(attributes) == 1', CONTEXTS["span"], FUNCTIONS
    )
    item = record()
    found = traced.run(item)
    item.attributes["code"] = 1
    assert found.parts[2].value == {"code": 500, "route": "/cart"}


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
    assert [(one.depth, one.text) for one in found.parts] == [
        (0, "Substring(name, 0, 400)"),
        (1, "name"),
    ]
    assert found.parts[1].value == "GET /cart"
    found = step('set(name, "x") where HasPrefix(attributes["none"], "a")')
    assert found.verdict == "failed"
    whole = found.parts[0]
    assert isinstance(whole.value, ExecutionError)
    assert parts(found)[1:] == [(1, 'attributes["none"]', None)]


def test_a_condition_tells_its_parts_whatever_it_is() -> None:
    asked = TracedCondition("kind == 2", CONTEXTS["span"], FUNCTIONS)
    assert asked.parts(record()) == [
        Part("kind == 2", True, 0),
        Part("kind", 2, 1, "SPAN_KIND_SERVER"),
    ]
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
