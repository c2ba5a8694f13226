"""Test files: what they test and their tests, read and checked before anything runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from otx.errors import UsageError
from otx.ottl.checking import Finding
from otx.ottl.functions.registry import FunctionSet
from otx.ottl.gates import switched
from otx.ottl.record_state import RecordState
from otx.ottl.unit_tests.expectations import KEYS, Expectation, read_expectation
from otx.ottl.unit_tests.findings import FileUnusable, OpenFile, finding_of
from otx.ottl.unit_tests.inputs import Records, read_records
from otx.ottl.unit_tests.subject import (
    COMPONENT_KINDS,
    OPTIONS,
    Subject,
    TestDocument,
    read_subject,
)
from otx.ottl.unit_tests.yaml_values import Unreadable, listing, mapping, text_of, unknown_key
from otx.ottl.yaml_places import FilePlace, YamlInvalid, YamlPath
from otx.ottl.yaml_reading import load_yaml

_FILE_KEYS = ("statements", "config", "feature_gates", "tests", *OPTIONS)
_COLLECTOR_KEYS = ("receivers", "processors", "exporters", "connectors", "extensions", "service")
_TEST_KEYS = ("name", "input", *KEYS)


@dataclass(frozen=True, slots=True)
class TestCase:
    """One test.

    Attributes:
        path: Where it stands in its file.
        inputs: Its records in their order.
        metadata: Of the request that brings them.
    """

    __test__ = False

    name: str
    path: YamlPath
    records: Records
    inputs: Sequence[RecordState]
    metadata: Mapping[str, str]
    expectation: Expectation


@dataclass(frozen=True, slots=True)
class TestFile:
    """A file of tests.

    Attributes:
        source: Its text.
        subject: What it tests.
    """

    __test__ = False

    document: TestDocument
    source: str
    subject: Subject
    tests: Sequence[TestCase]

    @property
    def name(self) -> str:
        """What people call the file."""
        return self.document.name

    def place(self, test: TestCase) -> FilePlace:
        """Where a test stands."""
        return self.document.plain.place(test.path)


def read_test_file(
    source: str,
    name: str,
    open_file: OpenFile,
    variables: Mapping[str, str],
    gates: str = "",
    *,
    allows_extensions: bool = True,
) -> TestFile:
    """Read and check a test file.

    Args:
        source: Its text.
        name: What people call it.
        open_file: Opens files that it names.
        variables: For `${env:NAME}` in what is tested.
        gates: Feature gates to switch beside those that it names.
        allows_extensions: Whether otx's own functions may be used.

    Raises:
        UsageError: It cannot be used.
    """
    document = _document(source, name, variables)
    try:
        data = mapping(document.plain.data, ())
        _check_keys(data)
        functions = FunctionSet("", _gates(data, gates), allows_extensions)
        subject = read_subject(document, functions, open_file)
        listed = listing(data.get("tests"), ("tests",))
        if not listed:
            raise Unreadable(("tests",), "there is no test")
    except Unreadable as error:
        raise FileUnusable([finding_of(error, document.plain, name)]) from None
    return TestFile(document, source, subject, _read_tests(listed, document, open_file))


def _document(source: str, name: str, variables: Mapping[str, str]) -> TestDocument:
    try:
        plain = load_yaml(source, name)
        subject = load_yaml(source, name, variables, lambda path: path[:1] != ("tests",))
    except YamlInvalid as error:
        lines = source.split("\n")
        text = lines[error.line - 1] if error.line <= len(lines) else ""
        place = FilePlace(error.line, error.column, text.rstrip("\r"))
        raise FileUnusable([Finding(name, place, 1, "error", error.reason)]) from None
    return TestDocument(name, plain, subject, variables)


def _read_tests(
    listed: Sequence[Any], document: TestDocument, open_file: OpenFile
) -> list[TestCase]:
    tests: list[TestCase] = []
    findings: list[Finding] = []
    for at, one in enumerate(listed):
        try:
            tests.append(_read_test(one, ("tests", at), open_file))
        except Unreadable as error:
            findings.append(finding_of(error, document.plain, document.name))
    if findings:
        raise FileUnusable(findings)
    return tests


def _read_test(data: object, path: YamlPath, open_file: OpenFile) -> TestCase:
    test = mapping(data, path)
    for key in test:
        if key not in _TEST_KEYS:
            raise unknown_key(path, key, _TEST_KEYS)
    at = path[-1]
    name = text_of(test["name"], (*path, "name")) if "name" in test else f"test {at}"
    if "input" not in test:
        raise Unreadable(path, f"{name!r} has no input")
    here = (*path, "input")
    records = read_records(test["input"], here, open_file, ("metadata",))
    metadata = {
        key.lower(): text_of(value, (*here, "metadata", key))
        for key, value in mapping(test["input"].get("metadata"), (*here, "metadata")).items()
    }
    inputs = records.states()
    expectation = read_expectation(test, path, inputs, open_file)
    return TestCase(name, path, records, inputs, metadata, expectation)


def _check_keys(data: Mapping[str, Any]) -> None:
    known = (*_FILE_KEYS, *COMPONENT_KINDS)
    for key in data:
        if key in _COLLECTOR_KEYS:
            hint = "a whole configuration stands under config"
            raise Unreadable((key,), f"there is no key {key!r}", hint)
        if key not in _FILE_KEYS and key.partition("/")[0] not in COMPONENT_KINDS:
            raise unknown_key((), key, known)


def _gates(data: Mapping[str, Any], more: str) -> frozenset[str]:
    given = data.get("feature_gates") or ""
    path = ("feature_gates",)
    texts = [text_of(one, path) for one in (given if isinstance(given, list) else [given])]
    try:
        return switched(",".join((*texts, more)))
    except UsageError as error:
        raise Unreadable(path, error.message, error.hint) from None
