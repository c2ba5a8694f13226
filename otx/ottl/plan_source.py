"""A plan from a file: what `otx ottl run -f` and `otx receive --transform` run."""

from collections.abc import Iterator, Sequence

from otx.errors import UsageError
from otx.model.signal import Signal
from otx.ottl.collector import RUN_KINDS, find_components
from otx.ottl.functions.registry import FunctionSet
from otx.ottl.plan import Plan, plan_of_statements
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
    pipelines: Sequence[str] = (),
) -> Plan:
    """The plan of a file of statements or a configuration.

    Args:
        source: The file.
        functions: What may be called.
        context: Where a file's statements run; "" to infer it. Configurations say it themselves.
        error_mode: Stands in for what the file says.
        statements_mode: The mode of a file of statements, which says nothing of it.
        pipelines: Those of a configuration that requests enter; for each signal that none is named
            of, its first.

    Raises:
        UsageError: It does not parse or check; the first place is named as FILE:LINE:COL. Or it
            holds no statement, is a configuration where a context was given, or has no such
            pipeline.
    """
    if isinstance(source, StatementFile) and not source.statements:
        raise UsageError(f"{source.name} holds no statement")
    if isinstance(source, ConfigFile) and context:
        raise UsageError(
            f"{source.name} is a configuration, which names its contexts itself",
            hint="--context is for statements",
        )
    if pipelines:
        from otx.ottl.plan_config import check_pipelines

        data = source.data if isinstance(source, ConfigFile) else None
        check_pipelines(data, pipelines, source.name)
    try:
        if isinstance(source, StatementFile):
            texts = [one.text for one in source.statements]
            return plan_of_statements(texts, functions, error_mode or statements_mode, context)
        from otx.ottl.plan_config import plan_of_config  # 4 ms, for configurations

        return plan_of_config(
            source.data,
            functions.gates,
            allows_extensions=functions.allows_extensions,
            error_mode=error_mode,
            entered=pipelines,
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
    yield from _not_run(source, plan)
    for name, others in _undecided(plan).items():
        yield f"{name}: traces that only {', '.join(others)} would keep are dropped"


def _not_run(source: ConfigFile, plan: Plan) -> Iterator[str]:
    """The pipelines and components that stand there and are not run."""
    from otx.ottl.plan_config import Wiring

    wiring = Wiring(source.data)
    for problem in wiring.problems():
        place = source.place(problem.path)
        yield f"{source.name}:{place.line}:{place.column}: {problem.message}"
    for signal, entry in plan.entries.items():
        for name in wiring.choices(signal) if entry.name else ():
            if name != entry.name and name not in plan.pipelines:
                yield (
                    f"the pipeline {name} is not run: requests of {signal} enter {entry.name}; "
                    f"--pipeline {name} chooses it"
                )
        for connector in wiring.not_followed(entry.name) if entry.name else ():
            yield f"{connector} is not run: what it would hand on stays in {entry.name}"
    for one in find_components(source.data):
        if one.kind not in RUN_KINDS:
            yield f"{one.name} is checked and not run"
    steps = {id(step): step for of_signal in plan.steps.values() for step in of_signal}
    for step in steps.values():
        for text in getattr(step.processor, "unread", ()):
            yield f"{step.name}: {text}"


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
