"""Why a test failed: only what has to do with a difference is told."""

from typing import Any

import pytest

from otx.ottl.rendering import part_text
from tests.ottl.unit_tests.helpers import run


def told(text: str) -> dict[int, list[tuple[str, str, int]]]:
    """For each record: what was done, by which text, in which line."""
    (result,) = run(text)
    return {
        at: [(one.did, one.told.site.text, one.place.line) for one in found]
        for at, found in result.reasons.items()
    }


STATEMENTS = """
statements:
  - set(span.name, "a") where span.kind == SPAN_KIND_SERVER
  - set(span.attributes["x"], 1) where span.attributes["y"] == 2
  - set(span.status.message, "m")
  - delete_key(resource.attributes, "r")
tests:
"""


@pytest.mark.parametrize(
    ("test", "reasons"),
    [
        (
            "{input: {span: {}}, changes: {span.name: a, span.status.message: m}}",
            [("not matched", 'set(span.name, "a") where span.kind == SPAN_KIND_SERVER', 3)],
        ),
        (
            "{input: {span: {}}, changes: {}}",
            [("ran", 'set(span.status.message, "m")', 5)],
        ),
        (
            "{input: {span: {status: {message: m}}}, changes: {'span.attributes[\"x\"]': 1}}",
            [
                (
                    "not matched",
                    'set(span.attributes["x"], 1) where span.attributes["y"] == 2',
                    4,
                )
            ],
        ),
        (
            "{input: {span: {status: {message: m}, resource: {r: 1}}}, changes: {}}",
            [("ran", 'delete_key(resource.attributes, "r")', 6)],
        ),
        ("{input: {span: {status: {message: m}}}, changes: {span.kind: CLIENT}}", []),
    ],
)
def test_a_difference_is_told_with_who_writes_there(test: str, reasons: list[Any]) -> None:
    assert told(f"{STATEMENTS}  - {test}\n") == {0: reasons}


def test_a_condition_that_was_false_is_told_with_its_parts() -> None:
    (result,) = run(
        STATEMENTS + "  - {input: {span: {kind: CLIENT, status: {message: m}}}, "
        "changes: {span.name: a}}\n"
    )
    (reason,) = result.reasons[0]
    assert [part_text(part) for part in reason.told.step.parts] == [
        "span.kind == SPAN_KIND_SERVER → false",
        "  span.kind → 3",
    ]


def test_conditions_of_a_group_are_told_for_its_statements() -> None:
    (result,) = run(
        """
        transform:
          log_statements:
            - context: log
              conditions: [log.body == "x", log.severity_number > 5]
              statements: ['set(log.body, "y")']
        tests:
          - {input: {log: {body: z}}, changes: {log.body: y}}
        """
    )
    reasons = result.reasons[0]
    assert [reason.did for reason in reasons] == ["is false"] * 2
    assert [part_text(part) for reason in reasons for part in reason.told.step.parts] == [
        'log.body == "x" → false',
        '  log.body → "z"',
        "log.severity_number > 5 → false",
        "  log.severity_number → 0",
    ]


FILTER = """
filter:
  trace_conditions: [span.name == "a", span.kind == SPAN_KIND_SERVER]
tests:
"""


def test_a_record_that_was_dropped_is_told_with_the_condition_that_is_true() -> None:
    found = told(FILTER + "  - {input: {spans: [{name: a}, {name: b}]}, dropped: [1]}\n")
    assert found == {
        0: [("is true", 'span.name == "a"', 3)],
        1: [
            ("is false", 'span.name == "a"', 3),
            ("is false", "span.kind == SPAN_KIND_SERVER", 3),
        ],
    }


def test_a_record_that_sampling_lost_is_told_with_the_conditions_that_are_false() -> None:
    found = told(
        """
        tail_sampling:
          policies:
            - name: named
              type: ottl_condition
              ottl_condition: {span: [name == "a"]}
        tests:
          - {input: {span: {name: b}}, changes: {}}
        """
    )
    assert found == {0: [("is false", 'name == "a"', 6)]}


def test_a_record_that_went_elsewhere_is_told_with_the_rows() -> None:
    found = told(
        """
        routing:
          default_pipelines: [logs/other]
          table:
            - {context: log, condition: body == "a", pipelines: [logs/a]}
            - context: log
              statement: route() where body == "b"
              pipelines: [logs/b]
        tests:
          - {input: {logs: [{body: a}, {body: c}]}, routes: {logs/a: [0], logs/b: [1]}}
        """
    )
    assert found == {
        1: [
            ("is false", 'body == "a"', 5),
            ("is false", 'route() where body == "b"', 7),
        ]
    }


def test_what_a_filter_dropped_is_gone_for_what_comes_behind_it() -> None:
    found = told(
        """
        config:
          processors:
            filter: {log_conditions: [log.body == "a"]}
            transform: {log_statements: ['set(log.body, "b")']}
          service: {pipelines: {logs: {processors: [filter, transform]}}}
        tests:
          - {input: {log: {body: a}}, changes: {log.body: b}}
        """
    )
    assert found == {0: [("is true", 'log.body == "a"', 4)]}


def test_parts_of_a_record_belong_to_it() -> None:
    found = told(
        """
        statements: ['set(datapoint.attributes["a"], 1) where datapoint.value_int > 5']
        tests:
          - input:
              metric: {type: gauge, data_points: [{value: 1}, {value: 9}]}
            changes: {'metric.data_points[0].attributes["a"]': 1}
        """
    )
    assert [did for did, _, _ in found[0]] == ["not matched", "ran"]
