"""`otx ottl check`: every error of a file at once, each with its place."""

from typing import Annotated, Literal

import typer

from otx.commands.ottl.options import (
    ContextOption,
    Gates,
    Out,
    Strict,
    context_of,
    functions_of,
    read_source_file,
)
from otx.environment import Environment
from otx.errors import ExitCode
from otx.output import Output


def check(
    ctx: typer.Context,
    file: Annotated[
        list[str] | None,
        typer.Option("-f", "--file", metavar="FILE", help="What to check; may be repeated."),
    ] = None,
    files: Annotated[
        list[str] | None, typer.Argument(metavar="[FILE]...", help="The same without -f.")
    ] = None,
    form: Annotated[
        Literal["text", "json"], typer.Option("--format", help="Form of the findings.")
    ] = "text",
    context: ContextOption = None,
    gates: Gates = None,
    strict: Strict = False,
    out: Out = "-",
) -> int:
    """Check statement lists, processor configurations and whole Collector configurations.

    Prints `FILE:LINE:COL: error: …` with the text and a caret. The exit code is 1 when there is an
    error, 0 with warnings alone.
    """
    from otx.errors import UsageError
    from otx.ottl.checking import check_source

    environment: Environment = ctx.obj
    names = [*(file or []), *(files or [])]
    if not names:
        raise UsageError("nothing to check", hint="otx ottl check -f FILE")
    functions = functions_of(gates, strict)
    chosen = context_of(context)
    findings = [
        finding
        for name in names
        for finding in check_source(read_source_file(environment, name), functions, chosen)
    ]
    output = Output(environment, out)
    if form == "json":
        output.document([one.document() for one in findings])
    else:
        output.text("\n".join(one.text() for one in findings))
    return ExitCode.NO if any(one.severity == "error" for one in findings) else ExitCode.DONE
