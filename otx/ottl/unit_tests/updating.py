"""`--update`: failing tests made to expect what came, in the words of their file.

Only `changes`, `expect`, `dropped` and `routes` are rewritten, and of those only what differs. A
failure that nobody expects is never written down as right.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from otx.ottl.changes import Steps, flat, path_text
from otx.ottl.shortened import Short
from otx.ottl.unit_tests.comparing import ABSENT, differences, equal
from otx.ottl.unit_tests.expectations import changes_by_position
from otx.ottl.unit_tests.inputs import FORMS
from otx.ottl.unit_tests.reading import TestCase, TestFile
from otx.ottl.unit_tests.record_paths import (
    applied,
    difference,
    parse_path,
)
from otx.ottl.unit_tests.record_state import RESOURCE_FIELDS
from otx.ottl.unit_tests.results import TestResult
from otx.ottl.unit_tests.running import Ran, Survivor, run_test
from otx.ottl.unit_tests.yaml_edit import CannotEdit, edited
from otx.ottl.yaml_places import YamlPath


@dataclass(frozen=True, slots=True)
class Update:
    """A rewritten test file.

    Attributes:
        source: Its text.
        names: The tests that expect something else now.
        remarks: Why others do not.
    """

    source: str
    names: Sequence[str]
    remarks: Sequence[str]


class _CannotUpdate(Exception):
    """What came cannot be written down."""


def updated_source(file: TestFile, results: Sequence[TestResult]) -> Update:
    """A test file whose failing tests expect what came."""
    source = file.source
    names: list[str] = []
    remarks: list[str] = []
    for result in results:
        if result.passed:
            continue
        name = result.test.name
        try:
            source = edited(source, file.name, _values(file, result))
            names.append(name)
        except (_CannotUpdate, CannotEdit) as error:
            remarks.append(f"{name!r} was not updated: {error}")
    return Update(source, names, remarks)


def _values(file: TestFile, result: TestResult) -> dict[YamlPath, Any]:
    """What a test has to say, by the place where it says it."""
    if any(one.kind in ("failed", "no failure") for one in result.problems):
        raise _CannotUpdate("what should fail and what should not is for people to say")
    test = result.test
    ran = run_test(file.subject, test)
    written: Mapping[str, Any] = file.document.plain.data["tests"][test.path[-1]]
    values: dict[str, Any] = {}
    has_new = any(one.position is None for one in ran.survivors)
    if test.expectation.records is not None or (has_new and not test.expectation.given):
        values["expect"] = _Whole(test, ran, written.get("expect") or {}).section()
    else:
        values.update(_changes(test, ran, written))
    values.update(_drops(test, ran))
    if "routes" in test.expectation.given or (ran.routes and not test.expectation.given):
        values["routes"] = {pipeline: list(at) for pipeline, at in ran.routes.items()}
    if not (values or test.expectation.given):
        values["changes"] = {}
    return {(*test.path, key): value for key, value in values.items()}


def _drops(test: TestCase, ran: Ran) -> Iterator[tuple[str, Any]]:
    wanted = test.expectation.dropped
    if isinstance(wanted, int):
        if wanted != len(ran.dropped):
            yield "dropped", len(ran.dropped)
    elif (wanted or frozenset()) != ran.dropped and (
        wanted is not None or test.expectation.records is None
    ):
        yield "dropped", sorted(ran.dropped)


def _changes(test: TestCase, ran: Ran, written: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The changes of all records, in the form in which the test has them."""
    if any(one.position is None for one in ran.survivors):
        raise _CannotUpdate("a record was added, which only expect can say")
    old = written.get("changes")
    by_position = changes_by_position(old or {}, (), len(test.inputs))
    made: dict[int, dict[str, Any]] = {}
    for survivor in ran.survivors:
        assert survivor.position is not None  # noqa: S101 - looked at above
        data = by_position.get(survivor.position, ({}, ()))[0]
        changes = _record_changes(test, survivor, survivor.position, data)
        if changes:
            made[survivor.position] = changes
    if old is None and not made:
        return
    if isinstance(old, list):
        last = max((*made, len(old) - 1))
        yield "changes", [made.get(at, {}) for at in range(last + 1)]
    elif len(test.inputs) == 1 and not (old and all(key.isdecimal() for key in old)):
        yield "changes", made.get(0, {})
    else:
        yield "changes", made


