"""`otx trace-context encode`: headers made of ids and flags."""

from typing import Annotated

import typer

from otx.commands.trace_context.options import Form, Out, To
from otx.environment import Environment


def encode(
    ctx: typer.Context,
    trace_id: Annotated[
        str | None, typer.Option("--trace-id", metavar="HEX", help="A random one if left out.")
    ] = None,
    parent_id: Annotated[
        str | None, typer.Option("--parent-id", metavar="HEX", help="A random one if left out.")
    ] = None,
    sampled: Annotated[
        bool, typer.Option("--sampled/--not-sampled", help="Set the sampled flag.")
    ] = False,
    random: Annotated[
        bool | None,
        typer.Option("--random/--not-random", help="Set the random flag; set for an id made here."),
    ] = None,
    state: Annotated[
        list[str] | None,
        typer.Option("--state", metavar="K=V", help="A member of tracestate; may be repeated."),
    ] = None,
    baggage: Annotated[
        list[str] | None,
        typer.Option("--baggage", metavar="K=V", help="A member of baggage; may be repeated."),
    ] = None,
    to: To = "w3c",
    form: Form = "text",
    out: Out = "-",
) -> int:
    """Write the headers of a trace context in any format."""
    from otx.services.trace_context_convert import EncodeOptions, Target, run_encode

    environment: Environment = ctx.obj
    options = EncodeOptions(trace_id, parent_id, sampled, random, state or [], baggage or [])
    return run_encode(environment, options, Target(to, form, out))
