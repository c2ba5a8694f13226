"""`otx agent stop`: end the agent and what it supervises."""

from typing import Annotated

import typer

from otx.commands.agent import options as flags
from otx.model.units import parse_duration_ns
from otx.output import Remarks


def stop(
    ctx: typer.Context,
    state: flags.State = None,
    timeout: Annotated[
        str, typer.Option(metavar="TIME", help="How long to wait for its end.")
    ] = "30s",
) -> None:
    """End the agent and what it supervises, and wait for it. The server is told."""
    from otx.services.agent.control import stop as stop_agent

    folder = flags.state_folder(ctx.obj, state)
    remarks = Remarks(ctx.obj)
    was_running = stop_agent(folder, parse_duration_ns(timeout) / 1e9, remarks.note)
    remarks.note("the agent has ended" if was_running else f"no agent runs in {folder}")