def _record_changes(
    test: TestCase, survivor: Survivor, position: int, written: Mapping[str, Any]
) -> dict[str, Any]:
    """The changes of one record; what is written and right stays as it is written."""
    state = test.inputs[position]
    expected = test.expectation.changed.get(position, state.short)
    got = survivor.state.short
    kept: dict[str, Any] = {}
    steps_of: dict[Steps, Any] = {}
    for key, value in written.items():
        steps = parse_path(key, (state.word, "resource", "scope"))
        if _holds(steps, expected, got) and not (value is None and isinstance(steps[-1], int)):
            kept[key] = value
            steps_of[steps] = None if value is None else _at(got, steps)
    begun = applied(state.short, steps_of)
    missing = difference(begun, got) if list(differences(flat(begun), flat(got))) else {}
    return {**kept, **{path_text(steps, value): value for steps, value in missing.items()}}


def _holds(steps: Steps, expected: Short, got: Short) -> bool:
    return equal(_at(expected, steps), _at(got, steps))


def _at(short: Any, steps: Steps) -> Any:
    """What a state says at a path."""
    here = short
    for step in steps:
        try:
            here = here[step]
        except (KeyError, IndexError, TypeError):
            return ABSENT
    return here


class _Whole:
    """The whole records that a test has to expect."""

    def __init__(self, test: TestCase, ran: Ran, written: Mapping[str, Any]) -> None:
        self._test = test
        self._survivors = ran.survivors
        self._form = next((form for form in FORMS if form in written), "")
        self._written = written
        if self._form in ("otlp", "file"):
            raise _CannotUpdate(f"whole records under {self._form} are for people to write")

    def section(self) -> dict[str, Any]:
        """The section in its short form; of one signal."""
        words = {one.state.word for one in self._survivors} or {self._form.removesuffix("s")}
        if len(words) > 1 or "profile" in words:
            raise _CannotUpdate("records of several signals, and profiles, have no short form")
        (word,) = words
        others = {key: one for key, one in self._written.items() if key not in FORMS}
        records = [self._record(at, one) for at, one in enumerate(self._survivors)]
        if self._form == word and len(records) == 1:
            return {**others, self._form: records[0]}
        return {**others, f"{word}s": records}

    def _record(self, at: int, survivor: Survivor) -> dict[str, Any]:
        short = survivor.state.short
        old, expected = self._old(at)
        item = _merged(old, expected.get(survivor.state.word, {}), short[survivor.state.word])
        above: dict[str, Any] = {}
        for key, before in (("resource", survivor.resource), ("scope", survivor.scope)):
            # What all share would be taken for it where it says nothing.
            unsaid = ABSENT if key in self._written else before
            if equal(short[key], expected.get(key, unsaid)):
                if key in old:
                    above[key] = old[key]
            else:
                above[key] = _written_above(key, short[key])
        return {**item, **above}

    def _old(self, at: int) -> tuple[Mapping[str, Any], Short]:
        """What the test says of the record at a position now, and what that means."""
        given = self._written.get(self._form, ())
        listed = given if isinstance(given, list) else [given]
        expected = self._test.expectation.records or ()
        if at >= len(listed) or len(listed) != len(expected):
            return {}, {}
        return listed[at] or {}, expected[at].short


def _merged(written: Mapping[str, Any], expected: Short, got: Short) -> dict[str, Any]:
    """The fields of an item; a field that is right stays as it is written."""
    fields = [key for key in written if key not in ("resource", "scope")]
    kept = {
        key: written[key]
        for key in fields
        if equal(expected.get(key, ABSENT), got.get(key, ABSENT))
    }
    return {**kept, **{key: value for key, value in got.items() if key not in kept}}


def _written_above(key: str, short: Short) -> Any:
    """A resource or scope; a resource of attributes alone is the map of them."""
    attributes = short.get("attributes", {})
    is_plain = key == "resource" and short.keys() <= {"attributes"}
    return attributes if is_plain and not attributes.keys() & RESOURCE_FIELDS else short
