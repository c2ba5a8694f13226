"""A plan from a file: what `otx ottl run -f` and `otx receive --transform` run."""

from collections.abc import Iterator, Sequence

from otx.errors import UsageError
from otx.model.signal import Signal
from otx.ottl.collector import find_components, other_pipelines
from otx.ottl.functions.registry import FunctionSet
from otx.ottl.plan import Plan, plan_of_config, plan_of_statements
from otx.ottl.processors.config import ConfigInvalid
from otx.ottl.program import ErrorMode
from otx.ottl.source import ConfigFile, StatementFile


def plan_of_source(
    source: StatementFile | ConfigFile,
    functions: FunctionSet,
    *,
    context: str = "",
    error_mode: ErrorMode | None = None,
    statements_mode: ErrorMode = "propagate",
) -> Plan:
    """The plan of a file of statements or a configuration.

    Args:
        source: The file.
        functions: What may be called.
        context: Where a file's statements run; "" to infer it. Configurations say it themselves.
        error_mode: Stands in for what the file says.
        statements_mode: The mode of a file of statements, which says nothing of it.

    Raises:
        UsageError: It does not parse or check; the first place is named as FILE:LINE:COL. Or it
            holds no statement, or is a configuration where a context was given.
    """
    if isinstance(source, StatementFile) and not source.statements:
        raise UsageError(f"{source.name} holds no statement")
    if isinstance(source, ConfigFile) and context:
        raise UsageError(
            f"{source.name} is a configuration, which names its contexts itself",
            hint="--context is for statements",
        )
    try:
        if isinstance(source, StatementFile):
            texts = [one.text for one in source.statements]
            return plan_of_statements(texts, functions, error_mode or statements_mode, context)
        return plan_of_config(
            source.data,
            functions.gates,
            allows_extensions=functions.allows_extensions,
            error_mode=error_mode,
        )
    except ConfigInvalid as invalid:
        raise _placed(source, invalid) from None


def cautions_of(source: StatementFile | ConfigFile, plan: Plan) -> Iterator[str]:
    """What of a file is not run as a Collector would run it, or reads otherwise than it may."""
    if isinstance(source, StatementFile):
        return
    for path, text in source.document.warnings:
        place = source.place(path)
        yield f"{source.name}:{place.line}:{place.column}: {text}"
    components = find_components(source.data)
    for signal in Signal:
        for name in other_pipelines(source.data, signal, components):
            yield f"the pipeline {name} is not run: an earlier one of {signal} is"
    for name, others in _undecided(plan).items():
        yield f"{name}: traces that only {', '.join(others)} would keep are dropped"


def _undecided(plan: Plan) -> dict[str, Sequence[str]]:
    """The policies of tail sampling that are not OTTL, by processor."""
    from otx.ottl.processors.tail_sampling import TailSampling

    return {
        step.name: step.processor.others
        for step in plan.steps.get(Signal.TRACES, ())
        if isinstance(step.processor, TailSampling)
        and step.processor.others
        and step.processor.policies
    }


def _placed(source: StatementFile | ConfigFile, invalid: ConfigInvalid) -> UsageError:
    """The first problem where it stands in the file, and how many there are behind it."""
    from otx.ottl.checking import finding_of

    found = finding_of(source, invalid.problems[0])
    others = len(invalid.problems) - 1
    more = f" (and {others} more)" if others else ""
    head = f"{found.where()}: {found.message}{more}"
    return UsageError("\n".join((head, *found.caret_lines())), found.hint)
