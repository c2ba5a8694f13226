"""The file of `otx receive --transform`: what of it runs on what arrives, and what is counted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from otx.errors import UsageError
from otx.model.signal import Signal
from otx.ottl.functions.registry import FunctionSet
from otx.ottl.plan import Pipeline, Plan, Step
from otx.ottl.plan_source import cautions_of, plan_of_source
from otx.ottl.processors.filter import FilterProcessor
from otx.ottl.processors.routing import RoutingConnector
from otx.ottl.processors.tail_sampling import TailSampling
from otx.ottl.source import read_source
from otx.services.rule_nouns import NOUNS
from otx.services.transform_report import RuleName

_LEFT_OUT: Mapping[type, str] = {
    TailSampling: "it decides on whole traces, and requests hold parts of them",
    RoutingConnector: "a receiver has no pipelines to route to",
}


@dataclass(frozen=True, slots=True)
class Rules:
    """What is run on each request.

    Attributes:
        file: The file's name.
        plan: Its transform and filter processors, or its statements.
        names: The rules of its filters, by the name that they are counted under.
        warnings: What of the file is not run, or reads otherwise than it may be meant.
    """

    file: str
    plan: Plan
    names: Mapping[str, RuleName]
    warnings: Sequence[str]


def read_rules(
    path: Path,
    name: str,
    variables: Mapping[str, str],
    gates: frozenset[str],
    *,
    allows_extensions: bool = True,
    pipelines: Sequence[str] = (),
) -> Rules:
    """The rules of a file.

    A file of statements has the error mode that the transform processor has by default: `ignore`.

    Args:
        path: Where it is.
        name: What people call it.
        variables: For `${env:NAME}` in configurations.
        gates: Feature gates that are on.
        allows_extensions: Whether otx's own functions may be used.
        pipelines: Those of a configuration that requests enter.

    Raises:
        UsageError: It cannot be read, does not parse or check, or has nothing that runs.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot read {name}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{name} is no UTF-8: byte {error.start}") from None
    source = read_source(text, name, variables)
    functions = FunctionSet("", gates, allows_extensions)
    plan = plan_of_source(source, functions, statements_mode="ignore", pipelines=pipelines)
    live = _live(plan)
    warnings = [*cautions_of(source, live, pipelines), *_left_out(plan, live)]
    if not any(map(live.looks_at, Signal)):
        raise UsageError(
            f"{name} has nothing that runs on what arrives",
            hint="statements, or transform and filter processors that a pipeline uses",
        )
    return Rules(name, live, _names(live), warnings)


def _left_out(plan: Plan, live: Plan) -> list[str]:
    kept = {step.name for steps in live.steps.values() for step in steps}
    found = {
        step.name: _LEFT_OUT[type(step.processor)]
        for steps in plan.steps.values()
        for step in steps
        if step.name not in kept
    }
    return [f"{name} is left out: {reason}" for name, reason in found.items()]


def _live(plan: Plan) -> Plan:
    """What of a plan can run on what arrives.

    A connector can route only where the file has the pipelines that it routes to.
    """

    def of(one: Pipeline) -> Pipeline:
        steps = [step for step in one.steps if type(step.processor) not in _LEFT_OUT]
        if any(_leads_on(step, plan) for step in one.connectors):
            return one.changed(steps=steps)
        return one.changed(steps=steps, connectors=(), is_end=one.is_end or not one.onward)

    return Plan(
        {signal: of(one) for signal, one in plan.entries.items()},
        {name: of(one) for name, one in plan.pipelines.items()},
    )


def _leads_on(step: Step, plan: Plan) -> bool:
    connector = step.processor
    assert isinstance(connector, RoutingConnector)  # noqa: S101 - others are no connectors
    targets = {
        *connector.default_pipelines,
        *(one for row in connector.rows for one in row.pipelines),
    }
    return bool(targets & plan.pipelines.keys())


def _names(plan: Plan) -> dict[str, RuleName]:
    return {
        f"{step.name}.{rule.name}": RuleName(
            f"{step.name}.{rule.name}",
            " ".join(rule.condition.text.split()),
            f"{NOUNS[rule.context]}s",
        )
        for signal, steps in plan.steps.items()
        for step in steps
        if isinstance(step.processor, FilterProcessor)
        for rule in step.processor.rules.get(signal, ())
    }
