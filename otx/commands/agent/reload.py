"""`otx agent reload`: read the local file again."""

import typer

from otx.commands.agent import options as flags
from otx.output import Remarks


def reload(ctx: typer.Context, state: flags.State = None) -> None:
    """Have the running agent read its local file again, and open its log anew.

    A local file that cannot be used is told in the log, and what runs goes on.
    """
    from otx.services.agent.control import reload as reload_agent

    pid = reload_agent(flags.state_folder(ctx.obj, state))
    Remarks(ctx.obj).note(f"process {pid} was told to read its configuration again")
