"""`otx trace-context convert`: the same context in another format."""

import typer

from otx.commands.trace_context.options import Form, Headers, Out, StrictLevel, To, level_of
from otx.environment import Environment


def convert(
    ctx: typer.Context,
    headers: Headers = None,
    to: To = "w3c",
    strict_level: StrictLevel = 2,
    form: Form = "text",
    out: Out = "-",
) -> int:
    """Write the context of headers in another format, and say what is lost on the way.

    The exit code is 1 where the headers are invalid.
    """
    from otx.services.trace_context_convert import Target, run_convert

    environment: Environment = ctx.obj
    return run_convert(environment, headers or [], Target(to, form, out), level_of(strict_level))
