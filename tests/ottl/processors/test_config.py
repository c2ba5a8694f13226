"""What is wrong in a configuration is told all at once."""

import pytest

from otx.ottl.functions.registry import FunctionSet
from otx.ottl.plan_config import plan_of_config
from otx.ottl.processors.config import ConfigInvalid, Problem, Reader


def problems(config: object) -> list[str]:
    with pytest.raises(ConfigInvalid) as caught:
        plan_of_config(config)
    return [str(one).partition("\n")[0] for one in caught.value.problems]


def test_no_mistake_hides_another() -> None:
    statements = [
        'replace_pattern(log.body, "\\d+", "?")',
        "set(log.severity_text, ToUppercase(log.severity_text))",
        'set(log.body, "x") where log.atributes["a"] == nil',
        'set(log.body, "fine")',
    ]
    found = problems({"transform": {"log_statements": statements}})
    assert [one.partition(":")[0] for one in found] == [
        "transform.log_statements[0]",
        "transform.log_statements[1]",
        "transform.log_statements[2]",
    ]


def test_a_context_that_cannot_be_inferred_is_told_where_nothing_else_is_wrong() -> None:
    (alone,) = problems({"filter": {"log_conditions": ["true"]}})
    assert "the context cannot be inferred" in alone
    group = {"conditions": ["true"], "statements": ["set(]"]}
    found = problems({"transform": {"log_statements": [group]}})
    assert len(found) == 1
    assert "invalid syntax" in found[0]


def test_a_problem_says_where_it_stands() -> None:
    problem = Problem(("log_statements", 0, "statements", 2), "it is wrong")
    assert str(problem.within(("processors", "transform/a"))) == (
        "processors.transform/a.log_statements[0].statements[2]: it is wrong"
    )


def test_unknown_keys_and_wrong_kinds_are_complained_about() -> None:
    reader = Reader(FunctionSet())
    assert reader.mapping((), [], ("a",)) == {}
    reader.mapping((), {"erorr_mode": 1}, ("error_mode",))
    assert reader.sequence(("a",), {}) == ()
    assert reader.texts((), ["x", 1]) == [((0,), "x")]
    assert [one.message for one in reader.problems] == [
        "a map is wanted, not a list",
        "there is no key 'erorr_mode'",
        "a list is wanted, not a map",
        "a text is wanted, not int",
    ]
    assert reader.problems[1].hint == "did you mean error_mode?"


def test_a_text_stands_for_a_list_of_itself_unless_the_collector_would_cut_it() -> None:
    reader = Reader(FunctionSet())
    assert reader.texts(("conditions",), 'body == "x"') == [(("conditions",), 'body == "x"')]
    assert reader.texts((), "") == []
    assert not reader.problems
    assert reader.texts(("conditions",), 'IsMatch(body, "x")') == []
    assert "commas" in reader.problems[0].hint
