"""`otx agent start`: the agent in the background."""

from dataclasses import replace

import typer

from otx.commands.agent import options as flags
from otx.config import Config
from otx.errors import ExitCode
from otx.output import Remarks


def start(
    ctx: typer.Context,
    command: flags.Command = None,
    server: flags.Server = None,
    config: flags.ConfigFile = None,
    state: flags.State = None,
    header: flags.Header = None,
    header_file: flags.HeaderFile = None,
    allow_remote_config: flags.AllowRemoteConfig = False,
    trust: flags.Trust = None,
    no_connection_settings: flags.NoSettings = False,
    log: flags.Log = None,
) -> int:
    """Start the agent in the background, unless it runs.

    It is ready when the command ends; `otx agent logs` shows what it and its process write.
    Where no server is named, the status is shown instead.
    """
    from otx.services.agent.control import LOG
    from otx.services.agent.control import start as start_agent
    from otx.services.agent.lock import running_pid

    folder = flags.state_folder(ctx.obj, state)
    pid = running_pid(folder)
    if pid is not None:
        Remarks(ctx.obj).note(f"the agent runs already, as process {pid}")
        return ExitCode.DONE
    if not server and not Config(ctx.obj).get("agent.server").text:
        from otx.commands.agent.status import show_status

        show_status(ctx.obj, folder, "text")
        Remarks(ctx.obj).note(
            "no server is configured\n  hint: otx agent start --server URL -- CMD"
        )
        return ExitCode.NO
    options = flags.agent_options(
        ctx.obj,
        server=server,
        config=config,
        state=state,
        header=header,
        header_file=header_file,
        allow_remote_config=allow_remote_config,
        trust=trust,
        no_connection_settings=no_connection_settings,
        log=log,
        command=command,
    )
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    pid = start_agent(replace(options, log=options.log or str(folder / LOG)))
    Remarks(ctx.obj).note(f"the agent runs, as process {pid}")
    return ExitCode.DONE
