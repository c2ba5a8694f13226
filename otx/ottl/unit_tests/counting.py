"""A plan that counts: what each statement and condition did to the records that came by.

Failures and routes are logged with their record as they happen.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from otx.ottl.batch import Batch
from otx.ottl.errors import ExecutionError
from otx.ottl.lift import Evaluate
from otx.ottl.plan import Plan
from otx.ottl.processors.routing import Routes, RoutingConnector
from otx.ottl.program import CompiledCondition, CompiledStatement, Condition, Outcome, words
from otx.ottl.watched import Site, Watcher, watched


@dataclass(slots=True)
class Counted:
    """A statement or condition and what it did so far.

    Attributes:
        held: Records for which its condition was true, or that it ran on where it has none.
        refused: Records for which its condition was false.
        failed: Records that it failed on.
    """

    site: Site
    held: int = 0
    refused: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class LoggedFailure:
    """A failure, where it happened, and on which record."""

    site: Site
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
    counter = _Counter()
    return CountingPlan(watched(plan, counter), counter.counted, counter.log)


class _Counter(Watcher):
    def __init__(self) -> None:
        self.counted: list[Counted] = []
        self.log = RunLog()

    def statement(self, site: Site, statement: CompiledStatement) -> CompiledStatement:
        counted = self._count(site)
        condition = statement.condition
        asked = None if condition is None else self._asked(counted, condition)
        return CompiledStatement(statement.text, self._carried_out(counted, statement.run), asked)

    def condition(self, site: Site, condition: CompiledCondition) -> CompiledCondition:
        return CompiledCondition(condition.text, self._asked(self._count(site), condition.holds))

    def request(self, site: Site) -> Callable[[bool, int], None]:
        counted = self._count(site)

        def told(holds: bool, items: int) -> None:
            counted.held += items if holds else 0
            counted.refused += 0 if holds else items

        return told

    def routing(self, _: str, connector: RoutingConnector) -> RoutingConnector:
        return _LoggedRouting(
            connector.default_pipelines, connector.rows, connector.error_mode, self.log
        )

    def _count(self, site: Site) -> Counted:
        counted = Counted(site)
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
            counted.held += not counted.site.has_condition
            return self._watched(counted, run, record)

        return carried_out

    def _watched(self, counted: Counted, call: Callable[[Any], Any], record: Any) -> Any:
        try:
            return call(record)
        except (ExecutionError, RecursionError) as error:
            counted.failed += 1
            self.log.failures.append(LoggedFailure(counted.site, record, words(error)))
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
