"""`otx trace-context decode`: what headers say, and why one is broken."""

from typing import Annotated, Literal

import typer

from otx.commands.trace_context.options import Headers, Out, StrictLevel, level_of
from otx.environment import Environment


def decode(
    ctx: typer.Context,
    headers: Headers = None,
    each: Annotated[
        bool,
        typer.Option(
            "--each", help="Every line, or block between empty lines, by itself; JSON lines out."
        ),
    ] = False,
    strict_level: StrictLevel = 2,
    form: Annotated[
        Literal["text", "json"] | None,
        typer.Option("--format", help="The form of the output; text, or JSON lines with --each."),
    ] = None,
    out: Out = "-",
) -> int:
    """Say what headers of trace context mean, or where one is broken and by which rule.

    Stdin may be a block of headers, what `curl -v` or `env` print, a HAR file, a curl command,
    or a JSON object.
    The exit code is 1 where a header is invalid.
    """
    from otx.services.trace_context import DecodeOptions, run_decode

    environment: Environment = ctx.obj
    options = DecodeOptions(headers or [], each, level_of(strict_level), form, out)
    return run_decode(environment, options)
