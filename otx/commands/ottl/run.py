"""`otx ottl run`: statements or a configuration on OTLP."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

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
from otx.output import Remarks

if TYPE_CHECKING:
    from otx.ottl.functions.registry import FunctionSet
    from otx.ottl.plan import Plan
    from otx.ottl.program import ErrorMode
    from otx.services.ottl_trace import TraceForm

Form = Literal["diff", "otlp-json", "otlp", "jsonl", "table", "json"]


def run(
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
    error_mode: Annotated[
        Literal["propagate", "ignore", "silent"] | None,
        typer.Option(help="What a failure means (propagate with -s, else the file's own)."),
    ] = None,
    pipeline: Pipeline = None,
    trace: Annotated[
        bool, typer.Option("--trace", help="Tell what each statement does to each record.")
    ] = False,
    form: Annotated[
        Form | None,
        typer.Option(
            "--format",
            help="Form of the output (diff on a terminal, else otlp-json; of --trace text).",
        ),
    ] = None,
    gates: Gates = None,
    strict: Strict = False,
    out: Out = "-",
) -> int:
    """Run statements, or the OTTL of a configuration, on OTLP.

    The exit code is 2 when something does not parse or check, 1 when a statement fails under
    `propagate`.
    """
    from otx.services.ottl_input import open_pieces
    from otx.services.ottl_progress import size_of
    from otx.services.ottl_run import run_plan

    environment: Environment = ctx.obj
    functions = functions_of(gates, strict)
    reads_stdin = in_ in (None, "-") and store is None and since is None
    given = (statement, file, pipeline or [])
    plan = _plan(environment, given, reads_stdin, context_of(context), functions, error_mode)
    pieces = open_pieces(environment, in_, store, since, plan.signals())
    read = _file(environment, in_)
    size = size_of(read) if read is not None else None
    if trace:
        from otx.services.ottl_trace import trace_plan  # 12 ms

        told = _trace_form(form)
        return trace_plan(environment, plan, pieces, functions, out, told, size)
    chosen = form or ("diff" if environment.stdout_is_terminal and out == "-" else "otlp-json")
    return run_plan(environment, plan, pieces, chosen, out, is_live=read is None, size=size)


def _file(environment: Environment, path: str | None) -> Path | None:
    """The file that is read; None for what may come slowly."""
    place = None if path is None else environment.cwd / path
    return place if place is not None and place.is_file() else None


def _trace_form(form: Form | None) -> "TraceForm":
    if form is None:
        return "text"
    if form not in ("json", "jsonl"):
        raise UsageError(
            f"--trace tells steps, which have no form {form}",
            hint="--format json or jsonl, or none for text",
        )
    return form


def _plan(
    environment: Environment,
    given: "tuple[list[str] | None, str | None, list[str]]",
    reads_stdin: bool,
    context: str,
    functions: "FunctionSet",
    error_mode: "ErrorMode | None",
) -> "Plan":
    from otx.ottl.plan_source import cautions_of, plan_of_source
    from otx.ottl.source import source_of_statements

    statements, file, pipelines = given
    if bool(statements) == (file is not None):
        raise UsageError("one of -s STATEMENT and -f FILE is wanted")
    if file == "-" and reads_stdin:
        raise UsageError(
            "stdin cannot hold both the statements and the data", hint="--in FILE, or --store DIR"
        )
    source = (
        read_source_file(environment, file)
        if file
        else source_of_statements(statements or [], "-s")
    )
    plan = plan_of_source(
        source, functions, context=context, error_mode=error_mode, pipelines=pipelines
    )
    for text in cautions_of(source, plan, pipelines):
        Remarks(environment).warning(text)
    return plan
