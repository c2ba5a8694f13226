"""The report for people, as it is printed."""

import pytest

from otx.errors import UsageError
from otx.ottl.unit_tests.coverage import coverage
from otx.ottl.unit_tests.results import FileResult, run_tests
from otx.ottl.unit_tests.text_report import coverage_lines, file_lines, summary_line
from otx.output import Painter
from tests.ottl.unit_tests.helpers import read

PLAIN = Painter(wants_colour=False)
TESTS = """\
statements:
  - replace_pattern(span.name, "/[0-9]+", "/{id}") where span.kind == SPAN_KIND_SERVER
  - set(span.attributes["half"], 1 / span.attributes["n"]) where span.attributes["n"] != nil
tests:
  - name: passes
    input: {span: {name: /a/1, kind: SERVER}}
    changes: {span.name: "/a/{id}"}
  - name: fails
    input: {spans: [{name: /b/2, kind: CLIENT}, {name: c, attributes: {n: 0}}]}
    changes:
      0: {span.name: "/b/{id}"}
"""


def result() -> FileResult:
    file = read(TESTS)
    return FileResult("a.test.yaml", file, run_tests(file, clock=lambda: 0))


def test_a_test_that_failed_is_told_with_its_differences_and_reasons() -> None:
    assert "\n".join(file_lines(result(), PLAIN)) == (
        "a.test.yaml\n"
        "  ✓ passes\n"
        "  ✗ fails  a.test.yaml:8\n"
        '      span 1 "c"\n'
        '        failed: 1 / span.attributes["n"]: division by zero\n'
        '          a.test.yaml:3:5  set(span.attributes["half"], 1 / span.attributes["n"])'
        ' where span.attributes["n"] != nil\n'
        '      span 0 "/b/2"\n'
        "        span.name\n"
        '          expected "/b/{id}"\n'
        '          got      "/b/2"\n'
        '        a.test.yaml:2:5  replace_pattern(span.name, "/[0-9]+", "/{id}")'
        " where span.kind == SPAN_KIND_SERVER\n"
        "          not matched\n"
        "            span.kind == SPAN_KIND_SERVER → false\n"
        "              span.kind → 3"
    )


def test_what_a_statement_changed_is_told_before_and_after() -> None:
    file = read(
        "statements: ['set(datapoint.value_int, 7) where datapoint.value_int == 5']\n"
        "tests:\n"
        "  - name: fails\n"
        "    input: {metric: {name: m, type: sum, data_points: [{value: 5}]}}\n"
        "    changes: {'datapoint[0].value_int': 8}\n"
    )
    lines = list(file_lines(FileResult("a", file, run_tests(file, clock=lambda: 0)), PLAIN))
    assert lines[3:6] == [
        "        datapoint[0].value_int",
        "          expected 8",
        "          got      7",
    ]
    assert lines[-2:] == ["          changed", "            ~ datapoint.value_int  5 → 7"]


def test_coverage_tells_which_side_no_test_reaches() -> None:
    file = result().file
    assert file is not None
    assert "\n".join(coverage_lines(coverage([file]), PLAIN)) == (
        "coverage: 4 of 4 reached\n"
        '  a.test.yaml:2:5  ran 1, not matched 2            replace_pattern(span.name, "/[0-9]+",'
        ' "/{id}") where span.kind == SPAN_KIND_SERVER\n'
        '  a.test.yaml:3:5  ran 1, not matched 2, failed 1  set(span.attributes["half"],'
        ' 1 / span.attributes["n"]) where span.attributes["n"] != nil'
    )


@pytest.mark.parametrize(
    ("results", "line"),
    [
        ([FileResult("a")], "0 passed"),
        ([FileResult("a", error=UsageError("x"))], "0 passed, 1 file unusable"),
        ([FileResult("a", updated=("b",))], "0 passed, 1 updated"),
    ],
)
def test_the_summary_counts(results: list[FileResult], line: str) -> None:
    assert summary_line(results, PLAIN) == line


def test_what_differs_is_coloured_on_a_terminal() -> None:
    text = "\n".join(file_lines(result(), Painter(wants_colour=True)))
    assert '\x1b[32m  expected "/b/{id}"\x1b[0m' in text
    assert '\x1b[31m  got      "/b/2"\x1b[0m' in text


def test_records_cannot_drive_the_terminal() -> None:
    file = read(
        "statements: ['set(log.body, \"\\u001b[2J\")']\n"
        'tests: [{name: "\\e[31m", input: {log: {body: "\\e[1m"}}, changes: {}}]\n'
    )
    found = FileResult("a\x1b.yaml", file, run_tests(file, clock=lambda: 0))
    assert "\x1b" not in "\n".join(file_lines(found, PLAIN))


def test_many_differences_of_one_record_are_cut() -> None:
    changes = ", ".join(f"'span.attributes[\"k{number}\"]': 1" for number in range(25))
    file = read(
        "statements: ['set(span.name, span.name)']\n"
        f"tests: [{{input: {{span: {{}}}}, changes: {{{changes}}}}}]\n"
    )
    lines = list(file_lines(FileResult("a", file, run_tests(file, clock=lambda: 0)), PLAIN))
    assert "        and 5 more" in lines


def test_long_values_are_shown_round_their_first_difference() -> None:
    file = read(
        "statements: ['set(log.attributes[\"a\"], 1)']\n"
        f"tests: [{{input: {{log: {{body: {'x' * 500}b}}}}, "
        f"changes: {{log.body: {'x' * 500}c, 'log.attributes[\"a\"]': 1}}}}]\n"
    )
    text = "\n".join(file_lines(FileResult("a", file, run_tests(file, clock=lambda: 0)), PLAIN))
    assert f'          expected …{"x" * 40}c"\n          got      …{"x" * 40}b"' in text
