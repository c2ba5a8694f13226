"""A text run on one record or on all: what it did and what it left alone."""

import pytest

from otx.errors import UsageError
from otx.model.signal import Signal
from otx.ottl.functions.registry import FunctionSet
from otx.ottl.repl.running import StatementResult, has_changed, prepare
from otx.ottl.repl.session import ConditionResult, ValueResult
from tests.ottl.repl.prompts import session

FUNCTIONS = FunctionSet("transform")


@pytest.mark.parametrize(
    ("text", "kind", "context", "needs_prefix"),
    [
        ('set(span.name, "x")', "statement", "span", True),
        ('set(spanevent.name, "x")', "statement", "spanevent", True),
        ('set(name, "x")', "statement", "span", False),
        ("span.kind == 2", "condition", "span", True),
        ("true", "value expression", "span", False),
        ("Len(attributes)", "value expression", "span", False),
        ('(IsMatch(name, "x"))', "value expression", "span", False),
        ('not IsMatch(name, "x")', "condition", "span", False),
        ("resource.attributes", "value expression", "resource", True),
    ],
)
def test_a_text_is_told_by_its_form_and_its_context_by_its_paths(
    text: str, kind: str, context: str, needs_prefix: bool
) -> None:
    found = prepare(text, "", Signal.TRACES, FUNCTIONS)
    assert (found.kind, found.context.name, found.needs_prefix) == (kind, context, needs_prefix)


def test_a_fixed_context_is_not_inferred() -> None:
    found = prepare("span.name", "spanevent", Signal.TRACES, FUNCTIONS)
    assert (found.context.name, found.needs_prefix) == ("spanevent", False)


def test_contexts_that_do_not_go_together_are_refused_with_the_reason() -> None:
    with pytest.raises(UsageError) as caught:
        prepare('convert_sum_to_gauge() where span.name == ""', "", Signal.TRACES, FUNCTIONS)
    assert "cannot be inferred" in caught.value.message
    assert "convert_sum_to_gauge" in caught.value.hint


def test_a_statement_that_fails_leaves_the_record_as_it_was() -> None:
    prompt = session()
    before = prompt.current
    result = prompt.run('set(attributes["t"], trace_id)')
    assert isinstance(result, StatementResult)
    assert result.has_failed
    assert result.after is before is prompt.current
    assert not prompt.typed


def test_a_statement_runs_on_every_part_of_the_record() -> None:
    prompt = session()
    prompt.move(2)
    result = prompt.run('set(datapoint.attributes["n"], 1) where datapoint.value_int > 100')
    assert isinstance(result, StatementResult)
    assert [step.verdict for _, step in result.steps] == ["ran", "not matched"]


def test_a_metric_that_is_added_is_known_as_new() -> None:
    prompt = session()
    prompt.move(2)
    result = prompt.run('copy_metric(name = "other") where unit != "" and name != "other"')
    assert isinstance(result, StatementResult)
    assert [step.verdict for _, step in result.steps] == ["ran", "not matched"]
    assert list(result.origins) == [0, -1]
    assert len(prompt.states()) == 2


def test_a_statement_that_copies_its_copies_ends() -> None:
    prompt = session()
    prompt.move(2)
    result = prompt.run('copy_metric(name = "other")')
    assert isinstance(result, StatementResult)
    assert result.has_failed
    assert "give it a `where`" in result.steps[-1][1].reason
    assert prompt.run_on_all("copy_metric()").failed == 1
    assert len(prompt.states()) == 1


def test_the_cache_lasts_while_the_context_does() -> None:
    prompt = session()
    prompt.run('set(cache["x"], "kept")')
    assert value(prompt.run('cache["x"]')) == "kept"
    prompt.run('set(resource.attributes["a"], 1)')
    assert value(prompt.run('cache["x"]')) is None


def test_the_cache_is_taken_back_with_the_statement() -> None:
    prompt = session()
    prompt.run('set(cache["x"], 1)')
    prompt.run('set(cache["x"], 2)')
    prompt.undo()
    assert value(prompt.run('cache["x"]')) == 1


def test_asking_changes_nothing() -> None:
    prompt = session()
    before = prompt.current
    assert isinstance(prompt.run("kind == 2"), ConditionResult)
    assert value(prompt.run('Concat([name, "!"], "")')) == "GET /cart/8812!"
    assert prompt.current is before
    assert not prompt.can_undo


def test_a_value_that_cannot_be_had_stands_where_it_would() -> None:
    found = value(session().run("ParseJSON(name)"))
    assert isinstance(found, Exception)


def test_a_sweep_counts_what_matched_changed_and_failed() -> None:
    prompt = session()
    done = prompt.run_on_all(
        'set(resource.attributes["a"], 1) where resource.attributes["a"] == nil'
    )
    assert (done.records, done.matched, done.changed, done.failed) == (3, 3, 3, 0)
    again = prompt.run_on_all('set(resource.attributes["a"], 1)')
    assert (again.matched, again.changed) == (3, 0)
    failing = prompt.run_on_all('set(resource.attributes["b"], ParseJSON("{"))')
    assert (failing.failed, failing.changed) == (3, 0)
    assert failing.reasons[0][0].startswith("record 1: the resource of")


def test_another_encoding_of_the_same_is_no_change() -> None:
    prompt = session()
    before = prompt.current
    prompt.run('set(attributes["http.route"], attributes["http.route"])')
    assert not has_changed(before, prompt.current)
    prompt.run('set(name, Decode("/w==", "base64"))')
    assert has_changed(before, prompt.current)


def value(result: object) -> object:
    assert isinstance(result, ValueResult)
    ((_, found),) = result.values
    return found
