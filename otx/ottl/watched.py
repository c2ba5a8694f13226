"""A plan whose statements and conditions are watched.

The processors stay those that a Collector's configuration makes; only the closures in them are
handed to a watcher, who may wrap them. So what is counted, or told step by step, is what runs.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, TypeAlias

from otx.model.frozen import Frozen
from otx.model.signal import Signal
from otx.ottl.contexts.context import Context
from otx.ottl.contexts.table import CONTEXTS, PROCESSOR_CONTEXTS
from otx.ottl.plan import Pipeline, Plan, Step
from otx.ottl.processors.config import ConfigPath, Group, path_text
from otx.ottl.processors.filter import FilterProcessor, Rule
from otx.ottl.processors.routing import RoutingConnector, Row
from otx.ottl.processors.tail_sampling import Policy, TailSampling
from otx.ottl.processors.transform import TransformProcessor
from otx.ottl.program import CompiledCondition, CompiledStatement, ErrorMode

Kind: TypeAlias = Literal["statement", "condition"]
Purpose: TypeAlias = Literal["change", "admit", "drop", "keep", "route", "route others"]
"""What it is there for: a statement changes a record; a condition that is true admits it to the
statements of its group, drops it, keeps it, or routes it. The default pipelines of a routing table
route the others."""


class Site(Frozen):
    """A statement or condition where it stands.

    Attributes:
        component: The component it belongs to; "" for a list of statements.
        where: Its place in that: `trace_statements[0].statements[2]`.
        has_condition: Whether it asks anything.
        needs_prefix: Whether its paths name their context.
        statements: Of a condition that admits: the statements that then run.
        pipelines: Of a row of a routing table, or of its default: where a record goes.
    """

    kind: Kind
    purpose: Purpose
    text: str
    component: str
    where: str
    context: Context
    error_mode: ErrorMode
    has_condition: bool = True
    needs_prefix: bool = False
    statements: tuple[str, ...] = ()
    pipelines: tuple[str, ...] = ()


class Watcher:
    """Gets every statement and condition of a plan, and gives what runs in its place."""

    def statement(self, site: Site, statement: CompiledStatement) -> CompiledStatement:
        """What runs in place of a statement."""
        return statement

    def condition(self, site: Site, condition: CompiledCondition) -> CompiledCondition:
        """What is asked in place of a condition."""
        return condition

    def routing(self, component: str, connector: RoutingConnector) -> RoutingConnector:
        """What routes in place of a connector whose rows are watched."""
        return connector


def watched(plan: Plan, watcher: Watcher) -> Plan:
    """The same plan, watched; a component that stands in several pipelines is watched once."""
    found = (*(step for steps in plan.steps.values() for step in steps), *plan.idle)
    steps = {id(step.processor): step for step in found}
    made = {
        key: Step(step.name, _Watched(step, watcher).processor()) for key, step in steps.items()
    }

    def of(each: Sequence[Step]) -> list[Step]:
        return [made[id(one.processor)] for one in each]

    def rebuilt(one: Pipeline) -> Pipeline:
        return one.changed(steps=of(one.steps), connectors=of(one.connectors))

    return Plan(
        {signal: rebuilt(one) for signal, one in plan.entries.items()},
        {name: rebuilt(one) for name, one in plan.pipelines.items()},
        of(plan.idle),
    )


class _Watched:
    """One component, watched."""

    def __init__(self, step: Step, watcher: Watcher) -> None:
        self._processor = step.processor
        self._component = "" if isinstance(step.processor, Group) else step.name
        self._watcher = watcher

    def processor(
        self,
    ) -> Group | TransformProcessor | FilterProcessor | TailSampling | RoutingConnector:
        processor = self._processor
        if isinstance(processor, Group):
            return self._group(processor)
        if isinstance(processor, TransformProcessor):
            groups: dict[Signal, Sequence[Group]] = {
                signal: [self._group(one) for one in of_signal]
                for signal, of_signal in processor.groups.items()
            }
            return replace(processor, groups=groups)
        if isinstance(processor, FilterProcessor):
            rules: dict[Signal, Sequence[Rule]] = {
                signal: [self._rule(one) for one in of_signal]
                for signal, of_signal in processor.rules.items()
            }
            return replace(processor, rules=rules)
        if isinstance(processor, TailSampling):
            policies = [self._policy(policy) for policy in processor.policies]
            return TailSampling(policies, processor.others)
        rows = [self._row(row, processor.error_mode) for row in processor.rows]
        return self._watcher.routing(self._component, replace(processor, rows=rows))

    def _group(self, group: Group) -> Group:
        # A flat list of statements stands right under its key.
        above = group.path if len(group.path) < 2 else (*group.path, "statements")
        guarded = tuple(one.text for one in group.statements)
        conditions = tuple(
            self._condition(
                "admit",
                one,
                (*group.path, "conditions", at),
                group.context,
                group.error_mode,
                needs_prefix=group.needs_prefix,
                statements=guarded,
            )
            for at, one in enumerate(group.conditions)
        )
        statements = tuple(
            self._statement(one, path_text((*above, at)), group)
            for at, one in enumerate(group.statements)
        )
        return replace(group, conditions=conditions, statements=statements)

    def _statement(
        self, statement: CompiledStatement, where: str, group: Group
    ) -> CompiledStatement:
        site = Site(
            "statement",
            "change",
            statement.text,
            self._component,
            where,
            group.context,
            group.error_mode,
            has_condition=statement.condition is not None,
            needs_prefix=group.needs_prefix,
        )
        return self._watcher.statement(site, statement)

    def _condition(
        self,
        purpose: Purpose,
        condition: CompiledCondition,
        path: ConfigPath | str,
        context: Context,
        mode: ErrorMode,
        *,
        needs_prefix: bool = False,
        statements: tuple[str, ...] = (),
    ) -> CompiledCondition:
        site = Site(
            "condition",
            purpose,
            condition.text,
            self._component,
            path if isinstance(path, str) else path_text(path),
            context,
            mode,
            needs_prefix=needs_prefix,
            statements=statements,
        )
        return self._watcher.condition(site, condition)

    def _rule(self, rule: Rule) -> Rule:
        context = PROCESSOR_CONTEXTS[rule.context]
        asked = self._condition("drop", rule.condition, rule.name, context, rule.error_mode)
        return replace(rule, condition=asked)

    def _policy(self, policy: Policy) -> Policy:
        def asked(key: str, all_of: Sequence[CompiledCondition]) -> tuple[CompiledCondition, ...]:
            return tuple(
                self._condition(
                    "keep", one, (*policy.path, key, at), CONTEXTS[key], policy.error_mode
                )
                for at, one in enumerate(all_of)
            )

        return replace(
            policy,
            span=asked("span", policy.span),
            spanevent=asked("spanevent", policy.spanevent),
        )

    def _row(self, row: Row, mode: ErrorMode) -> Row:
        if row.request is not None:
            return row
        site = Site(
            "condition" if row.run is None else "statement",
            "route",
            row.text,
            self._component,
            f"{row.name}.{'condition' if row.run is None else 'statement'}",
            CONTEXTS[row.context],
            mode,
            has_condition=row.holds is not None,
            pipelines=row.pipelines,
        )
        if row.run is not None:
            statement = CompiledStatement(row.text, row.run, row.holds)
            made = self._watcher.statement(site, statement)
            return replace(row, holds=made.condition, run=made.run)
        assert row.holds is not None  # noqa: S101 - a row has a condition or a statement
        asked = self._watcher.condition(site, CompiledCondition(row.text, row.holds))
        return replace(row, holds=asked.holds)
