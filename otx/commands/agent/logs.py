"""`otx agent logs`: what the agent and its process have written."""

import contextlib
from typing import Annotated

import typer

from otx.commands.agent import options as flags
from otx.output import Output


def logs(
    ctx: typer.Context,
    state: flags.State = None,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on with what comes.")] = False,
    lines: Annotated[int, typer.Option("-n", "--lines", min=0, help="How many of the last.")] = 100,
) -> None:
    """Show what the agent in the background and its process have written."""
    from otx.services.agent.control import follow_log, log_tail

    folder = flags.state_folder(ctx.obj, state)
    output = Output(ctx.obj)
    for line in log_tail(folder, lines):
        output.text(line)
    with contextlib.suppress(KeyboardInterrupt):
        for text in follow_log(folder) if follow else ():
            output.text(text)
