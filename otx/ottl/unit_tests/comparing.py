"""What came of a test beside what it expects: every difference, as a fact with its record."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal, TypeAlias

from otx.ottl.changes import Flat, flat
from otx.ottl.record_state import RecordState
from otx.ottl.shortened import Short
from otx.ottl.unit_tests.reading import TestCase
from otx.ottl.unit_tests.running import Ran, Survivor
from otx.ottl.unit_tests.subject import Subject

ProblemKind: TypeAlias = Literal[
    "value", "dropped", "kept", "added", "missing", "failed", "no failure", "route", "nothing said"
]

_TOLERANCE = 1e-9
"""Doubles as near as this count as equal: nobody writes 0.30000000000000004."""


class Absent:
    """Stands for what is not there, which is not the same as an Empty value."""

    def __repr__(self) -> str:
        return "nothing"


ABSENT = Absent()


@dataclass(frozen=True, slots=True)
class Problem:
    """A difference between what is expected and what came.

    Attributes:
        kind: What it is about.
        record: The record in words; "" where it is about none.
        position: Where that was in the input; None where it was not there.
        path: What of it differs, or the pipeline.
        expected: What should be there.
        got: What is there.
        text: The statement or condition that failed.
        place: Where that stands.
    """

    kind: ProblemKind
    record: str = ""
    position: int | None = None
    path: str = ""
    expected: Any = ABSENT
    got: Any = ABSENT
    text: str = ""
    place: str = ""


def compare(subject: Subject, test: TestCase, ran: Ran) -> list[Problem]:
    """All differences of a test."""
    problems = [*_failures(subject, test, ran)]
    if not test.expectation.given:
        problems.append(Problem("nothing said"))
    elif test.expectation.compares_records:
        if test.expectation.records is None:
            problems += _changed(test, ran)
        else:
            problems += _whole(test, ran)
    problems += _routes(test, ran)
    return problems


def name_of(test: TestCase, position: int) -> str:
    """An input record in words: `log 2 "payment declined"`."""
    state = test.inputs[position]
    number = f" {position}" if len(test.inputs) > 1 else ""
    return f"{state.word}{number} {state.title}".rstrip()


def _bare_name(state: RecordState) -> str:
    return f"{state.word} {state.title}".rstrip()


def differences(expected: Flat, got: Flat) -> Iterator[tuple[str, Any, Any]]:
    """The paths at which two flat records differ, with both values."""
    for path in {**expected, **got}:
        one, other = expected.get(path, ABSENT), got.get(path, ABSENT)
        if not equal(one, other):
            yield path, one, other


def equal(one: Any, other: Any) -> bool:
    """Whether two values are the same to OTLP, in which an int is no double."""
    if isinstance(one, float) and isinstance(other, float):
        both_nan = math.isnan(one) and math.isnan(other)
        return both_nan or math.isclose(one, other, rel_tol=_TOLERANCE)
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(equal(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(equal, one, other))
    return type(one) is type(other) and bool(one == other)


def _failures(subject: Subject, test: TestCase, ran: Ran) -> Iterator[Problem]:
    wanted = test.expectation.errors
    reasons = list(dict.fromkeys(one.reason for one in ran.failures))
    for words in wanted:
        if not any(words in reason for reason in reasons):
            yield Problem("no failure", expected=words, got=reasons or ABSENT)
    for one in ran.failures:
        # Who writes `silent` has said that failures are nothing to speak of.
        if one.site.error_mode == "silent" or any(words in one.reason for words in wanted):
            continue
        record = "" if one.position is None else name_of(test, one.position)
        at = subject.place(one.site)
        place = f"{subject.origin.file}:{at.line}:{at.column}"
        text = " ".join(one.site.text.split())
        yield Problem("failed", record, one.position, got=one.reason, text=text, place=place)


def _changed(test: TestCase, ran: Ran) -> Iterator[Problem]:
    """The differences from the input with the expected changes made."""
    yield from _drops(test, ran)
    for survivor in ran.survivors:
        if survivor.position is None:
            state = survivor.state
            yield Problem("added", _bare_name(state), got=state.short[state.word])
            continue
        before = test.inputs[survivor.position].short
        expected = test.expectation.changed.get(survivor.position, before)
        yield from _values(test, survivor, expected)


def _values(test: TestCase, survivor: Survivor, expected: Short) -> Iterator[Problem]:
    at = survivor.position
    record = _bare_name(survivor.state) if at is None else name_of(test, at)
    for path, one, other in differences(flat(expected), flat(survivor.state.short)):
        yield Problem("value", record, at, path, one, other)


def _drops(test: TestCase, ran: Ran) -> Iterator[Problem]:
    wanted = test.expectation.dropped
    if isinstance(wanted, int):
        if len(ran.dropped) != wanted:
            which = sorted(ran.dropped)
            yield Problem("kept" if len(which) < wanted else "dropped", expected=wanted, got=which)
        return
    for at in sorted(ran.dropped ^ (wanted or frozenset())):
        yield Problem("dropped" if at in ran.dropped else "kept", name_of(test, at), at)


def _whole(test: TestCase, ran: Ran) -> Iterator[Problem]:
    """The differences from the whole records that are expected, in their order."""
    if test.expectation.dropped is not None:
        yield from _drops(test, ran)
    assert test.expectation.records is not None  # noqa: S101 - the caller has looked
    expected = test.expectation.records
    if len(expected) != len(ran.survivors):
        yield from _aligned(test, expected, ran.survivors)
        return
    for state, survivor in zip(expected, ran.survivors, strict=True):
        yield from _values(test, survivor, _completed(state, survivor))


def _completed(state: RecordState, survivor: Survivor) -> Short:
    """An expected record; where it names no resource or scope it keeps those it had."""
    return {"resource": survivor.resource, "scope": survivor.scope, **state.short}


def _aligned(
    test: TestCase, expected: Sequence[RecordState], survivors: Sequence[Survivor]
) -> Iterator[Problem]:
    """Differences of lists that are not of one length: equal records are taken for the same."""
    ours = [_fingerprint(one.short[one.word]) for one in expected]
    theirs = [_fingerprint(one.state.short[one.state.word]) for one in survivors]
    matcher = SequenceMatcher(None, ours, theirs, autojunk=False)
    for what, begin, end, other_begin, other_end in matcher.get_opcodes():
        pairs = list(zip(expected[begin:end], survivors[other_begin:other_end], strict=False))
        for state, survivor in pairs:
            yield from _values(test, survivor, _completed(state, survivor))
        if what == "equal":
            continue
        for state in expected[begin + len(pairs) : end]:
            yield Problem("missing", _bare_name(state), expected=state.short[state.word])
        for survivor in survivors[other_begin + len(pairs) : other_end]:
            state = survivor.state
            got = state.short[state.word]
            yield Problem("added", _bare_name(state), survivor.position, got=got)


def _fingerprint(value: Any) -> str:
    if isinstance(value, Mapping):
        return repr(sorted((key, _fingerprint(one)) for key, one in value.items()))
    return repr(value)


def _routes(test: TestCase, ran: Ran) -> Iterator[Problem]:
    wanted = test.expectation.routes
    if wanted is None:
        return
    for pipeline in {**wanted, **ran.routes}:
        expected, got = list(wanted.get(pipeline, ())), list(ran.routes.get(pipeline, ()))
        if Counter(expected) != Counter(got):
            yield Problem("route", path=pipeline, expected=expected, got=got)
