"""`otx agent status`: what the agent does, and why it does not do what you expect."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from otx.commands.agent import options as flags
from otx.environment import Environment
from otx.errors import ExitCode
from otx.output import Output


def status(
    ctx: typer.Context,
    state: flags.State = None,
    form: Annotated[
        Literal["text", "json"], typer.Option("--format", help="How it is written.")
    ] = "text",
) -> int:
    """Show what the agent does: its server, its configuration, its process. 1 if none runs."""
    return show_status(ctx.obj, flags.state_folder(ctx.obj, state), form)


def show_status(environment: Environment, folder: Path, form: Literal["text", "json"]) -> int:
    """Write the status of the agent of a folder; the exit code."""
    from otx.services.agent.control import status as status_of
    from otx.services.agent.status_text import status_lines

    found = status_of(folder)
    output = Output(environment)
    if form == "json":
        output.document(found)
    else:
        output.text("\n".join(status_lines(found, environment.clock())))
    return ExitCode.DONE if found["state"] == "running" else ExitCode.NO
