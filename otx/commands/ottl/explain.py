"""`otx ottl explain`: what a statement is made of and where it runs."""

from typing import Annotated, Literal

import typer

from otx.commands.ottl.options import ContextOption, Gates, Strict, context_of, functions_of
from otx.environment import Environment
from otx.output import Output


def explain(
    ctx: typer.Context,
    statement: Annotated[
        str, typer.Argument(metavar="STATEMENT", help="A statement, condition or value expression.")
    ],
    context: ContextOption = None,
    form: Annotated[
        Literal["text", "json"], typer.Option("--format", help="Form of the explanation.")
    ] = "text",
    gates: Gates = None,
    strict: Strict = False,
) -> None:
    """Show a statement's tree with types, the context it runs in and why, and what can fail."""
    from otx.ottl.explanation import explain_text

    environment: Environment = ctx.obj
    found = explain_text(statement, context_of(context), functions_of(gates, strict))
    output = Output(environment)
    if form == "json":
        output.document(found.document())
    else:
        output.text("\n".join(found.lines()))
