"""Why a test failed: of what statements and conditions did, what has to do with a difference.

That is who changed a value that should have stayed, and whose condition was false where a change
was expected.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from otx.ottl.contexts.table import CONTEXTS
from otx.ottl.records import Batch
from otx.ottl.unit_tests.comparing import Problem
from otx.ottl.unit_tests.reading import TestCase, TestFile
from otx.ottl.unit_tests.running import item_of
from otx.ottl.unit_tests.step_by_step import Told, target_of, told_by
from otx.ottl.unit_tests.subject import Subject
from otx.ottl.yaml_places import FilePlace

_OWNERS = {
    "instrumentation_scope": "scope",
    **dict.fromkeys(("spanevent", "spanlink"), "span"),
    **dict.fromkeys(("datapoint", "exemplar"), "metric"),
    "profilesample": "profile",
}
"""The record that a part of one lies in."""
_MOST = 5
"""Reasons that are told for one record."""


@dataclass(frozen=True, slots=True)
class Reason:
    """What a statement or condition made of a record, and where it stands."""

    told: Told
    file: str
    place: FilePlace


def reasons(file: TestFile, test: TestCase, problems: Sequence[Problem]) -> dict[int, list[Reason]]:
    """For each record that is not right what had to do with it, by its position."""
    asked = {position for problem in problems for position in _positions(problem)}
    if not asked:
        return {}
    told: dict[int, list[Told]] = {position: [] for position in sorted(asked)}
    first = 0
    for signal, body in test.records.requests:
        batch = Batch(signal, body)
        items = list(batch.items())
        wanted = {at: items[at - first] for at in told if first <= at < first + len(items)}
        for one in told_by(file.subject, batch):
            for at, item in wanted.items():
                if _concerns(one.record, item):
                    told[at].append(one)
        first += len(items)
    return {
        at: [_reason(file.subject, one) for one in _relevant(at, found, problems)]
        for at, found in told.items()
    }


def _positions(problem: Problem) -> Iterable[int]:
    if problem.kind == "route":
        return set(problem.expected) ^ set(problem.got)
    return () if problem.position is None or problem.kind == "failed" else (problem.position,)


def _concerns(record: Any, item: Any) -> bool:
    return item_of(record) is item or record is item.resource or record is item.scope


def _relevant(at: int, told: Sequence[Told], problems: Sequence[Problem]) -> list[Told]:
    mine = [problem for problem in problems if at in _positions(problem)]
    return [one for one in told if any(_explains(one, problem) for problem in mine)][:_MOST]


def _explains(told: Told, problem: Problem) -> bool:
    if problem.kind == "route":
        return told.decides == "route"
    if problem.kind in ("kept", "dropped"):
        drops = (told.did == "is true") is (told.decides == "drop")
        return told.decides in ("drop", "keep") and drops is (problem.kind == "dropped")
    if problem.kind != "value" or told.decides != "change":
        return False
    targets = told.changed or [target_of(told.text)]
    return any(_overlaps(told.context, target, problem.path) for target in targets)


def _overlaps(context: str, target: str, path: str) -> bool:
    """Whether a statement's path may lead to what differs.

    A statement may leave its own context's name out, and it calls parts of a record by names of
    their own: `datapoint.attributes` lies in `metric.data_points[0].attributes`.
    """
    first, _, rest = target.partition(".")
    owner, bare = (first, rest) if first in CONTEXTS else (context, target)
    part, _, inner = path.partition(".")
    is_of = _OWNERS.get(owner, owner) == part
    return not target or (is_of and (bare in inner or inner.startswith(bare)))


def _reason(subject: Subject, told: Told) -> Reason:
    place = FilePlace(1, 1, "")
    for counted in subject.counting.counted:
        if (counted.component, counted.text) == (told.component, told.text):
            place = subject.place(counted)
            break
    return Reason(told, subject.origin.file, place)
