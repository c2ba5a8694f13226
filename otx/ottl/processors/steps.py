"""Configured components as steps of a plan: what each of them does to a batch and to the report."""

from otx.model.signal import Signal
from otx.ottl.batch import Batch
from otx.ottl.collector import Processor
from otx.ottl.processors.drops import Drops
from otx.ottl.processors.filter import FilterProcessor
from otx.ottl.processors.routing import Routes
from otx.ottl.processors.tail_sampling import TailSampling
from otx.ottl.processors.transform import TransformProcessor
from otx.ottl.report import Report, Sent


def looks_at(processor: Processor, signal: Signal) -> bool:
    """Whether anything of a component runs on a signal."""
    if isinstance(processor, TransformProcessor):
        return bool(processor.groups.get(signal))
    if isinstance(processor, FilterProcessor):
        return bool(processor.rules.get(signal))
    if isinstance(processor, TailSampling):
        return signal is Signal.TRACES and bool(processor.policies)
    return True


def needs_whole_requests(processor: Processor) -> bool:
    """Whether a component looks at several resources of a request together."""
    if isinstance(processor, TransformProcessor):
        return processor.flattens  # equal ones are joined
    return isinstance(processor, TailSampling)


def run_processor(name: str, processor: Processor, batch: Batch, report: Report) -> None:
    """Run a component over a batch.

    Raises:
        ExecutionStopped: A failure under `propagate`.
    """
    if isinstance(processor, TransformProcessor):
        processor.run(batch, report.outcome)
    elif isinstance(processor, (FilterProcessor, TailSampling)):
        drops = Drops()
        try:
            processor.run(batch, report.outcome, drops)
        finally:
            report.drops.add(drops, name)
    else:
        _gather(name, processor.route(batch, report.outcome), batch, report)


def _gather(connector: str, routes: Routes, batch: Batch, report: Report) -> None:
    items = list(batch.items())
    for pipeline, body in routes.requests.items():
        made_of = [items[number] for number in routes.sent[pipeline]]
        report.sent.append(Sent(pipeline, body, made_of, routes.parts[pipeline]))
    for row, count in routes.by_row.items():
        report.by_row[f"{connector}.{row}"] += count
