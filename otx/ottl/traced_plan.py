"""A plan's statements and conditions, told step by step on the records of a batch."""

import time
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from otx.ottl.contexts.table import PROCESSOR_CONTEXTS
from otx.ottl.errors import ExecutionError
from otx.ottl.functions.registry import FunctionSet
from otx.ottl.plan import Plan, Report
from otx.ottl.plan import Step as PlanStep
from otx.ottl.processors.config import Group
from otx.ottl.processors.filter import FilterProcessor, Rule
from otx.ottl.processors.steps import run_processor
from otx.ottl.processors.transform import TransformProcessor
from otx.ottl.program import CompiledCondition, ErrorMode, ExecutionStopped, words
from otx.ottl.records import WALKS, Batch
from otx.ottl.tracing import Step, TracedCondition, TracedStatement, Verdict, run_traced

_FROM_THE_TOP = ("resource", "scope", "span", "metric", "log", "profile", "spanevent", "datapoint")
"""The contexts of rules in the order in which a filter asks them."""
_PARENTS = ("resource", "scope", "span", "metric")


class Told(NamedTuple):
    """One statement or condition on one record, and whether it is a rule that dropped it."""

    record: Any
    step: Step
    error_mode: ErrorMode
    is_dropped: bool = False


def trace_batch(plan: Plan, batch: Batch, functions: FunctionSet) -> Iterator[Told]:
    """Each statement and rule on each record, as the plan runs them; failures do not stop it.

    What a filter or sampling drops is not told of further on. Routing and sampling decide on whole
    items and are not told themselves.
    """
    for step in plan.steps.get(batch.signal, ()):
        processor = step.processor
        if isinstance(processor, Group):
            yield from _group(processor, batch, functions)
        elif isinstance(processor, TransformProcessor):
            for group in processor.groups.get(batch.signal, ()):
                yield from _group(group, batch, functions)
        else:
            if isinstance(processor, FilterProcessor):
                yield from _rules(processor.rules.get(batch.signal, ()), batch, functions)
            _drop(step, batch)


def _drop(step: PlanStep, batch: Batch) -> None:
    """Let a component that drops records do so."""
    assert not isinstance(step.processor, Group)  # noqa: S101 - groups are told
    try:
        run_processor(step.name, step.processor, batch, Report())
    except ExecutionStopped:
        return  # a Collector would drop all of it; here the rest is told all the same


def _group(group: Group, batch: Batch, functions: FunctionSet) -> Iterator[Told]:
    prefix = group.needs_prefix
    statements = [
        TracedStatement(one.text, group.context, functions, needs_prefix=prefix)
        for one in group.statements
    ]
    conditions = [
        (one, TracedCondition(one.text, group.context, functions, needs_prefix=prefix))
        for one in group.conditions
    ]
    for record in WALKS[group.context.name](batch):
        record.cache = None
        asked = [_ask(one, traced, record) for one, traced in conditions]
        if asked and not any(step.verdict == "ran" for step in asked):
            yield from (Told(record, step, group.error_mode) for step in asked)
            continue
        for _, step in run_traced(statements, [record]):
            yield Told(record, step, group.error_mode)


def _rules(rules: Sequence[Rule], batch: Batch, functions: FunctionSet) -> Iterator[Told]:
    """Each rule on each record that no rule before has dropped, with what lies above it."""
    dropped: set[int] = set()
    for context in _FROM_THE_TOP:
        asked = [
            (rule, TracedCondition(rule.condition.text, PROCESSOR_CONTEXTS[context], functions))
            for rule in rules
            if rule.context == context
        ]
        for record in WALKS[context](batch) if asked else ():
            if any(id(getattr(record, name, None)) in dropped for name in _PARENTS):
                continue
            for rule, traced in asked:
                step = _ask(rule.condition, traced, record)
                is_dropped = step.verdict == "ran"
                yield Told(record, step, rule.error_mode, is_dropped)
                if is_dropped:
                    dropped.add(id(record))
                    break


def _ask(condition: CompiledCondition, traced: TracedCondition, record: Any) -> Step:
    """A condition on a record, with its parts where it is not true."""
    begun = time.perf_counter_ns()
    reason = ""
    verdict: Verdict = "not matched"
    try:
        verdict = "ran" if condition.holds(record) else "not matched"
    except (ExecutionError, RecursionError) as error:
        verdict, reason = "failed", words(error)
    took = time.perf_counter_ns() - begun
    parts = () if verdict == "ran" else traced.parts(record)
    return Step(condition.text, verdict, parts, (), reason, took)
