"""What is tested: records follow the pipelines of configurations; what they miss is told."""

from otx.ottl.unit_tests.coverage import coverage, totals
from otx.ottl.unit_tests.results import TestResult, run_tests
from tests.ottl.unit_tests.helpers import read as file_of

SOURCE = """\
config:
  processors:
    transform/in: {log_statements: ['set(log.attributes["in"], 1)']}
    transform/east: {log_statements: ['set(log.attributes["east"], 1)']}
    transform/other: {log_statements: ['set(log.attributes["other"], 1)']}
    transform/nowhere: {log_statements: ['set(log.attributes["nowhere"], 1)']}
  connectors:
    routing:
      table:
        - {context: log, condition: 'body == "e"', pipelines: [logs/east]}
        - {context: log, action: copy, condition: 'body == "c"', pipelines: [logs/east]}
      default_pipelines: [logs/rest]
  service:
    pipelines:
      logs/in: {receivers: [otlp], processors: [transform/in], exporters: [routing]}
      logs/east: {receivers: [routing], processors: [transform/east]}
      logs/rest: {receivers: [routing]}
      logs/other: {receivers: [otlp], processors: [transform/other]}
"""
TESTS = """\
tests:
  - input: {logs: [{body: e}, {body: r}]}
    changes:
      - {'log.attributes["in"]': 1, 'log.attributes["east"]': 1}
      - {'log.attributes["in"]': 1}
    routes: {logs/east: [0], logs/rest: [1]}
"""


def run(source: str) -> list[TestResult]:
    return run_tests(file_of(source), lambda: 0)


def test_records_are_compared_as_they_leave_the_last_pipeline() -> None:
    (result,) = run(SOURCE + TESTS)
    assert result.problems == []


def test_another_pipeline_may_be_entered() -> None:
    tests = (
        TESTS.partition("    changes")[0] + "    changes: {0: {'log.attributes[\"other\"]': 1}, "
    )
    tests += "1: {'log.attributes[\"other\"]': 1}}\n"
    (result,) = run(SOURCE + "pipeline: logs/other\n" + tests)
    assert result.problems == []


def test_a_copy_counts_as_the_record_that_it_was_made_of() -> None:
    tests = """\
tests:
  - input: {log: {body: c}}
    dropped: 0
    changes: {}
    routes: {logs/east: [0], logs/rest: [0]}
"""
    (result,) = run(SOURCE + tests)
    assert [(one.position, one.path) for one in result.problems] == [
        (0, 'log.attributes["in"]'),
        (0, 'log.attributes["east"]'),
        (0, 'log.attributes["in"]'),
    ]


def test_what_no_record_comes_by_is_not_reached() -> None:
    file = file_of(SOURCE + TESTS)
    run_tests(file, lambda: 0)
    covered = coverage([file])
    missed = [one.text for one in covered if one.missing == ["ran"]]
    assert missed == ['set(log.attributes["other"], 1)', 'set(log.attributes["nowhere"], 1)']
    assert totals(covered) == (5, 8)
