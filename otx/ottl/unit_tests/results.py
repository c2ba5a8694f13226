"""What came of test files: a result a test, and what no test could be read from."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from otx.errors import UsageError
from otx.ottl.unit_tests.comparing import Problem, compare
from otx.ottl.unit_tests.reading import TestCase, TestFile
from otx.ottl.unit_tests.reasons import Reason, reasons
from otx.ottl.unit_tests.running import run_test


@dataclass(frozen=True, slots=True)
class TestResult:
    """What came of one test.

    Attributes:
        problems: Its differences; none where it passed.
        reasons: What had to do with them, by the record's position.
    """

    __test__ = False

    test: TestCase
    problems: Sequence[Problem]
    reasons: Mapping[int, Sequence[Reason]]
    duration_ns: int

    @property
    def passed(self) -> bool:
        """Whether all was as expected."""
        return not self.problems


@dataclass(frozen=True, slots=True)
class FileResult:
    """What came of one test file.

    Attributes:
        file: The file; None where it cannot be used.
        error: Why it cannot.
        updated: Names of the tests whose expectations were rewritten.
        remarks: Why others were not.
    """

    name: str
    file: TestFile | None = None
    tests: Sequence[TestResult] = ()
    error: UsageError | None = None
    updated: Sequence[str] = ()
    remarks: Sequence[str] = ()


def run_tests(file: TestFile, clock: Callable[[], int]) -> list[TestResult]:
    """Run all tests of a file.

    Args:
        file: The file.
        clock: The time in nanoseconds.
    """
    results = []
    for test in file.tests:
        begun = clock()
        problems = compare(file.subject, test, run_test(file.subject, test))
        took = clock() - begun
        results.append(TestResult(test, problems, reasons(file, test, problems), took))
    return results
