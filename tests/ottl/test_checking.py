"""Findings: every one at its place, as compilers print them and as programs read them."""

import pytest

from otx.errors import UsageError
from otx.ottl.checking import Finding, check_source
from otx.ottl.functions.registry import FunctionSet
from otx.ottl.gates import switched
from otx.ottl.source import read_source
from otx.ottl.yaml_places import FilePlace

FUNCTIONS = FunctionSet("", switched(""))


def check(text: str, name: str = "c.yaml", functions: FunctionSet = FUNCTIONS) -> list[Finding]:
    return check_source(read_source(text, name, {}), functions)


def heads(findings: list[Finding]) -> list[str]:
    return [f"{one.place.line}:{one.place.column} {one.severity} {one.message}" for one in findings]


COLLECTOR = """\
receivers: {otlp: {}}
processors:
  transform/a:
    error_mod: ignore
    trace_statements:
      - context: span
        statements:
          - set(name, "x") where trace_id == "abc"
          - >-
            set(nmae,
            1)
  filter:
    metrics:
      datapoint: ["metric.name == 1 =="]
  batch: {nothing: here}
connectors:
  routing:
    table:
      - {context: span, condition: nope(), pipelines: [traces/b]}
service: {pipelines: {}}
"""


def test_all_of_a_configuration_is_checked_in_the_order_of_the_file() -> None:
    assert heads(check(COLLECTOR)) == [
        "4:5 error processors.transform/a.error_mod: there is no key 'error_mod'",
        "8:34 warning an id never equals a text or bytes",
        "10:17 error 'nmae' is no path of the context span",
        "14:37 error condition has invalid syntax: unexpected '=='",
        "19:36 error nope is used as a value, and converters begin with an upper-case letter",
    ]


def test_a_finding_is_printed_with_its_line_and_a_caret_under_the_text() -> None:
    finding = check("transform:\n  log_statements: ['set(log.bdy, 1)']\n")[0]
    head, line, caret, hint = finding.text().split("\n")
    assert head == "c.yaml:2:29: error: 'bdy' is no path of the context log"
    assert line[caret.index("^") : caret.rindex("^") + 1] == "bdy"
    assert hint == "  hint: did you mean body?"
    assert finding.document() == {
        "file": "c.yaml",
        "line": 2,
        "column": 29,
        "severity": "error",
        "message": "'bdy' is no path of the context log",
        "hint": "did you mean body?",
    }


def test_a_long_line_is_cut_round_the_place() -> None:
    text = "x" * 3000
    finding = Finding("f", FilePlace(1, 1500, text), 7, "error", "wrong")
    _, line, caret = finding.text().split("\n")
    assert len(line) < 120
    assert caret.count("^") == 7


def test_control_characters_do_not_reach_the_terminal() -> None:
    finding = Finding("f", FilePlace(1, 1, "a\x1b[31mb"), 1, "error", "wrong")
    assert "\x1b" not in finding.text()


def test_statements_of_a_file_are_checked_each_at_its_line() -> None:
    text = '# names\nset(span.name, "a")\n\nset(span.nmae,\n  "b")\nset(span.kind, "x", 1)\n'
    assert heads(check(text, "s.ottl")) == [
        "4:10 error 'nmae' is no path of the context span",
        "6:1 error set takes 2 arguments, not 3",
    ]


def test_a_file_that_is_in_order_has_no_findings() -> None:
    assert check("transform: {trace_statements: ['set(span.name, \"a\")']}") == []
    assert check('set(span.name, "a")\n', "s.ottl") == []


@pytest.mark.parametrize("text", ["", "# nothing\n", "\n\n"])
def test_a_file_without_a_statement_is_said_so(text: str) -> None:
    with pytest.raises(UsageError, match=r"s\.ottl holds no statement"):
        check(text, "s.ottl")


def test_a_variable_that_is_not_set_is_a_warning() -> None:
    (finding,) = check("filter: {trace_conditions: ['span.name == \"${env:NO}\"']}")
    assert (finding.severity, finding.message) == (
        "warning",
        "NO is not set: it becomes empty text",
    )


