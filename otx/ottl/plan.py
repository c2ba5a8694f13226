"""What is run: statements, or the components of a configuration, in their order."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from otx.model.frozen import Frozen
from otx.model.signal import Signal
from otx.ottl.collector import READERS, Component, find_components, order_of
from otx.ottl.contexts.table import CONTEXTS
from otx.ottl.functions.registry import FunctionSet
from otx.ottl.processors.config import ConfigInvalid, Group, Reader
from otx.ottl.processors.drops import Drops
from otx.ottl.program import ErrorMode, Outcome, run_statements
from otx.ottl.records import WALKS, Batch

if TYPE_CHECKING:
    from otx.ottl.collector import Processor

SIGNAL_OF_CONTEXT = {
    "span": Signal.TRACES,
    "spanevent": Signal.TRACES,
    "spanlink": Signal.TRACES,
    "metric": Signal.METRICS,
    "datapoint": Signal.METRICS,
    "exemplar": Signal.METRICS,
    "log": Signal.LOGS,
    "profile": Signal.PROFILES,
    "profilesample": Signal.PROFILES,
}
"""The signal of each context but resource and scope, which all have."""


def signals_of_context(name: str) -> tuple[Signal, ...]:
    """The signals whose records a context has; all for "", where none is known yet."""
    only = SIGNAL_OF_CONTEXT.get(name)
    return tuple(Signal) if only is None else (only,)


@dataclass(slots=True)
class Report:
    """What a run did.

    Attributes:
        outcome: Failures.
        drops: Records that each rule of each filter dropped.
        routes: What a routing connector sent to each pipeline, one request a batch.
        by_row: Items that each row of its table took.
        batches: Requests that were run.
        items: Spans, metrics, log records or profiles in them.
    """

    outcome: Outcome = field(default_factory=Outcome)
    drops: Drops = field(default_factory=Drops)
    routes: dict[str, list[bytes]] = field(default_factory=dict)
    by_row: Counter[str] = field(default_factory=Counter)
    batches: int = 0
    items: int = 0


class Step(Frozen):
    """One component of a plan."""

    name: str
    processor: "Processor | Group"


class Plan(Frozen):
    """Components in their order, for each signal.

    Attributes:
        steps: By signal.
    """

    steps: dict[Signal, Sequence[Step]]

    @property
    def needs_whole_requests(self) -> bool:
        """Whether a step looks at several resources of a request together."""
        configured = [one for signal in self.steps for one in self._configured(signal)]
        if not configured:
            return False
        from otx.ottl.processors.steps import needs_whole_requests  # 8 ms, for configurations

        return any(map(needs_whole_requests, configured))

    def looks_at(self, signal: Signal) -> bool:
        """Whether anything of it runs on a signal."""
        configured = self._configured(signal)
        if len(configured) < len(self.steps.get(signal, ())):
            return True  # a group is there because it runs
        if not configured:
            return False
        from otx.ottl.processors.steps import looks_at

        return any(looks_at(one, signal) for one in configured)

    def signals(self) -> tuple[Signal, ...]:
        """The signals that anything of it runs on."""
        return tuple(filter(self.looks_at, Signal))

    def _configured(self, signal: Signal) -> "list[Processor]":
        """The steps of a signal that are components of a configuration."""
        found = [step.processor for step in self.steps.get(signal, ())]
        return [one for one in found if not isinstance(one, Group)]

    def run(self, batch: Batch, report: Report) -> None:
        """Run over one batch; what changed is in the batch, what was routed in the report.

        Raises:
            ExecutionStopped: A failure under `propagate`.
        """
        report.batches += 1
        report.items += sum(len(scope.items) for scope in batch.scopes())
        for step in self.steps.get(batch.signal, ()):
            if isinstance(step.processor, Group):
                _run_group(step.processor, batch, report.outcome)
            else:
                from otx.ottl.processors.steps import run_processor  # 8 ms, for configurations

                run_processor(step.name, step.processor, batch, report)


def _run_group(group: Group, batch: Batch, outcome: Outcome) -> None:
    records = WALKS[group.context.name](batch)
    run_statements(group.statements, records, group.error_mode, outcome, group.conditions)


def plan_of_statements(
    statements: Sequence[str],
    functions: FunctionSet,
    error_mode: ErrorMode = "propagate",
    context: str = "",
) -> Plan:
    """A list of statements as one group.

    Raises:
        ConfigInvalid: A statement does not parse or check; all that do not are named.
    """
    reader = Reader(functions)
    named = CONTEXTS[context] if context else None
    texts = [((at,), text) for at, text in enumerate(statements)]
    group = reader.group((), texts, (), error_mode, tuple(CONTEXTS), named)
    reader.finish()
    assert group is not None  # noqa: S101 - without a problem there is one
    steps = (Step("statements", group),)
    return Plan(dict.fromkeys(signals_of_context(group.context.name), steps))


def plan_of_config(
    data: object,
    gates: frozenset[str] = frozenset(),
    *,
    allows_extensions: bool = True,
    error_mode: ErrorMode | None = None,
) -> Plan:
    """The components of a configuration, in the order of its pipelines.

    Args:
        data: The configuration.
        gates: Feature gates that are on.
        allows_extensions: Whether otx's own functions may be used.
        error_mode: Stands in for the modes that the configuration gives at its top.

    Raises:
        ConfigInvalid: One of them cannot be used; all problems are named.
    """
    components = find_components(data)
    made: dict[str, Processor] = {}
    problems = []
    for one in components:
        config = one.config
        if error_mode is not None and isinstance(config, Mapping):
            config = {**config, "error_mode": error_mode}
        try:
            made[one.name] = READERS[one.kind](config, gates, allows_extensions=allows_extensions)
        except ConfigInvalid as invalid:
            problems += [problem.within(one.path) for problem in invalid.problems]
    if problems:
        raise ConfigInvalid(problems)
    return Plan({signal: _steps(data, signal, components, made) for signal in Signal})


def _steps(
    data: object, signal: Signal, components: Sequence[Component], made: "dict[str, Processor]"
) -> list[Step]:
    return [Step(one.name, made[one.name]) for one in order_of(data, signal, components)]
