"""`otx ottl explain`: what a statement is made of and where it runs."""

from typing import Annotated, Literal

import typer

from otx.commands.ottl.options import (
    ContextOption,
    Gates,
    Strict,
    context_of,
    functions_of,
    read_source_files,
)
from otx.environment import Environment
from otx.errors import UsageError
from otx.output import Output


def explain(
    ctx: typer.Context,
    statement: Annotated[
        str | None,
        typer.Argument(metavar="STATEMENT", help="A statement, condition or value expression."),
    ] = None,
    file: Annotated[
        str | None,
        typer.Option(
            "-f",
            "--file",
            metavar="FILE",
            help="Say in OTTL what a filter's include and exclude drop.",
        ),
    ] = None,
    context: ContextOption = None,
    form: Annotated[
        Literal["text", "json"], typer.Option("--format", help="Form of the explanation.")
    ] = "text",
    gates: Gates = None,
    strict: Strict = False,
) -> None:
    """Show a statement's tree with types, the context it runs in and why, and what can fail.

    With -f, what to write in place of the include and exclude of a configuration's filters.
    """
    environment: Environment = ctx.obj
    if (statement is None) == (file is None):
        raise UsageError("explain takes a statement or a file", hint="otx ottl explain 'set(…)'")
    output = Output(environment)
    if statement is None:
        from otx.ottl.replacement import replacements

        if context is not None:
            raise UsageError(
                "a configuration names its contexts itself", hint="leave --context out"
            )
        offered = functions_of(gates, strict)
        sources = read_source_files(environment, str(file))
        made = [one for source in sources for one in replacements(source, offered)]
        if form == "json":
            output.document([one.document() for one in made])
        else:
            output.text("\n".join(line for one in made for line in one.lines()))
        return
    from otx.ottl.explanation import explain_text

    found = explain_text(statement, context_of(context), functions_of(gates, strict))
    if form == "json":
        output.document(found.document())
    else:
        output.text("\n".join(found.lines()))
