"""The report for programs: one document whose keys are stable."""

import json

from otx.errors import UsageError
from otx.ottl.unit_tests.coverage import coverage
from otx.ottl.unit_tests.json_report import document
from otx.ottl.unit_tests.results import FileResult, run_tests
from otx.output import to_json
from tests.ottl.unit_tests.helpers import read

TESTS = """\
statements: ['set(span.name, "a") where span.kind == SPAN_KIND_SERVER']
tests:
  - {name: fails, input: {span: {}}, changes: {span.name: a}}
"""


def test_the_document_holds_results_reasons_and_coverage() -> None:
    file = read(TESTS)
    results = [
        FileResult("a.test.yaml", file, run_tests(file, clock=lambda: 0)),
        FileResult("b.test.yaml", error=UsageError("broken", hint="mend it")),
    ]
    statement = 'set(span.name, "a") where span.kind == SPAN_KIND_SERVER'
    place = {"line": 1, "column": 15}
    assert json.loads(to_json(document(results, coverage([file])))) == {
        "passed": 0,
        "failed": 1,
        "unusable": 1,
        "files": [
            {
                "file": "a.test.yaml",
                "errors": [],
                "updated": [],
                "remarks": [],
                "tests": [
                    {
                        "name": "fails",
                        "line": 3,
                        "passed": False,
                        "duration_ms": 0.0,
                        "problems": [
                            {
                                "kind": "value",
                                "record": "span",
                                "position": 0,
                                "path": "span.name",
                                "expected": "a",
                                "got": None,
                                "statement": "",
                                "place": "",
                                "text": 'span span.name: expected "a", got nothing',
                            }
                        ],
                        "reasons": [
                            {
                                "position": 0,
                                "file": "a.test.yaml",
                                **place,
                                "text": statement,
                                "did": "not_matched",
                                "changed": [],
                                "added": [],
                                "failure": "",
                                "parts": [
                                    "span.kind == SPAN_KIND_SERVER → false",
                                    "span.kind → 0",
                                ],
                            }
                        ],
                    }
                ],
            },
            {
                "file": "b.test.yaml",
                "errors": [{"message": "broken", "hint": "mend it"}],
                "updated": [],
                "remarks": [],
                "tests": [],
            },
        ],
        "coverage": {
            "reached": 1,
            "of": 2,
            "texts": [
                {
                    "file": "a.test.yaml",
                    **place,
                    "kind": "statement",
                    "text": statement,
                    "ran": 0,
                    "not_matched": 1,
                    "failed": 0,
                    "missing": ["true"],
                }
            ],
        },
    }


def test_coverage_is_there_only_when_it_was_asked_for() -> None:
    assert "coverage" not in document([])
