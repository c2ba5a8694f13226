"""A plan's statements and conditions, told step by step on the records of a batch."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from otx.ottl.batch import WALKS, Batch
from otx.ottl.contexts.table import CONTEXTS
from otx.ottl.functions.registry import FunctionSet
from otx.ottl.plan import Plan, run_step
from otx.ottl.processors.config import Group
from otx.ottl.processors.properties import PropertyCondition
from otx.ottl.processors.routing import Routes, RoutingConnector
from otx.ottl.processors.transform import TransformProcessor
from otx.ottl.program import CompiledCondition, CompiledStatement, Outcome
from otx.ottl.record_state import WORDS
from otx.ottl.report import Report
from otx.ottl.traced_properties import ask_properties
from otx.ottl.tracing import Step, TracedCondition, TracedStatement
from otx.ottl.watched import Purpose, Site, Watcher, watched


class Told(NamedTuple):
    """One statement or condition on one record.

    Attributes:
        pipeline: The one that the record was in; "" where the configuration has none.
    """

    site: Site
    record: Any
    step: Step
    pipeline: str = ""

    @property
    def effect(self) -> str:
        """What a condition that is true does to the record; "" for one that is not."""
        if self.step.verdict != "ran":
            return ""
        pipelines = ", ".join(self.site.pipelines)
        if self.site.purpose == "route others":
            return f"goes to {pipelines} (default)" if pipelines else DROPPED_BY_TABLE
        return _EFFECTS[self.site.purpose] + pipelines


_EFFECTS: dict[Purpose, str] = {
    "change": "",
    "admit": "admitted",
    "drop": "dropped",
    "keep": "kept",
    "route": "goes to ",
    "route others": "",
}
DROPPED_BY_TABLE = "dropped: no row takes it, and there are no default pipelines"


def trace_batch(
    plan: Plan, batch: Batch, functions: FunctionSet, report: Report | None = None
) -> Iterator[Told]:
    """Each statement and condition on each record, as the plan runs them.

    Failures do not stop it, whatever the error mode: one sees what else would go wrong. What a
    filter or sampling drops is not told of further on. What connectors copy is in the report.
    """
    teller = _Teller(functions)
    report = Report() if report is None else report
    for step, at in watched(plan, teller).walk(batch, report):
        processor = step.processor
        teller.pipeline = report.pipeline
        if isinstance(processor, Group):
            yield from _group(processor, at, teller)
        elif isinstance(processor, TransformProcessor):
            with processor.laid_out(at):
                for group in processor.groups.get(at.signal, ()):
                    yield from _group(group, at, teller)
        else:
            run_step(step, at, report)
            yield from teller.take()


def _group(group: Group, batch: Batch, teller: "_Teller") -> Iterator[Told]:
    """A group record by record, so that little of it waits to be told."""
    for record in WALKS[group.context.name](batch):
        record.cache = None
        if not group.conditions or any(one.holds(record) for one in group.conditions):
            for statement in group.statements:
                statement.run(record)
        yield from teller.take()


@dataclass(frozen=True, slots=True)
class _ToldRouting(RoutingConnector):
    """A connector that also tells of the items which its rows leave to the default pipelines."""

    component: str
    teller: "_Teller"

    def route(
        self, batch: Batch, outcome: Outcome, metadata: Mapping[str, str] | None = None
    ) -> Routes:
        items = list(batch.items())
        # A class with slots is made twice, so that the short form of super() finds the first.
        routes = RoutingConnector.route(self, batch, outcome, metadata)
        site = Site(
            "condition",
            "route others",
            "default_pipelines",
            self.component,
            "default_pipelines",
            CONTEXTS[WORDS[batch.signal]],
            self.error_mode,
            has_condition=False,
            pipelines=self.default_pipelines,
        )
        step = Step(site.text, "ran", (), (), "", 0)
        for number in routes.by_default:
            self.teller.tell(site, items[number], step)
        return routes


class _Teller(Watcher):
    """Takes down each step. What failed counts as false, as where errors are ignored.

    Attributes:
        pipeline: Whose component runs.
    """

    def __init__(self, functions: FunctionSet) -> None:
        self.pipeline = ""
        self._functions = functions
        self._told: list[Told] = []

    def tell(self, site: Site, record: Any, step: Step) -> bool:
        """Take down a step; whether it ran."""
        self._told.append(Told(site, record, step, self.pipeline))
        return step.verdict == "ran"

    def take(self) -> list[Told]:
        """What was told since."""
        told = list(self._told)
        self._told.clear()
        return told

    def routing(self, component: str, connector: RoutingConnector) -> RoutingConnector:
        return _ToldRouting(
            connector.default_pipelines,
            connector.rows,
            connector.error_mode,
            component,
            self,
        )

    def statement(self, site: Site, statement: CompiledStatement) -> CompiledStatement:
        traced = TracedStatement(
            statement.text, site.context, self._functions, needs_prefix=site.needs_prefix
        )

        def tell(record: Any) -> bool:
            return self.tell(site, record, traced.run(record))

        if site.purpose == "route":  # its condition decides, its editor does nothing
            return CompiledStatement(statement.text, lambda _: None, tell)
        return CompiledStatement(statement.text, tell)

    def condition(self, site: Site, condition: CompiledCondition) -> CompiledCondition:
        if isinstance(condition, PropertyCondition):
            ask: Callable[[Any], Step] = partial(ask_properties, condition)
        else:
            ask = TracedCondition(
                condition.text, site.context, self._functions, needs_prefix=site.needs_prefix
            ).ask

        def tell(record: Any) -> bool:
            return self.tell(site, record, ask(record))

        return CompiledCondition(condition.text, tell)
