"""`otx ottl bench`: what each statement costs."""

from typing import Annotated, Literal

import typer

from otx.commands.ottl.options import (
    ContextOption,
    Gates,
    In,
    Out,
    Pipeline,
    Since,
    StoreOption,
    Strict,
    context_of,
    functions_of,
    read_source_file,
)
from otx.environment import Environment
from otx.errors import UsageError


def bench(
    ctx: typer.Context,
    statement: Annotated[
        list[str] | None, typer.Option("-s", "--statement", help="A statement; may be repeated.")
    ] = None,
    file: Annotated[
        str | None,
        typer.Option("-f", "--file", metavar="FILE", help="Statements, or a configuration."),
    ] = None,
    in_: In = None,
    store: StoreOption = None,
    since: Since = None,
    context: ContextOption = None,
    pipeline: Pipeline = None,
    seconds: Annotated[
        float, typer.Option("--seconds", min=0, max=3600, help="How long to measure.")
    ] = 2.0,
    form: Annotated[
        Literal["table", "json"], typer.Option("--format", help="Form of the figures.")
    ] = "table",
    gates: Gates = None,
    strict: Strict = False,
    out: Out = "-",
) -> None:
    """Measure what each statement costs a record, its condition and its editor apart.

    Figures are microseconds: `us` a record of the input, `condition_us` a record that is asked,
    `editor_us` a record that it runs on. `share` is of what all statements take.
    """
    from otx.ottl.plan_source import plan_of_source
    from otx.ottl.source import source_of_statements
    from otx.services.ottl_bench import run_bench
    from otx.services.ottl_input import open_input

    environment: Environment = ctx.obj
    if bool(statement) == (file is not None):
        raise UsageError("one of -s STATEMENT and -f FILE is wanted")
    source = (
        read_source_file(environment, file) if file else source_of_statements(statement or [], "-s")
    )
    plan = plan_of_source(
        source,
        functions_of(gates, strict),
        context=context_of(context),
        pipelines=pipeline or [],
    )
    requests = open_input(environment, in_, store, since, plan.signals())
    run_bench(environment, plan, requests, seconds, form, out)
