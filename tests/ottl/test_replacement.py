"""The OTTL in place of a filter's include and exclude, and that it drops the same."""

from typing import Any

import pytest
import yaml

from otx.errors import UsageError
from otx.ottl.functions.registry import FunctionSet
from otx.ottl.processors.drops import Drops
from otx.ottl.processors.filter import read_filter
from otx.ottl.program import Outcome
from otx.ottl.replacement import Replacement, replacements
from otx.ottl.source import read_source, source_of_statements
from tests.ottl.documents import Document, attributes, document
from tests.ottl.vector_run import open_case

CONFIG = """\
processors:
  filter/a:
    spans:
      include: {match_type: regexp, span_names: ["^[ab]"]}
      exclude: {match_type: strict, attributes: [{key: n, value: 5}]}
    metrics:
      exclude: {match_type: strict, metric_names: ["it's"], resource_attributes: [{key: k}]}
  filter/b:
    log_conditions: ['log.body == nil']
"""


def of(text: str) -> list[Replacement]:
    return replacements(read_source(text, "c.yaml", {}), FunctionSet(""))


def test_each_signal_has_its_conditions_and_its_place() -> None:
    found = of(CONFIG)
    assert [(one.component, one.key, one.conditions_key, one.place.line) for one in found] == [
        ("filter/a", "spans", "trace_conditions", 3),
        ("filter/a", "metrics", "metric_conditions", 6),
    ]
    assert list(found[0].lines()) == [
        "# filter/a, in place of spans (c.yaml:3)",
        "trace_conditions:",
        "  # spans.include drops what does not match",
        """  - 'not (IsMatch(span.name, "^[ab]"))'""",
        "  # spans.exclude drops what matches",
        """  - 'span.attributes["n"] == 5'""",
        '    # span.attributes["n"]: by properties 5 and 5.0 differ; to OTTL they are equal',
    ]


def test_programs_get_the_conditions_as_they_are() -> None:
    (_, metrics) = of(CONFIG)
    assert metrics.document() == {
        "component": "filter/a",
        "replaces": "metrics",
        "file": "c.yaml",
        "line": 6,
        "key": "metric_conditions",
        "conditions": [
            {
                "rule": "metrics.exclude.resource_attributes",
                "condition": 'resource.attributes["k"] != nil',
                "notes": [],
            },
            {
                "rule": "metrics.exclude.metric_names",
                "condition": 'metric.name == "it\'s"',
                "notes": [],
            },
        ],
    }


def test_what_is_written_is_a_configuration_that_drops_the_same() -> None:
    lines = [line for one in of(CONFIG) for line in one.lines()]
    written = yaml.safe_load("\n".join(lines))
    spans: list[Document] = [
        {"name": "a"},
        {"name": "c"},
        {"name": "b", "attributes": attributes(n=5)},
    ]
    whole = document("Spans", *spans)
    assert kept(yaml.safe_load(CONFIG)["processors"]["filter/a"], whole) == [b"a"]
    assert kept(written, whole) == [b"a"]


def kept(config: Any, whole: Any) -> list[bytes]:
    batch = open_case({"input": whole})
    read_filter(config).run(batch, Outcome(), Drops())
    return [one.item.name for one in batch.items()]


def test_files_without_any_and_broken_ones_are_refused() -> None:
    with pytest.raises(UsageError, match="no filter processor with include or exclude"):
        of("filter: {log_conditions: ['log.body == nil']}")
    with pytest.raises(UsageError, match=r"c.yaml:2:28: filter.logs.include.bodies: a list is"):
        of("filter:\n  logs: {include: {bodies: 5}}")
    with pytest.raises(UsageError, match="no filter processor"):
        replacements(source_of_statements(['set(span.name, "x")'], "-"), FunctionSet(""))
