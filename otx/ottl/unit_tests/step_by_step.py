"""A test's records through its plan once more, and what each statement and condition made of each.

As `otx.ottl.traced_plan`, but told for conditions too, and with what a filter drops really gone
for what comes behind it.
"""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from otx.model.signal import Signal
from otx.ottl.contexts.table import CONTEXTS
from otx.ottl.errors import OttlError
from otx.ottl.parser import parse_statement
from otx.ottl.plan import SIGNAL_OF_CONTEXT, Plan, Report, Step
from otx.ottl.processors.config import Group
from otx.ottl.processors.filter import FilterProcessor
from otx.ottl.processors.routing import RoutingConnector
from otx.ottl.processors.tail_sampling import TailSampling
from otx.ottl.processors.transform import TransformProcessor
from otx.ottl.program import ExecutionStopped, Outcome, any_holds
from otx.ottl.records import WALKS, Batch
from otx.ottl.syntax import Path
from otx.ottl.tracing import Part, TracedCondition, TracedStatement
from otx.ottl.unit_tests.subject import Subject

Did: TypeAlias = Literal["ran", "not matched", "failed", "is true", "is false"]
Decides: TypeAlias = Literal["change", "drop", "keep", "route"]
"""What it is about: a statement changes, a true condition drops, keeps or routes a record."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a statement or condition made of a record.

    Attributes:
        component: Whose it is; "" in a list of statements.
        context: What it runs on.
        parts: The parts of a condition that was not true, with their values.
        changed: The paths that a statement changed.
        failure: Why it failed; "" where it did not.
    """

    component: str
    context: str
    text: str
    record: Any
    did: Did
    decides: Decides = "change"
    parts: Sequence[Part] = ()
    changed: Sequence[str] = ()
    failure: str = ""


def told_by(subject: Subject, batch: Batch) -> Iterator[Told]:
    """What the statements and conditions of a subject make of the records of a batch."""
    for step in subject.plan.steps.get(batch.signal, ()):
        processor = step.processor
        if isinstance(processor, Group):
            yield from _group(subject, "", processor, batch)
        elif isinstance(processor, TransformProcessor):
            for group in processor.groups.get(batch.signal, ()):
                yield from _group(subject, step.name, group, batch)
        else:
            for context, text in _conditions(processor, batch.signal):
                yield from _asked(subject, step, context, text, batch)
            with contextlib.suppress(ExecutionStopped):
                Plan({batch.signal: (step,)}).run(batch, Report())


def target_of(text: str) -> str:
    """The path that a statement writes to; "" where it names none."""
    for argument in parse_statement(text).editor.arguments:
        if isinstance(argument.value, Path):
            place = argument.value.place
            return text[place.start : place.end]
    return ""


def _group(subject: Subject, component: str, group: Group, batch: Batch) -> Iterator[Told]:
    traced = [
        TracedStatement(one.text, group.context, subject.functions, needs_prefix=group.needs_prefix)
        for one in group.statements
    ]
    for record in WALKS[group.context.name](batch):
        record.cache = None
        if group.conditions and not any_holds(group.conditions, record, "silent", Outcome()):
            yield from _refused(subject, component, group, record)
            continue
        for statement in traced:
            step = statement.run(record)
            changed = [path for path, _, _ in step.changed]
            yield Told(
                component,
                group.context.name,
                step.statement,
                record,
                step.verdict,
                parts=step.parts,
                changed=changed,
                failure=step.reason,
            )


def _refused(subject: Subject, component: str, group: Group, record: Any) -> Iterator[Told]:
    """A group's statements, none of which runs because none of its conditions holds."""
    parts: list[Part] = []
    for condition in group.conditions:
        traced = TracedCondition(
            condition.text, group.context, subject.functions, needs_prefix=group.needs_prefix
        )
        parts += traced.parts(record)
    for statement in group.statements:
        context = group.context.name
        yield Told(component, context, statement.text, record, "not matched", parts=parts)


def _conditions(
    processor: FilterProcessor | RoutingConnector | TailSampling, signal: Signal
) -> Iterator[tuple[str, str]]:
    """The conditions by which records are dropped, routed or sampled, each with its context."""
    if isinstance(processor, FilterProcessor):
        for rule in processor.rules.get(signal, ()):
            yield rule.context, rule.condition.text
    elif isinstance(processor, TailSampling):
        for policy in processor.policies:
            yield from (("span", one.text) for one in policy.span)
            yield from (("spanevent", one.text) for one in policy.spanevent)
    else:
        yield from ((row.context, row.text) for row in processor.rows if row.request is None)


def _asked(subject: Subject, step: Step, context: str, text: str, batch: Batch) -> Iterator[Told]:
    condition = _condition_of(text)
    if not condition or SIGNAL_OF_CONTEXT.get(context, batch.signal) is not batch.signal:
        return
    traced = TracedCondition(condition, CONTEXTS[context], subject.functions)
    for record in WALKS[context](batch):
        record.cache = None
        parts = traced.parts(record)
        is_true = parts[0].value is True
        did: Did = "is true" if is_true else "is false"
        shown = () if is_true else parts
        yield Told(step.name, context, text, record, did, _decides(step), shown)


def _decides(step: Step) -> Decides:
    if isinstance(step.processor, RoutingConnector):
        return "route"
    return "keep" if isinstance(step.processor, TailSampling) else "drop"


def _condition_of(text: str) -> str:
    """The condition of a row of a routing table, which may be that of a statement."""
    try:
        tree = parse_statement(text)
    except OttlError:
        return text
    if tree.condition is None:
        return ""
    return text[tree.condition.place.start : tree.condition.place.end]
