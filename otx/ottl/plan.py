"""What is run: statements, or the components of a configuration, in the order of its pipelines."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from otx.model.frozen import Frozen
from otx.model.signal import Signal
from otx.ottl.batch import WALKS, Batch
from otx.ottl.contexts.table import CONTEXTS
from otx.ottl.functions.registry import FunctionSet
from otx.ottl.processors.config import Group, Reader
from otx.ottl.program import ErrorMode, ExecutionStopped, Outcome, run_statements
from otx.ottl.report import Exit, Report, Sent

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


class Step(Frozen):
    """One component of a plan."""

    name: str
    processor: "Processor | Group"


class Pipeline(Frozen):
    """Components one after the other, and where data goes on from there.

    Attributes:
        name: As the configuration calls it; "" where there is none.
        steps: Its processors.
        connectors: The routing connectors that it hands its data to.
        onward: The pipelines that get all of it.
        is_end: Whether data leaves here, for something that is none of these.
        is_table: Whether it stands for routing tables without pipelines, which give those that they
            name what there is.
    """

    name: str
    steps: Sequence[Step]
    connectors: Sequence[Step] = ()
    onward: Sequence[str] = ()
    is_end: bool = True
    is_table: bool = False

    @property
    def components(self) -> tuple[Step, ...]:
        """All that runs in it."""
        return (*self.steps, *self.connectors)


class Plan(Frozen):
    """Pipelines, and those that requests enter.

    Attributes:
        entries: Where requests of each signal begin.
        pipelines: Those that they are sent on to, by name.
        idle: Components that no request can come by.
    """

    entries: Mapping[Signal, Pipeline]
    pipelines: Mapping[str, Pipeline] = {}
    idle: Sequence[Step] = ()

    @property
    def pipeline_names(self) -> frozenset[str]:
        """What the configuration calls the pipelines; nothing where there are none."""
        entries = (one.name for one in self.entries.values())
        return frozenset((*entries, *self.pipelines)) - {""}

    @property
    def steps(self) -> dict[Signal, list[Step]]:
        """The components that requests of each signal can come by, each once."""
        return {signal: self._reached(signal) for signal in self.entries}

    def _reached(self, signal: Signal) -> list[Step]:
        entry = self.entries.get(signal)
        if entry is None:
            return []
        onward = [
            one for one in self.pipelines.values() if one.name.partition("/")[0] == str(signal)
        ]
        found = {id(one): one for each in (entry, *onward) for one in each.components}
        return list(found.values())

    @property
    def needs_whole_requests(self) -> bool:
        """Whether a step looks at several resources of a request together."""
        configured = [one for signal in self.entries for one in self._configured(signal)]
        if not configured:
            return False
        from otx.ottl.processors.steps import needs_whole_requests  # 8 ms, for configurations

        return any(map(needs_whole_requests, configured))

    def looks_at(self, signal: Signal) -> bool:
        """Whether anything of it runs on a signal."""
        configured = self._configured(signal)
        if len(configured) < len(self._reached(signal)):
            return True  # a group is there because it runs
        if not configured:
            return False
        from otx.ottl.processors.steps import looks_at

        return any(looks_at(one, signal) for one in configured)

    def sends_on(self, signal: Signal) -> bool:
        """Whether requests of a signal go on from where they enter, whole or in part."""
        entry = self.entries.get(signal)
        return entry is not None and bool(entry.is_table or entry.connectors or entry.onward)

    def signals(self) -> tuple[Signal, ...]:
        """The signals that anything of it runs on."""
        return tuple(filter(self.looks_at, Signal))

    def _configured(self, signal: Signal) -> "list[Processor]":
        """The steps of a signal that are components of a configuration."""
        found = [step.processor for step in self._reached(signal)]
        return [one for one in found if not isinstance(one, Group)]

    def run(self, batch: Batch, report: Report) -> None:
        """Run over one request.

        What changed is in the batch, and in the batches that leave it for good, which are in the
        report; so is what was routed.

        Raises:
            ExecutionStopped: A failure under `propagate`.
        """
        try:
            for step, at in self.walk(batch, report):
                run_step(step, at, report)
        except ExecutionStopped:
            report.hold_begun()
            raise

    def walk(self, batch: Batch, report: Report) -> Iterator[tuple[Step, Batch]]:
        """Each component with what it is to run on, pipeline by pipeline.

        Whoever goes through them runs each before the next: what a connector sends on decides
        which follow.
        """
        report.begin(batch)
        entry = self.entries.get(batch.signal)
        if entry is None:
            report.exits.append(Exit("", 0, batch))
            report.begun = ("", batch)
            report.hold_begun()
        else:
            yield from self._through(entry, batch, report, 0)

    def _through(
        self, pipeline: Pipeline, batch: Batch, report: Report, depth: int
    ) -> Iterator[tuple[Step, Batch]]:
        if pipeline.is_end:
            report.exits.append(Exit(pipeline.name, depth, batch))
        report.begun = None if pipeline.is_table else (pipeline.name, batch)
        for step in pipeline.steps:
            yield from self._one(step, pipeline, batch, report, depth)
        report.hold_begun()
        is_alone = len(pipeline.onward) + len(pipeline.connectors) + pipeline.is_end == 1
        for name in pipeline.onward:
            following = batch if is_alone else _copied(batch, report)
            yield from self._through(self.pipelines[name], following, report, depth + 1)
        for connector in pipeline.connectors:
            yield from self._one(connector, pipeline, batch, report, depth)

    def _one(
        self, step: Step, pipeline: Pipeline, batch: Batch, report: Report, depth: int
    ) -> Iterator[tuple[Step, Batch]]:
        """A component, and then the pipelines that it sends something to."""
        report.pipeline = pipeline.name
        yield step, batch
        sent, report.sent = report.sent, []
        for one in sent:
            yield from self._arrive(one, batch.signal, report, depth + 1)

    def _arrive(
        self, sent: Sent, signal: Signal, report: Report, depth: int
    ) -> Iterator[tuple[Step, Batch]]:
        following = self.pipelines.get(sent.pipeline)
        if following is None:
            if report.keeps_contents:
                report.hold(sent.pipeline, sent.body)
            return
        batch = Batch(signal, sent.body)
        for copy, item, part in zip(batch.items(), sent.items, sent.parts, strict=True):
            report.copies.append((copy, item))
            if part is not None:
                # Indexes are those of the metric as it came, also where it is parted once more.
                above = report.parts.get(id(item), range(len(item.points)))
                report.parts[id(copy)] = [above[at] for at in part if at < len(above)]
        yield from self._through(following, batch, report, depth)


def run_step(step: Step, batch: Batch, report: Report) -> None:
    """Run one component over a request.

    Raises:
        ExecutionStopped: A failure under `propagate`.
    """
    if isinstance(step.processor, Group):
        _run_group(step.processor, batch, report.outcome)
    else:
        from otx.ottl.processors.steps import run_processor  # 8 ms, for configurations

        run_processor(step.name, step.processor, batch, report)


def _copied(batch: Batch, report: Report) -> Batch:
    """The same request once more, for a pipeline that may change it."""
    copied = Batch(batch.signal, batch.close())
    for copy, item in zip(copied.items(), batch.items(), strict=True):
        report.copies.append((copy, item))
        if id(item) in report.parts:
            report.parts[id(copy)] = report.parts[id(item)]
    return copied


def _run_group(group: Group, batch: Batch, outcome: Outcome) -> None:
    records = WALKS[group.context.name](batch)
    run_statements(group.statements, records, group.error_mode, outcome, group.conditions)


def plan_of_steps(steps: Mapping[Signal, Sequence[Step]], *, is_table: bool = False) -> Plan:
    """The plan of components that stand in no pipeline.

    Args:
        steps: They.
        is_table: Whether routing tables are among them.
    """
    return Plan({signal: Pipeline("", one, is_table=is_table) for signal, one in steps.items()})


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
    return plan_of_steps(dict.fromkeys(signals_of_context(group.context.name), steps))
