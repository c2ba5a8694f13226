"""`otx agent run`: the agent in the foreground."""

import typer

from otx.commands.agent import options as flags


def run(
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
) -> None:
    """Run the agent in the foreground, until Ctrl-C or TERM.

    CMD is supervised: a Collector, or any process. It gets the local file with what the server
    sends laid over it, in place of `{config}`; a Collector gets it with `--config`. A new
    configuration counts as applied when its process was well for a second; one that crashes is
    taken back. HUP reads the local file again.
    """
    from otx.services.agent.control import become

    become(
        flags.agent_options(
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
    )
