"""A plan that counts: what each statement and condition did to the records that came by.

The compiled closures are wrapped, not replaced, so that a test runs what a Collector's
configuration runs. Failures and routes are logged with their record as they happen.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias

from otx.model.signal import Signal
from otx.ottl.errors import ExecutionError
from otx.ottl.lift import Evaluate
from otx.ottl.plan import Plan, Step
from otx.ottl.processors.config import ConfigPath, Group, path_text
from otx.ottl.processors.filter import FilterProcessor, Rule
from otx.ottl.processors.routing import Routes, RoutingConnector, Row
from otx.ottl.processors.tail_sampling import Policy, TailSampling
from otx.ottl.processors.transform import TransformProcessor
from otx.ottl.program import (
    CompiledCondition,
    CompiledStatement,
    Condition,
    ErrorMode,
    Outcome,
    words,
)
from otx.ottl.records import Batch

Kind: TypeAlias = Literal["statement", "condition"]


@dataclass(slots=True)
class Counted:
    """A statement or condition and what it did so far.

    Attributes:
        component: The component it belongs to; "" for a list of statements.
        where: Its place in that: `trace_statements[0].statements[2]`.
        has_condition: Whether it asks anything.
        held: Records for which its condition was true, or that it ran on where it has none.
        refused: Records for which its condition was false.
        failed: Records that it failed on.
    """

    kind: Kind
    text: str
    component: str
    where: str
    error_mode: ErrorMode
    has_condition: bool
    held: int = 0
    refused: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class LoggedFailure:
    """A failure, whose it was, and on which record."""

    counted: Counted
    record: Any
    reason: str


@dataclass(slots=True)
class RunLog:
    """What happened in one run.

    Attributes:
        failures: All, whatever the error mode makes of them.
        routed: The items that went to each pipeline.
        metadata: Of the request, for rows of routing tables that ask for it.
    """

    failures: list[LoggedFailure] = field(default_factory=list)
    routed: dict[str, list[Any]] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)

    def clear(self, metadata: Mapping[str, str]) -> None:
        """Begin another run."""
        self.failures.clear()
        self.routed.clear()
        self.metadata = metadata


@dataclass(frozen=True, slots=True)
class CountingPlan:
    """A plan, what it counts, and the log of its last run."""

    plan: Plan
    counted: Sequence[Counted]
    log: RunLog


def counting(plan: Plan) -> CountingPlan:
    """The same plan, counting."""
    wrapper = _Wrapper()
    # A component stands in the pipelines of several signals and is counted once.
    steps = {id(step.processor): step for steps in plan.steps.values() for step in steps}
    made = {key: Step(step.name, wrapper.processor(step)) for key, step in steps.items()}
    by_signal: dict[Signal, Sequence[Step]] = {
        signal: [made[id(step.processor)] for step in steps] for signal, steps in plan.steps.items()
    }
    return CountingPlan(Plan(by_signal), wrapper.counted, wrapper.log)


class _Wrapper:
    def __init__(self) -> None:
        self.counted: list[Counted] = []
        self.log = RunLog()
        self._component = ""

    def processor(self, step: Step) -> Any:
        """A component's processor, counting."""
        processor = step.processor
        self._component = "" if isinstance(processor, Group) else step.name
        if isinstance(processor, Group):
            return self._group(processor)
        if isinstance(processor, TransformProcessor):
            groups = processor.groups.items()
            return TransformProcessor(
                {signal: [self._group(one) for one in of_signal] for signal, of_signal in groups}
            )
        if isinstance(processor, FilterProcessor):
            rules = processor.rules.items()
            return FilterProcessor(
                {signal: [self._rule(one) for one in of_signal] for signal, of_signal in rules}
            )
        if isinstance(processor, TailSampling):
            policies = [self._policy(policy) for policy in processor.policies]
            return TailSampling(policies, processor.others)
        rows = [self._row(row, processor.error_mode) for row in processor.rows]
        return _LoggedRouting(processor.default_pipelines, rows, processor.error_mode, self.log)

    def _group(self, group: Group) -> Group:
        # A flat list of statements stands right under its key.
        is_flat = len(group.path) < 2
        above = group.path if is_flat else (*group.path, "statements")
        conditions = self._conditions(group.conditions, (*group.path, "conditions"), group)
        statements = tuple(
            self._statement(one, path_text((*above, at)), group.error_mode)
            for at, one in enumerate(group.statements)
        )
        return replace(group, conditions=conditions, statements=statements)

    def _conditions(
        self, conditions: Sequence[CompiledCondition], path: ConfigPath, of: Group | Policy
    ) -> tuple[CompiledCondition, ...]:
        return tuple(
            self._condition(one, path_text((*path, at)), of.error_mode)
            for at, one in enumerate(conditions)
        )

    def _rule(self, rule: Rule) -> Rule:
        return replace(rule, condition=self._condition(rule.condition, rule.name, rule.error_mode))

    def _policy(self, policy: Policy) -> Policy:
        return replace(
            policy,
            span=self._conditions(policy.span, (*policy.path, "span"), policy),
            spanevent=self._conditions(policy.spanevent, (*policy.path, "spanevent"), policy),
        )

    def _row(self, row: Row, mode: ErrorMode) -> Row:
        if row.request is not None:
            return row
        kind: Kind = "condition" if row.run is None else "statement"
        where = f"{row.name}.{kind}"
        counted = self._count(kind, row.text, where, mode, has_condition=row.holds is not None)
        holds = None if row.holds is None else self._asked(counted, row.holds)
        run = None if row.run is None else self._carried_out(counted, row.run)
        return replace(row, holds=holds, run=run)

    def _condition(
        self, condition: CompiledCondition, where: str, mode: ErrorMode
    ) -> CompiledCondition:
        counted = self._count("condition", condition.text, where, mode, has_condition=True)
        return CompiledCondition(condition.text, self._asked(counted, condition.holds))

    def _statement(
        self, statement: CompiledStatement, where: str, mode: ErrorMode
    ) -> CompiledStatement:
        condition = statement.condition
        counted = self._count(
            "statement", statement.text, where, mode, has_condition=condition is not None
        )
        asked = None if condition is None else self._asked(counted, condition)
        return CompiledStatement(statement.text, self._carried_out(counted, statement.run), asked)

    def _count(
        self, kind: Kind, text: str, where: str, mode: ErrorMode, *, has_condition: bool
    ) -> Counted:
        counted = Counted(kind, text, self._component, where, mode, has_condition)
        self.counted.append(counted)
        return counted

    def _asked(self, counted: Counted, holds: Condition) -> Condition:
        def asked(record: Any) -> bool:
            answer: bool = self._watched(counted, holds, record)
            counted.held += answer
            counted.refused += not answer
            return answer

        return asked

    def _carried_out(self, counted: Counted, run: Evaluate) -> Evaluate:
        def carried_out(record: Any) -> Any:
            counted.held += not counted.has_condition
            return self._watched(counted, run, record)

        return carried_out

    def _watched(self, counted: Counted, call: Callable[[Any], Any], record: Any) -> Any:
        try:
            return call(record)
        except (ExecutionError, RecursionError) as error:
            counted.failed += 1
            self.log.failures.append(LoggedFailure(counted, record, words(error)))
            raise


@dataclass(frozen=True, slots=True)
class _LoggedRouting(RoutingConnector):
    log: RunLog

    def route(
        self, batch: Batch, outcome: Outcome, metadata: Mapping[str, str] | None = None
    ) -> Routes:
        items = list(batch.items())
        # A class with slots is made twice, so that the short form of super() finds the first.
        routes = RoutingConnector.route(self, batch, outcome, self.log.metadata)
        for pipeline, numbers in routes.indexes.items():
            went = self.log.routed.setdefault(pipeline, [])
            went += [items[number] for number in numbers]
        return routes