def test_extensions_and_gates_are_as_asked_for() -> None:
    sampler = "filter: {traces: {span: [TraceIDRatioBasedSampler(0.5)]}}"
    assert check(sampler) == []
    strict = FunctionSet("", switched(""), allows_extensions=False)
    (finding,) = check(sampler, functions=strict)
    assert finding.message == (
        "TraceIDRatioBasedSampler is otx's own, refused by --strict: no Collector has it"
    )
    lambdas = "filter: {traces: {span: ['Any(attributes, (k, v) => v == 1)']}}"
    assert "ottl.functions.enableLambda" in check(lambdas)[0].text()
    gated = FunctionSet("", switched("+ottl.functions.enableLambda"))
    assert check(lambdas, functions=gated) == []


def test_kinds_are_known_in_the_context_of_each_place() -> None:
    config = """\
transform:
  trace_statements:
    - context: span
      conditions: ['kind == "server"']
      statements: ['set(name, 5)']
    - statements: ['set(span.kind, "x")']
filter:
  logs: {log_record: ['severity_number == "INFO"']}
"""
    assert heads(check(config)) == [
        "4:21 warning an int never equals a string: this is always false",
        "5:31 warning always fails: name: what is set is no string",
        "6:36 warning always fails: span.kind: what is set is no int",
        "8:24 warning an int never equals a string: this is always false",
    ]


def test_backslashes_in_double_quotes_are_told_of_both_rules() -> None:
    (found,) = check('transform: {log_statements: ["set(log.body, \\"\\\\d\\")"]}')
    assert found.hint == (
        "a backslash in a text is written twice: \\\\d, "
        "and YAML's double quotes want each of them twice again"
    )
    (found,) = check("transform: {log_statements: ['set(log.body, \"\\d\")']}")
    assert found.hint == "a backslash in a text is written twice: \\\\d"


def test_a_hint_is_escaped_as_a_configuration_wants_it() -> None:
    text = 'replace_pattern(log.body, "(a)", "$1_x")'
    (trap,) = check(f"transform: {{log_statements: ['{text}']}}")
    assert trap.hint == "write $${1}_x"
    (trap,) = check(text, "s.ottl")
    assert trap.hint == "write ${1}_x"


def test_statements_run_in_the_context_that_is_given() -> None:
    source = read_source('set(name, "a")\nset(nmae, 1)\nset(kind, "x")\n', "s.ottl", {})
    assert heads(check_source(source, FUNCTIONS, "span")) == [
        "2:5 error 'nmae' is no path of the context span",
        "3:11 warning always fails: kind: what is set is no int",
    ]
    assert "lacks the name of its context" in check_source(source, FUNCTIONS)[0].message


def test_a_configuration_takes_no_context() -> None:
    source = read_source("filter: {trace_conditions: ['true']}", "c.yaml", {})
    with pytest.raises(UsageError, match="names its contexts itself"):
        check_source(source, FUNCTIONS, "span")


def test_names_that_nothing_has_are_errors_where_they_stand() -> None:
    text = """\
processors:
  transform/after: {trace_statements: ['set(span.name, "x")']}
service:
  pipelines:
    traces: {processors: [transform/aftr, batch]}
"""
    found = check_source(read_source(text, "c.yaml", {}), FunctionSet())
    assert [(one.where(), one.severity, one.hint) for one in found] == [
        ("c.yaml:5:27", "error", "did you mean transform/after?"),
        ("c.yaml:5:43", "error", "there are transform/after"),
    ]


def test_names_of_a_filter_are_no_ottl_and_what_has_no_effect_is_a_warning() -> None:
    text = """\
filter:
  error_mode: ignore
  logs:
    exclude: {match_type: strict, bodies: ["false", "1 == 2"]}
  metrics:
    include: {match_type: regexp}
"""
    assert heads(check(text)) == [
        "4:5 warning filter.logs.exclude: this form is deprecated; it drops what matches",
        "6:5 warning filter.metrics.include: it matches by nothing, and drops nothing",
    ]
    assert heads(check("filter: {spans: x}")) == [
        "1:17 error filter.spans: a map is wanted, not a text"
    ]
