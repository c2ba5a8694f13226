"""Groups of statements: their contexts, conditions, caches and error modes."""

import pytest

from otx.ottl.processors.config import ConfigInvalid
from otx.ottl.processors.transform import read_transform


def problems(config: object) -> list[str]:
    with pytest.raises(ConfigInvalid) as caught:
        read_transform(config)
    return [str(one) for one in caught.value.problems]


def test_every_problem_is_named_with_its_place() -> None:
    found = problems(
        {
            "error_mod": "ignore",
            "trace_statements": [
                {"context": "spam", "statements": ['set(name, "x")']},
                {"context": "span", "statements": ["set(name)", 'set(nmae, "x")', 7]},
                {"statements": 'set(span.name, "x")'},
            ],
            "log_statements": ['set(log.body, "x")', {"statements": []}],
        }
    )
    text = "\n".join(found)
    assert "error_mod: there is no key 'error_mod'" in text
    assert "trace_statements[0].context: 'spam' is none of resource, scope, span" in text
    assert "trace_statements[1].statements[0]: 1:1: set takes 2 arguments, not 1" in text
    assert "trace_statements[1].statements[1]: 1:5: 'nmae' is no path of the context span" in text
    assert "trace_statements[1].statements[2]: a text is wanted, not int" in text
    assert "trace_statements[2].statements: a list is wanted, not a text" in text
    assert "log_statements: statements and groups cannot stand in one list" in text


@pytest.mark.parametrize("config", [[], "x", 7, {"error_mode": "loud"}, {"trace_statements": {}}])
def test_what_is_no_configuration_is_refused(config: object) -> None:
    assert problems(config)


def test_a_group_s_error_mode_stands_above_the_configuration_s() -> None:
    made = read_transform(
        {
            "error_mode": "silent",
            "trace_statements": [
                {"statements": ['set(span.name, "x")']},
                {"error_mode": "propagate", "statements": ['set(span.name, "x")']},
            ],
        }
    )
    modes = [group.error_mode for groups in made.groups.values() for group in groups]
    assert modes == ["silent", "propagate"]
