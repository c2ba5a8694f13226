"""What statements cost, by a clock that is told what to say."""

from collections.abc import Callable, Iterator

import pytest

from otx.model.signal import Signal
from otx.ottl.benching import MIN_ITEMS, MIN_ROUNDS, Bench, bench, steady, unmeasured
from otx.ottl.functions.registry import FunctionSet
from otx.ottl.plan import Plan, plan_of_statements
from otx.ottl.plan_config import plan_of_config
from otx.ottl.repl.sample import sample

FUNCTIONS = FunctionSet("transform")


def ticking(step_ns: int = 1000) -> Callable[[], int]:
    """A clock that goes on by so much whenever it is read."""

    def ticks() -> Iterator[int]:
        at = 0
        while True:
            yield at
            at += step_ns

    clock = ticks()
    return lambda: next(clock)


def measured(plan: Plan, signal: Signal = Signal.TRACES, duration_ns: int = 0) -> Bench:
    bodies = [one.body for one in sample() if one.signal is signal]
    return bench(plan, signal, bodies, duration_ns, ticking())


def of_statements(*texts: str, context: str = "span") -> Bench:
    return measured(plan_of_statements(texts, FUNCTIONS, context=context))


def test_condition_and_editor_are_told_apart_a_record_each() -> None:
    found = of_statements('set(name, "x") where kind == 2', "set(kind, 3)")
    first, second = found.statements
    assert found.items == MIN_ITEMS
    assert (first.asked, first.ran, first.failed) == (MIN_ITEMS, MIN_ITEMS, 0)
    # Between two readings lie 1000 ns. The sample is opened 1000 times, a record each time.
    assert (first.condition_ns, first.editor_ns, first.total_ns) == (1000, 1000, 2000)
    assert (second.condition_ns, second.editor_ns) == (0, 1000)
    assert (found.decode_ns, found.encode_ns, found.total_ns) == (1, 1, 3002)
    assert first.share == pytest.approx(2 / 3)
    assert second.share == pytest.approx(1 / 3)


def test_a_condition_that_is_false_keeps_the_editor_from_running() -> None:
    (found,) = of_statements('set(name, "x") where kind == 3').statements
    assert (found.asked, found.ran) == (MIN_ITEMS, 0)


def test_a_statement_meets_what_the_one_before_it_did() -> None:
    found = of_statements("set(kind, 3)", 'set(name, "x") where kind == 3')
    assert found.statements[1].ran == MIN_ITEMS


def test_each_round_begins_with_the_data_as_it_came() -> None:
    found = of_statements('set(attributes["n"], 1) where attributes["n"] == nil')
    assert found.rounds == MIN_ROUNDS
    assert found.statements[0].ran == MIN_ITEMS


def test_failures_are_counted_of_one_round() -> None:
    (condition, editor) = of_statements(
        'set(name, "x") where ParseJSON(name) == nil', "set(name, 1) where true"
    ).statements
    assert (condition.failed, condition.ran) == (MIN_ITEMS, 0)
    assert (editor.failed, editor.ran) == (MIN_ITEMS, MIN_ITEMS)


def test_it_goes_on_for_as_long_as_it_may() -> None:
    plan = plan_of_statements(["set(kind, 3)"], FUNCTIONS, context="span")
    few, many = measured(plan), measured(plan, duration_ns=20_000_000)
    assert few.rounds == MIN_ROUNDS < many.rounds


def test_the_conditions_of_a_group_come_before_its_statements() -> None:
    groups = [
        {"context": "span", "conditions": ["kind == 3"], "statements": ['set(name, "x")']},
        {
            "context": "span",
            "conditions": ["kind == 2", "kind == 3"],
            "statements": ["set(kind, 4)"],
        },
    ]
    found = measured(plan_of_config({"transform": {"trace_statements": groups}}))
    assert [(one.text, one.asked, one.ran) for one in found.statements] == [
        ("kind == 3", MIN_ITEMS, 0),
        ('set(name, "x")', 0, 0),
        ("kind == 2 or kind == 3", MIN_ITEMS, MIN_ITEMS),
        ("set(kind, 4)", MIN_ITEMS, MIN_ITEMS),
    ]
    assert {one.component for one in found.statements} == {"transform"}


def test_what_a_filter_drops_is_not_there_afterwards() -> None:
    config = {
        "filter": {"trace_conditions": ["span.kind == 2", 'spanevent.name == "exception"']},
        "transform": {"trace_statements": ['set(span.name, "x")']},
    }
    found = measured(plan_of_config(config))
    assert [(one.context, one.ran) for one in found.statements] == [
        ("span", MIN_ITEMS),
        ("spanevent", MIN_ITEMS),
        ("span", 0),
    ]
    assert found.items == MIN_ITEMS


def test_parts_are_counted_by_themselves_and_cost_by_the_item() -> None:
    plan = plan_of_statements(['set(attributes["a"], 1)'], FUNCTIONS, context="datapoint")
    found = measured(plan, Signal.METRICS)
    (only,) = found.statements
    assert (found.items, only.asked) == (MIN_ITEMS, 2 * MIN_ITEMS)
    assert (only.editor_ns, only.total_ns) == (500, 1000)


def test_what_decides_on_whole_items_is_not_measured() -> None:
    table = [{"context": "span", "condition": 'name == "x"', "pipelines": ["traces/a"]}]
    plan = plan_of_config({"routing": {"table": table}})
    assert unmeasured(plan, Signal.TRACES) == ["routing"]
    assert measured(plan).statements == []


@pytest.mark.parametrize(
    ("times", "figure"),
    [
        ([5], 5),
        ([9, 5, 7], 5),
        ([1, 100, 101, 50, 51, 52, 60, 70, 80, 90], 50.5),
        ([100, 1, 100, 40, 41, 42] * 5, 41.5),
    ],
)
def test_a_figure_is_the_best_of_the_medians(times: list[int], figure: float) -> None:
    assert steady(times) == figure
