"""What of `include` and `exclude` is refused, what has no effect, and where that is said."""

from typing import Any

import pytest

from otx.ottl.functions.registry import FunctionSet
from otx.ottl.processors.config import Reader
from otx.ottl.processors.property_config import PropertyRules, read_properties
from otx.ottl.yaml_reading import load_yaml

STRICT = {"match_type": "strict"}
REGEXP = {"match_type": "regexp"}


def read(key: str, **config: Any) -> tuple[PropertyRules, list[str]]:
    reader = Reader(FunctionSet("filter"))
    made = read_properties(reader, key, config)
    return made, [str(one) for one in reader.problems]


@pytest.mark.parametrize(
    ("key", "block", "said"),
    [
        ("spans", {}, "spans.include: one of services, span_names,"),
        ("spans", STRICT, "spans.include: one of services, span_names,"),
        ("spans", {"services": ["a"]}, "spans.include: match_type is missing"),
        (
            "spans",
            {"match_type": "glob", "services": ["a"]},
            "spans.include.match_type: 'glob' is none of strict, regexp",
        ),
        (
            "spans",
            REGEXP | {"services": ["a", "("]},
            "spans.include.services[1]: '(' is no regular expression of Go",
        ),
        (
            "spans",
            STRICT | {"span_kinds": ["SERVER"]},
            "spans.include.span_kinds[0]: 'SERVER' is none of SPAN_KIND_INTERNAL",
        ),
        (
            "spans",
            STRICT | {"services": ["a"], "log_bodies": ["b"]},
            "spans.include.log_bodies: spans have no such property",
        ),
        (
            "spans",
            STRICT | {"services": ["a"], "log_severity_number": {}},
            "spans.include.log_severity_number: spans have no such property",
        ),
        (
            "spans",
            STRICT | {"attributes": [{"value": 1}]},
            "spans.include.attributes[0]: an attribute needs a key",
        ),
        (
            "spans",
            REGEXP | {"attributes": [{"key": "a", "value": 1}]},
            "spans.include.attributes[0].value: regexp looks for texts, and 1 is none",
        ),
        (
            "spans",
            STRICT | {"attributes": [{"key": "a", "value": {1: 2}}]},
            "spans.include.attributes[0].value: {1: 2} is no value",
        ),
        (
            "spans",
            REGEXP
            | {"services": ["a"], "regexp": {"cacheenabled": True, "cachemaxnumentries": -1}},
            "spans.include.regexp.cachemaxnumentries: a cache has room",
        ),
        (
            "spans",
            STRICT | {"services": ["a"], "regexp": {"cachemaxnumentries": "many"}},
            "spans.include.regexp.cachemaxnumentries: a number is wanted, not 'many'",
        ),
        ("spans", STRICT | {"services": 5}, "spans.include.services: a list is wanted, not int"),
        ("spans", STRICT | {"spam": 5}, "spans.include.spam: there is no key 'spam'"),
        ("spans", {"match_type": 5, "services": ["a"]}, "spans.include.match_type: a text is"),
        (
            "logs",
            {"severity_number": {"min": "loud"}},
            "logs.include.severity_number.min: 'loud' is no severity",
        ),
        ("logs", {"severity_number": {"min": "25"}}, "'25' is no severity"),
        ("logs", {"severity_number": {"min": "09"}}, "'09' is no severity"),
        ("logs", {"severity_number": {"min": 9}}, "min: a text is wanted, not 9"),
        ("logs", REGEXP | {"regexp": {}}, "logs.include.regexp: there is no key 'regexp'"),
        (
            "metrics",
            {"match_type": "expr", "expressions": ['MetricName == "a"']},
            "metrics.include.expressions[0]: the expressions of match_type expr are not run",
        ),
        (
            "metrics",
            {"match_type": "expr", "resource_attributes": [{"key": "a", "value": "b"}]},
            "metrics.include.match_type: 'expr' is none of strict, regexp",
        ),
    ],
)
def test_what_a_collector_refuses_is_refused(key: str, block: Any, said: str) -> None:
    _, problems = read(key, include=block)
    assert any(said in one for one in problems), problems


def test_one_mistake_in_the_type_is_one_problem() -> None:
    _, problems = read("spans", include={"services": ["a"], "span_names": ["b"]})
    assert problems == ["spans.include: match_type is missing"]


@pytest.mark.parametrize(
    ("key", "block"),
    [
        ("spans", {"attributes": [{"key": "a"}]}),
        ("logs", {"severity_number": {}}),
        ("metrics", {"match_type": "glob", "resource_attributes": [{"key": "a"}]}),
        ("metrics", {"match_type": "expr", "resource_attributes": [{"key": "a"}]}),
    ],
)
def test_a_type_is_wanted_only_where_something_is_compared(key: str, block: Any) -> None:
    made, problems = read(key, include=block)
    assert not problems
    assert len(made.rules) == 1


def test_a_text_with_commas_is_a_list() -> None:
    made, _ = read("spans", include=STRICT | {"span_names": "a,b"})
    assert made.rules[0].condition.text == 'not (span.name == "a" or span.name == "b")'


def test_variables_are_texts_where_texts_are_wanted_and_values_elsewhere() -> None:
    text = """\
spans:
  include:
    match_type: strict
    span_names: ["${env:N}"]
    attributes:
      - {key: "${env:N}", value: "${env:N}"}
      - {key: l, value: ["${env:N}", {a: "${env:N}"}]}
"""
    document = load_yaml(text, "c.yaml", {"N": "5"})
    made, problems = read("spans", **document.data["spans"])
    assert not problems
    assert made.rules[0].condition.text == (
        'not (span.name == "5" and span.attributes["5"] == 5 and '
        'span.attributes["l"] == [5, {"a": 5}])'
    )


@pytest.mark.parametrize(
    ("key", "block", "said"),
    [
        ("logs", {}, "logs.exclude: it matches by nothing, and drops nothing"),
        ("metrics", STRICT, "metrics.exclude: it matches by nothing, and drops nothing"),
        (
            "metrics",
            STRICT | {"metric_names": ["a"], "expressions": ["b"]},
            "metrics.exclude.expressions: it is not read under match_type strict",
        ),
        (
            "spans",
            STRICT | {"libraries": [{"name": "a"}, {"name": "b"}]},
            "spans.exclude.libraries: a span would have to be of all of them, and is of one",
        ),
    ],
)
def test_what_has_no_effect_is_said(key: str, block: Any, said: str) -> None:
    made, problems = read(key, exclude=block)
    assert not problems
    assert [str(one) for one in made.idle] == [said]


def test_of_metrics_both_blocks_ask_the_resource_first() -> None:
    block = STRICT | {"metric_names": ["a"], "resource_attributes": [{"key": "a"}]}
    made, _ = read("metrics", include=block, exclude=block)
    assert [(rule.path[1:], rule.context) for rule in made.rules] == [
        (("include", "resource_attributes"), "resource"),
        (("exclude", "resource_attributes"), "resource"),
        (("include", "metric_names"), "metric"),
        (("exclude", "metric_names"), "metric"),
    ]


def test_of_what_no_collector_runs_only_keys_and_kinds_are_looked_at() -> None:
    reader = Reader(FunctionSet("filter"))
    read_properties(reader, "spans", {"include": {"services": ["("]}}, is_used=False)
    assert not reader.problems
    read_properties(reader, "spans", {"include": {"services": 5}}, is_used=False)
    assert len(reader.problems) == 1
