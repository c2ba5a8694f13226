"""`otx ottl repl`: a prompt that runs OTTL on one record after the other."""

import typer

from otx.commands.ottl.options import (
    ContextOption,
    Gates,
    In,
    Since,
    StoreOption,
    Strict,
    context_of,
    functions_of,
)
from otx.environment import Environment


def repl(
    ctx: typer.Context,
    in_: In = None,
    store: StoreOption = None,
    since: Since = None,
    context: ContextOption = None,
    gates: Gates = None,
    strict: Strict = False,
) -> int:
    """Try statements, conditions and values on records, one at a time.

    Each answer is what changed, or why nothing did. Without data it begins with a built-in sample.
    Where stdin is no terminal its lines are carried out; the exit code is then 1 when one failed.
    """
    from otx.services.ottl_repl import run_repl

    environment: Environment = ctx.obj
    functions = functions_of(gates, strict)
    return run_repl(environment, in_, store, since, context_of(context), functions)
