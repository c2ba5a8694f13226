"""Results as JUnit XML, as CI systems read it: the form of Jenkins, with a file and a line."""

import re
from collections.abc import Iterable, Sequence
from pathlib import PurePath
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from otx.ottl.unit_tests.findings import FileUnusable
from otx.ottl.unit_tests.results import FileResult, TestResult
from otx.ottl.unit_tests.text_report import test_lines
from otx.ottl.unit_tests.wording import summary
from otx.output import Painter

_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no escape can bring into XML 1.0."""


def junit_xml(results: Sequence[FileResult]) -> str:
    """All results as one document."""
    root = Element("testsuites", name="otx ottl test")
    for result in results:
        root.append(_suite(result))
    _set_counts(root, [one for result in results for one in result.tests], _unusable(results))
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _suite(result: FileResult) -> Element:
    suite = Element("testsuite", name=_clean(result.name), file=_clean(result.name))
    _set_counts(suite, result.tests, _unusable([result]))
    if result.error is not None:
        case = SubElement(suite, "testcase", name=_clean(result.name), classname=_class(result))
        error = SubElement(case, "error", message=_clean(result.error.message.splitlines()[0]))
        error.text = _clean(_error_text(result))
    for one in result.tests:
        suite.append(_case(result, one))
    return suite


def _case(result: FileResult, one: TestResult) -> Element:
    assert result.file is not None  # noqa: S101 - a test has a file
    case = Element(
        "testcase",
        name=_clean(one.test.name),
        classname=_class(result),
        file=_clean(result.name),
        line=str(result.file.place(one.test).line),
        time=_seconds([one]),
    )
    if not one.passed:
        failure = SubElement(case, "failure", message=_clean(summary(one.problems[0])))
        failure.set("type", one.problems[0].kind)
        lines = test_lines(result, one, Painter(wants_colour=False))
        failure.text = _clean("\n".join(lines))
    return case


def _set_counts(element: Element, tests: Sequence[TestResult], unusable: int) -> None:
    element.set("tests", str(len(tests) + unusable))
    element.set("failures", str(sum(not one.passed for one in tests)))
    element.set("errors", str(unusable))
    element.set("skipped", "0")
    element.set("time", _seconds(tests))


def _unusable(results: Iterable[FileResult]) -> int:
    return sum(result.error is not None for result in results)


def _error_text(result: FileResult) -> str:
    assert result.error is not None  # noqa: S101 - the caller has looked
    if isinstance(result.error, FileUnusable):
        return "\n".join(finding.text() for finding in result.error.findings)
    return result.error.message


def _class(result: FileResult) -> str:
    """Dots would be taken for packages."""
    stem = PurePath(result.name)
    name = stem.name.removesuffix(".yaml").removesuffix(".yml").removesuffix(".test")
    return _clean("/".join((*stem.parts[:-1], name)).replace(".", "_"))


def _seconds(tests: Iterable[TestResult]) -> str:
    return f"{sum(one.duration_ns for one in tests) / 1e9:.6f}"


def _clean(text: str) -> str:
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", text)
