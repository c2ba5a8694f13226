"""JUnit XML, as CI systems read it."""

from xml.etree import ElementTree

import pytest

from otx.ottl.unit_tests.findings import FileUnusable
from otx.ottl.unit_tests.junit_report import junit_xml
from otx.ottl.unit_tests.results import FileResult, run_tests
from tests.ottl.unit_tests.helpers import read

TESTS = """\
statements: ['set(log.body, "\\u0001<y>")']
tests:
  - {name: passes, input: {log: {}}, changes: {log.body: "\\u0001<y>"}}
  - {name: "fails & <tells>", input: {log: {body: x}}, changes: {}}
"""


def test_a_document_holds_suites_cases_failures_and_errors() -> None:
    ticks = iter(range(0, 10_000_000_000, 1_000_000_000))
    file = read(TESTS)
    with pytest.raises(FileUnusable) as unusable:
        read("statements: [nope()]\ntests: [{input: {log: {}}, changes: {}}]\n")
    text = junit_xml(
        [
            FileResult("x/a.b.test.yaml", file, run_tests(file, clock=lambda: next(ticks))),
            FileResult("c.test.yaml", error=unusable.value),
        ]
    )
    root = ElementTree.fromstring(text)
    assert root.attrib == {
        "name": "otx ottl test",
        "tests": "3",
        "failures": "1",
        "errors": "1",
        "skipped": "0",
        "time": "2.000000",
    }
    first, second = root
    assert [case.attrib for case in first] == [
        {
            "name": name,
            "classname": "x/a_b",
            "file": "x/a.b.test.yaml",
            "line": line,
            "time": "1.000000",
        }
        for name, line in (("passes", "3"), ("fails & <tells>", "4"))
    ]
    (failure,) = first[1]
    assert failure.attrib == {
        "message": 'log "x" log.body: expected "x", got "\\u0001<y>"',
        "type": "value",
    }
    assert "set(log.body" in (failure.text or "")
    ((error,),) = second
    assert "error: " in error.attrib["message"]
    assert "^" in (error.text or "")


def test_no_results_are_a_document_too() -> None:
    assert ElementTree.fromstring(junit_xml([])).attrib["tests"] == "0"
