"""`otx agent unit`: the systemd unit of an agent."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from otx.commands.agent import options as flags
from otx.output import Output


def unit(
    ctx: typer.Context,
    command: flags.Command = None,
    server: flags.Server = None,
    config: flags.ConfigFile = None,
    state: flags.State = None,
    header: flags.Header = None,
    allow_remote_config: flags.AllowRemoteConfig = False,
    trust: flags.Trust = None,
    no_connection_settings: flags.NoSettings = False,
    log: flags.Log = None,
    user: Annotated[
        str, typer.Option(metavar="NAME", help="Who runs it (a user of its own).")
    ] = "",
) -> None:
    """Print a systemd unit that runs the agent with these options.

    otx agent unit --server URL -- CMD | sudo tee /etc/systemd/system/otx-agent.service
    """
    from otx.services.agent.unit import unit_text

    options = flags.agent_options(
        ctx.obj,
        server=server,
        config=config,
        state=state or "/var/lib/otx/agent",
        header=header,
        allow_remote_config=allow_remote_config,
        trust=trust,
        no_connection_settings=no_connection_settings,
        log=log,
        command=command,
    )
    words = [sys.executable, "-m", "otx", "agent", "run"]
    for url in options.servers:
        words += ["--server", url]
    words += ["--state", options.state]
    words += ["--config", options.config] if options.config else []
    for name, value in options.headers:
        words += ["--header", f"{name}={value}"]
    words += ["--allow-remote-config"] if options.allows_remote else []
    for key in trust or []:
        words += ["--trust", str(Path(ctx.obj.cwd / key))]
    words += [] if options.allows_settings else ["--no-connection-settings"]
    words += ["--log", options.log] if options.log else []
    words += ["--", *options.command] if options.command else []
    Output(ctx.obj).text(unit_text(words, options.state_folder, user, options.config))
