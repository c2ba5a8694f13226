"""Test files that cannot be used: what is said, and where it points."""

import pytest

from otx.errors import UsageError
from otx.ottl.unit_tests.findings import FileUnusable
from tests.ottl.unit_tests.helpers import read

TESTS = """\
tests:
  - input: {span: {name: x}}
    changes: {}
"""
STATEMENTS = "statements: ['set(span.name, \"y\")']\n"

REFUSED = [
    ("", "1:1", "a test file has one of statements, config"),
    ("- a\n", "1:1", "a map is wanted, not a list"),
    (TESTS, "1:1", "a test file has one of statements, config"),
    (STATEMENTS + "config: x.yaml\n" + TESTS, "1:1", "a test file has one of statements, config"),
    (STATEMENTS, "1:1", "a list is wanted, not nothing"),
    (STATEMENTS + "tests: []\n", "2:1", "there is no test"),
    (STATEMENTS + "test: []\n", "2:1", "there is no key 'test'"),
    ("processors: {}\n" + TESTS, "1:1", "there is no key 'processors'"),
    ("statements: []\n" + TESTS, "1:1", "there is no statement"),
    ("statements:\n  - set(span.nmae, 1)\n" + TESTS, "2:14", "nmae"),
    ('statements:\n  - "set(span.name, \\"a\\") wehre"\n' + TESTS, "2:28", "wehre"),
    ("statements:\n  - 5\n" + TESTS, "2:5", "a text is wanted, not int 5"),
    ("statements: lost.ottl\n" + TESTS, "1:1", "cannot read lost.ottl"),
    ("config: {a: 1}\n" + TESTS, "1:1", "the configuration holds no OTTL"),
    ("filter: {log_conditions: ['log.body ==']}\n" + TESTS, "1:39", "ends too soon"),
    ("filter: {log_condition: []}\n" + TESTS, "1:25", "there is no key 'log_condition'"),
    (STATEMENTS + "context: spam\n" + TESTS, "2:1", "'spam' is no context"),
    (STATEMENTS + "error_mode: loud\n" + TESTS, "2:1", "'loud' is none of ignore, silent"),
    (STATEMENTS + "feature_gates: +nope\n" + TESTS, "2:1", "'nope' is no feature gate"),
    (STATEMENTS + "component: x\n" + TESTS, "2:1", "statements belong to no component"),
    ("filter: {}\ncontext: log\n" + TESTS, "2:1", "a configuration names its contexts itself"),
    ("filter: {}\ncomponent: x\n" + TESTS, "2:1", "there is no component 'x'"),
    (STATEMENTS + "tests: [x]\n", "2:9", "a map is wanted, not the text 'x'"),
    (STATEMENTS + "tests: [{name: x}]\n", "2:9", "'x' has no input"),
    (STATEMENTS + "tests: [{input: {}}]\n", "2:10", "records stand under one of span, log"),
    (STATEMENTS + "tests: [{input: {spam: {}}}]\n", "2:18", "there is no form 'spam'"),
    (STATEMENTS + "tests: [{input: {profile: {}}}]\n", "2:18", "there is no form 'profile'"),
    (STATEMENTS + "tests: [{input: {span: {nmae: x}}}]\n", "2:25", "there is no field 'nmae'"),
    (STATEMENTS + "tests: [{input: {file: lost.json}}]\n", "2:18", "cannot read lost.json"),
    (STATEMENTS + "tests: [{input: {otlp: {a: 1}}}]\n", "2:18", "otlp is no OTLP"),
    (STATEMENTS + "tests: [{input: {span: {}}, chagnes: {}}]\n", "2:29", "no key 'chagnes'"),
    (STATEMENTS + "tests: [{input: {span: {}}, changes: {name: x}}]\n", "2:39", "whose field"),
    (
        STATEMENTS + "tests: [{input: {span: {}}, changes: {span.nmae: x}}]\n",
        "2:39",
        "there is no field 'nmae'",
    ),
    (
        STATEMENTS + "tests: [{input: {span: {}}, changes: {span.kind: LOUD}}]\n",
        "2:39",
        "'LOUD' is none of UNSPECIFIED",
    ),
    (
        STATEMENTS + "tests: [{input: {spans: [{}, {}]}, changes: {span.name: x}}]\n",
        "2:36",
        "the input has 2 records",
    ),
    (
        STATEMENTS + "tests: [{input: {spans: [{}]}, changes: [{}, {}]}]\n",
        "2:46",
        "there is no record 1: the input has 1",
    ),
    (
        STATEMENTS + "tests: [{input: {span: {}}, changes: {}, expect: {span: {}}}]\n",
        "2:42",
        "changes and expect exclude each other",
    ),
    (STATEMENTS + "tests: [{input: {span: {}}, dropped: 2}]\n", "2:29", "the input has 1 records"),
    (STATEMENTS + "tests: [{input: {span: {}}, dropped: [1]}]\n", "2:39", "1 is no position"),
    (STATEMENTS + "tests: [{input: {span: {}}, routes: {a: [x]}}]\n", "2:42", "'x' is no position"),
    (STATEMENTS + "tests: [{input: {span: {}}, error: 5}]\n", "2:29", "a text is wanted, not int"),
]


@pytest.mark.parametrize(("text", "place", "message"), REFUSED)
def test_what_cannot_be_used_is_said_at_its_place(text: str, place: str, message: str) -> None:
    with pytest.raises(FileUnusable) as refused:
        read(text)
    (finding,) = refused.value.findings
    head = finding.text().splitlines()[0]
    assert head.startswith(f"a.test.yaml:{place}: error: "), head
    assert message in head


def test_all_tests_that_cannot_be_used_are_named() -> None:
    with pytest.raises(FileUnusable) as refused:
        read(STATEMENTS + "tests:\n  - input: {}\n  - input: {span: {}}\n  - input: {spam: {}}\n")
    assert [one.place.line for one in refused.value.findings] == [3, 5]


def test_what_is_no_yaml_is_said_at_its_place() -> None:
    with pytest.raises(FileUnusable) as refused:
        read("a: 1\nb: [c: {\n")
    lines = refused.value.message.splitlines()
    assert lines[0].startswith("a.test.yaml:3:1: error: no YAML: ")
    with pytest.raises(
        UsageError, match=r"a\.test\.yaml:2:1: error: the key 'a' twice\n  a: 2\n  \^"
    ):
        read("a: 1\na: 2\n")


def test_an_error_in_a_configuration_points_into_that_file() -> None:
    with pytest.raises(FileUnusable) as refused:
        read(
            "config: c.yaml\n" + TESTS,
            {"c.yaml": "processors:\n  filter/x:\n    log_conditions: [log.spam]\n"},
        )
    assert refused.value.findings[0].text().startswith("c.yaml:3:22: error: ")


def test_what_is_tested_is_read_as_a_collector_reads_it_and_records_are_not() -> None:
    file = read(
        """
        statements:
          - replace_pattern(span.name, "(a)", "$$1-${env:REGION}")
        tests:
          - input: {span: {name: "a$$1${REGION}"}}
            changes: {}
        """
    )
    assert file.subject.plan.steps
    assert (
        file.subject.counting.counted[0].site.text == 'replace_pattern(span.name, "(a)", "$1-east")'
    )
    assert file.tests[0].inputs[0].short["span"] == {"name": "a$$1${REGION}"}
