"""What the tests of unit tests share: a test file from a text, run."""

import textwrap
from collections.abc import Mapping

from otx.ottl.unit_tests.findings import OpenedFile
from otx.ottl.unit_tests.reading import TestFile, read_test_file
from otx.ottl.unit_tests.results import TestResult, run_tests
from otx.ottl.unit_tests.wording import summary


def read(text: str, beside: Mapping[str, str] | None = None) -> TestFile:
    """A test file, with the files that stand beside it."""

    def opened(name: str) -> OpenedFile:
        if name not in (beside or {}):
            raise FileNotFoundError(2, "No such file or directory", name)
        return OpenedFile(name, (beside or {})[name].encode())

    return read_test_file(textwrap.dedent(text), "a.test.yaml", opened, {"REGION": "east"})


def run(text: str, beside: Mapping[str, str] | None = None) -> list[TestResult]:
    """The results of a test file."""
    return run_tests(read(text, beside), clock=lambda: 0)


def problems(text: str, beside: Mapping[str, str] | None = None) -> list[str]:
    """The differences of all tests of a file, a line each."""
    return [summary(one) for result in run(text, beside) for one in result.problems]
