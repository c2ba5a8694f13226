"""`otx ottl eval`: one expression on every record."""

from functools import partial
from typing import Annotated, Literal

import typer

from otx.commands.ottl.options import (
    ContextOption,
    Gates,
    In,
    Out,
    Since,
    StoreOption,
    Strict,
    context_of,
    functions_of,
)
from otx.environment import Environment


def evaluate(
    ctx: typer.Context,
    expression: Annotated[str, typer.Argument(metavar="EXPRESSION", help="What to evaluate.")],
    condition: Annotated[
        bool, typer.Option("--condition", help="It is a condition: print true or false.")
    ] = False,
    exit_status: Annotated[
        bool, typer.Option("--exit-status", help="Exit 1 where no record gives true.")
    ] = False,
    in_: In = None,
    store: StoreOption = None,
    since: Since = None,
    context: ContextOption = None,
    form: Annotated[
        Literal["jsonl", "json", "otlp"],
        typer.Option("--format", help="Form of the values; otlp: an AnyValue of OTLP/JSON each."),
    ] = "jsonl",
    gates: Gates = None,
    strict: Strict = False,
    out: Out = "-",
) -> int:
    """Evaluate an expression on every record and print its value, one a line.

    The exit code is 2 when it does not parse or check, 1 when it fails on a record.
    """
    from otx.services.ottl_eval import EvalOptions, run_eval
    from otx.services.ottl_input import open_pieces

    environment: Environment = ctx.obj
    options = EvalOptions(
        expression, condition, exit_status, context_of(context), form, functions_of(gates, strict)
    )
    return run_eval(environment, options, partial(open_pieces, environment, in_, store, since), out)
