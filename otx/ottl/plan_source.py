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
        raise placed(source, invalid) from None


def cautions_of(
    source: StatementFile | ConfigFile, plan: Plan, chosen: Sequence[str] = ()
) -> Iterator[str]:
    """What of a file is not run as a Collector would run it, or reads otherwise than it may.

    Args:
        source: The file.
        plan: What is run of it.
        chosen: The pipelines that the user has named for requests to enter.
    """
    if isinstance(source, StatementFile):
        return
    for one in source.document.warnings:
        place = source.document.place_of(one.index)
        yield f"{source.name}:{place.line}:{place.column}: {one.text}"
    yield from _not_run(source, plan, chosen)
    yield from _undecided(plan)


def _not_run(source: ConfigFile, plan: Plan, chosen: Sequence[str]) -> Iterator[str]:
    """The pipelines and components that stand there and are not run."""
    from otx.ottl.plan_config import Wiring

    wiring = Wiring(source.data)
    for problem in wiring.problems():
        place = source.place(problem.path)
        yield f"{source.name}:{place.line}:{place.column}: {problem.message}"
    checked = [one.name for one in find_components(source.data) if one.kind not in RUN_KINDS]
    for signal, entry in plan.entries.items():
        if not entry.name:
            continue
        for name in wiring.choices(signal) if entry.name not in chosen else ():
            if name != entry.name and name not in plan.pipelines:
                yield (
                    f"the pipeline {name} is not run: requests of {signal} enter {entry.name}; "
                    f"--pipeline {name} chooses it"
                )
        for one in wiring.not_followed(entry.name):
            if one.is_exit:
                yield (
                    f"{one.connector} is not run: what it gets leaves {one.pipeline} as if exported"
                )
            elif one.connector not in checked:
                yield (
                    f"{one.connector} is not run: what it would make of {one.pipeline} is not there"
                )
    for name in checked:
        yield f"{name} is checked and not run"
    steps = {id(step): step for of_signal in plan.steps.values() for step in of_signal}
    for step in steps.values():
        for text in getattr(step.processor, "unread", ()):
            yield f"{step.name}: {text}"


def _undecided(plan: Plan) -> Iterator[str]:
    """What the policies of tail sampling that are not OTTL would do."""
    from otx.ottl.processors.tail_sampling import TailSampling

    for step in plan.steps.get(Signal.TRACES, ()):
        sampling = step.processor
        if not isinstance(sampling, TailSampling):
            continue
        if not sampling.policies:
            yield f"{step.name} has no ottl_condition policy: all traces are kept"
            continue
        if sampling.others:
            names = ", ".join(sampling.others)
            yield f"{step.name}: traces that only {names} would keep are dropped"
        if sampling.dropping:
            names = ", ".join(sampling.dropping)
            yield f"{step.name}: what {names} would drop is not dropped by it"


def placed(source: StatementFile | ConfigFile, invalid: ConfigInvalid) -> UsageError:
    """The first problem where it stands in the file, and how many there are behind it."""
    from otx.ottl.checking import finding_of

    found = finding_of(source, invalid.problems[0])
    others = len(invalid.problems) - 1
    more = f" (and {others} more)" if others else ""
    head = f"{found.where()}: {found.message}{more}"
    return UsageError("\n".join((head, *found.caret_lines())), found.hint)
