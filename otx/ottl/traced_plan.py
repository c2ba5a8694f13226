"""A plan's statements and conditions, told step by step on the records of a batch."""

import time
from collections.abc import Iterator, Sequence
from typing import Any

from otx.ottl.functions.registry import FunctionSet
from otx.ottl.plan import Plan
from otx.ottl.processors.config import Group
from otx.ottl.processors.filter import FilterProcessor, Rule
from otx.ottl.processors.transform import TransformProcessor
from otx.ottl.program import Outcome, any_holds
from otx.ottl.records import WALKS, Batch
from otx.ottl.tracing import Step, TracedStatement, Verdict, run_traced


def trace_batch(plan: Plan, batch: Batch, functions: FunctionSet) -> Iterator[tuple[Any, Step]]:
    """Each statement on each record, as the plan runs them; failures do not stop it.

    Routing and sampling decide on whole items and are not told here.
    """
    for step in plan.steps.get(batch.signal, ()):
        processor = step.processor
        if isinstance(processor, Group):
            yield from _group(processor, batch, functions)
        elif isinstance(processor, TransformProcessor):
            for group in processor.groups.get(batch.signal, ()):
                yield from _group(group, batch, functions)
        elif isinstance(processor, FilterProcessor):
            yield from _rules(processor.rules.get(batch.signal, ()), batch)


def _group(group: Group, batch: Batch, functions: FunctionSet) -> Iterator[tuple[Any, Step]]:
    traced = [
        TracedStatement(one.text, group.context, functions, needs_prefix=group.needs_prefix)
        for one in group.statements
    ]
    records = WALKS[group.context.name](batch)
    if group.conditions:
        outcome = Outcome()
        records = (one for one in records if any_holds(group.conditions, one, "silent", outcome))
    yield from run_traced(traced, records)


def _rules(rules: Sequence[Rule], batch: Batch) -> Iterator[tuple[Any, Step]]:
    for rule in rules:
        for record in WALKS[rule.context](batch):
            begun = time.perf_counter_ns()
            outcome = Outcome()
            drops = any_holds([rule.condition], record, "silent", outcome)
            took = time.perf_counter_ns() - begun
            reason = outcome.failures[0].reason if outcome.failures else ""
            verdict: Verdict = "failed" if reason else "ran" if drops else "not matched"
            yield record, Step(rule.condition.text, verdict, (), (), reason, took)
