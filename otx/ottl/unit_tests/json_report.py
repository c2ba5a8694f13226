"""Results for programs: one document, keys are stable."""

from collections.abc import Mapping, Sequence
from typing import Any

from otx.ottl.rendering import part_text
from otx.ottl.trace_rows import added_row, change_row
from otx.ottl.unit_tests.comparing import Problem
from otx.ottl.unit_tests.coverage import Covered, totals
from otx.ottl.unit_tests.findings import FileUnusable
from otx.ottl.unit_tests.reasons import Reason
from otx.ottl.unit_tests.results import FileResult, TestResult
from otx.ottl.unit_tests.wording import plain, summary


def document(
    results: Sequence[FileResult], covered: Sequence[Covered] | None = None
) -> dict[str, Any]:
    """All results, and the coverage where it was asked for."""
    tests = [one for result in results for one in result.tests]
    passed = sum(one.passed for one in tests)
    made: dict[str, Any] = {
        "passed": passed,
        "failed": len(tests) - passed,
        "unusable": sum(result.error is not None for result in results),
        "files": [_file(result) for result in results],
    }
    if covered is not None:
        reached, there = totals(covered)
        texts = [one.document() for one in covered]
        made["coverage"] = {"reached": reached, "of": there, "texts": texts}
    return made


def _file(result: FileResult) -> dict[str, Any]:
    return {
        "file": result.name,
        "errors": _errors(result),
        "updated": list(result.updated),
        "remarks": list(result.remarks),
        "tests": [_test(result, one) for one in result.tests],
    }


def _errors(result: FileResult) -> list[Mapping[str, Any]]:
    if isinstance(result.error, FileUnusable):
        return [finding.document() for finding in result.error.findings]
    if result.error is not None:
        return [{"message": result.error.message, "hint": result.error.hint}]
    return []


def _test(file: FileResult, result: TestResult) -> dict[str, Any]:
    assert file.file is not None  # noqa: S101 - a test has a file
    return {
        "name": result.test.name,
        "line": file.file.place(result.test).line,
        "passed": result.passed,
        "duration_ms": round(result.duration_ns / 1e6, 3),
        "problems": [_problem(one) for one in result.problems],
        "reasons": [
            _reason(position, one) for position, found in result.reasons.items() for one in found
        ],
    }


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "kind": problem.kind.replace(" ", "_"),
        "record": problem.record,
        "position": problem.position,
        "path": problem.path,
        "expected": plain(problem.expected),
        "got": plain(problem.got),
        "statement": problem.text,
        "place": problem.place,
        "text": summary(problem),
    }


def _reason(position: int, reason: Reason) -> dict[str, Any]:
    return {
        "position": position,
        "file": reason.file,
        "line": reason.place.line,
        "column": reason.place.column,
        "text": " ".join(reason.told.site.text.split()),
        "did": reason.did.replace(" ", "_"),
        "changed": [change_row(change) for change in reason.told.step.changed],
        "added": [added_row(state) for state in reason.told.step.added],
        "failure": reason.told.step.reason,
        "parts": [part_text(part).strip() for part in reason.told.step.parts],
    }
