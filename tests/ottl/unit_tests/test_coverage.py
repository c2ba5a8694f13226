"""What tests reach: statements, and both sides of each condition."""

from otx.ottl.unit_tests.coverage import coverage, totals
from otx.ottl.unit_tests.results import run_tests
from tests.ottl.unit_tests.helpers import read

CONFIG = """\
processors:
  filter/a:
    log_conditions: [log.body == "drop"]
  transform:
    log_statements:
      - context: log
        conditions: ['log.attributes["x"] != nil']
        statements:
          - set(log.body, "y") where log.attributes["x"] == 1
          - set(log.severity_number, 1 / log.attributes["x"])
    trace_statements:
      - set(span.name, "n")
"""
TESTS = """\
config: c.yaml
tests:
  - input: {logs: [{body: drop}, {body: a, attributes: {x: 1}}, {body: a, attributes: {x: 0}}]}
    error: zero
"""


def test_every_statement_and_condition_is_counted_where_it_stands() -> None:
    file = read(TESTS, {"c.yaml": CONFIG})
    run_tests(file, clock=lambda: 0)
    covered = coverage([file])
    assert [(one.line, one.kind, one.held, one.refused, one.failed) for one in covered] == [
        (3, "condition", 1, 2, 0),
        (7, "condition", 2, 0, 0),
        (9, "statement", 1, 1, 0),
        (10, "statement", 2, 0, 1),
        (12, "statement", 0, 0, 0),
    ]
    assert [one.missing for one in covered] == [[], ["false"], [], [], ["ran"]]
    assert totals(covered) == (6, 8)
    assert {one.file for one in covered} == {"c.yaml"}


def test_files_that_test_one_configuration_are_counted_together() -> None:
    files = [read(TESTS, {"c.yaml": CONFIG}) for _ in range(2)]
    for file in files:
        run_tests(file, clock=lambda: 0)
    assert [one.held for one in coverage(files)] == [2, 4, 2, 4, 0]


def test_telling_why_a_test_failed_counts_nothing() -> None:
    file = read(
        """
        statements: ['set(span.name, "a") where span.kind == SPAN_KIND_SERVER']
        tests: [{input: {span: {}}, changes: {span.name: a}}]
        """
    )
    run_tests(file, clock=lambda: 0)
    (one,) = coverage([file])
    assert (one.held, one.refused) == (0, 1)


def test_a_component_in_several_pipelines_is_counted_once() -> None:
    file = read(
        """
        config:
          processors:
            filter: {log_conditions: [log.body == nil], trace_conditions: ['span.name == "a"']}
          service:
            pipelines:
              logs: {processors: [filter]}
              traces: {processors: [filter]}
        tests: [{input: {log: {}}, dropped: 1}, {input: {span: {name: a}}, dropped: 1}]
        """
    )
    results = run_tests(file, clock=lambda: 0)
    assert all(one.passed for one in results)
    assert [(one.held, one.refused) for one in coverage([file])] == [(1, 0), (1, 0)]


def test_the_document_of_a_line_is_stable() -> None:
    file = read(TESTS, {"c.yaml": CONFIG})
    assert coverage([file])[2].document() == {
        "file": "c.yaml",
        "line": 9,
        "column": 13,
        "kind": "statement",
        "text": 'set(log.body, "y") where log.attributes["x"] == 1',
        "ran": 0,
        "not_matched": 0,
        "failed": 0,
        "missing": ["true", "false"],
    }


def test_rows_that_ask_for_the_request_are_counted_by_the_records_they_decide_on() -> None:
    file = read(
        """
        routing:
          default_pipelines: [logs/rest]
          table:
            - {context: log, condition: body == "b", pipelines: [logs/b]}
            - {context: request, condition: 'request["t"] == "x"', pipelines: [logs/x]}
        tests:
          - {input: {logs: [{body: a}, {body: b}], metadata: {t: x}}, changes: {}}
          - {input: {log: {body: a}}, changes: {}}
        """
    )
    run_tests(file, clock=lambda: 0)
    covered = coverage([file])
    assert [(one.line, one.held, one.refused, one.missing) for one in covered] == [
        (5, 1, 2, []),
        (6, 1, 1, []),
    ]
