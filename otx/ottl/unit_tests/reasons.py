"""Why a test failed: of what statements and conditions did, what has to do with a difference.

That is who changed a value that should have stayed, and whose condition was false where a change
was expected.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from otx.ottl.batch import Batch
from otx.ottl.contexts.table import CONTEXTS
from otx.ottl.parser import parse_statement
from otx.ottl.record_state import item_of
from otx.ottl.syntax import Path
from otx.ottl.traced_plan import Told, trace_batch
from otx.ottl.unit_tests.comparing import Problem
from otx.ottl.unit_tests.reading import TestCase, TestFile
from otx.ottl.unit_tests.subject import Subject
from otx.ottl.yaml_places import FilePlace

_OWNERS = {
    "instrumentation_scope": "scope",
    **dict.fromkeys(("spanevent", "spanlink"), "span"),
    **dict.fromkeys(("datapoint", "exemplar"), "metric"),
    "profilesample": "profile",
}
"""The record that a part of one lies in."""
Did: TypeAlias = Literal["ran", "not matched", "failed", "is true", "is false"]
_MOST = 5
"""Reasons that are told for one record."""


@dataclass(frozen=True, slots=True)
class Reason:
    """What a statement or condition made of a record, and where it stands."""

    told: Told
    file: str
    place: FilePlace

    @property
    def did(self) -> Did:
        """What came of it, in the words for a statement or for a condition."""
        verdict = self.told.step.verdict
        if self.told.site.purpose == "change" or verdict == "failed":
            return verdict
        return "is true" if verdict == "ran" else "is false"


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
        for one in trace_batch(file.subject.plan, batch, file.subject.functions):
            for at, item in wanted.items():
                if _concerns(one.record, item):
                    told[at].append(one)
        first += len(items)
    return {
        at: [_reason(file.subject, one) for one in _relevant(at, found, problems)]
        for at, found in told.items()
    }


def _reason(subject: Subject, told: Told) -> Reason:
    return Reason(told, subject.origin.file, subject.place(told.site))


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
    purpose, is_true = told.site.purpose, told.step.verdict == "ran"
    if problem.kind == "route":
        return purpose == "route"
    if problem.kind in ("kept", "dropped"):
        drops = is_true is (purpose == "drop")
        return purpose in ("drop", "keep") and drops is (problem.kind == "dropped")
    if problem.kind != "value":
        return False
    if purpose == "change":
        changed = [change.path for change in told.step.changed]
        targets = changed or [_target_of(told.site.text)]
    elif purpose == "admit" and not is_true:
        targets = [_target_of(text) for text in told.site.statements]
    else:
        return False
    return any(_overlaps(told.site.context.name, target, problem.path) for target in targets)


def _target_of(text: str) -> str:
    """The path that a statement writes to; "" where it names none."""
    for argument in parse_statement(text).editor.arguments:
        if isinstance(argument.value, Path):
            place = argument.value.place
            return text[place.start : place.end]
    return ""


def _overlaps(context: str, target: str, path: str) -> bool:
    """Whether a statement's path may lead to what differs.

    A statement may leave its own context's name out, and it does not say which part of a record it
    means: `datapoint.attributes` may be `datapoint[0].attributes`.
    """
    first, _, rest = target.partition(".")
    name = first.partition("[")[0]
    owner, bare = (name, rest) if name in CONTEXTS else (context, target)
    part, _, inner = path.partition(".")
    part = part.partition("[")[0]
    is_of = _OWNERS.get(owner, owner) == _OWNERS.get(part, part)
    return not target or (is_of and (bare in inner or inner.startswith(bare)))
