"""`otx agent unit`: the systemd unit of an agent."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from otx.commands.agent import options as flags
from otx.errors import UsageError
from otx.output import Output, Remarks

if TYPE_CHECKING:
    from otx.services.agent.options import AgentOptions


def unit(
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
    user: Annotated[
        str, typer.Option(metavar="NAME", help="Who runs it (a user of its own).")
    ] = "",
) -> None:
    """Print a systemd unit that runs the agent with these options; nothing is written.

    Headers are no part of it, for everybody may read a unit: systemd hands the file of
    --header-file to the agent (LoadCredential=). With --header it is one beside the state, and
    stderr says how to make it.

    otx agent unit --server URL -- CMD | sudo tee /etc/systemd/system/otx-agent.service
    """
    from otx.services.agent.unit import CREDENTIAL, headers_file, how_to_keep, unit_text

    options = flags.agent_options(
        ctx.obj,
        server=server,
        config=config,
        state=state or "/var/lib/otx/agent",
        header=header,
        header_file=None,
        allow_remote_config=allow_remote_config,
        trust=trust,
        no_connection_settings=no_connection_settings,
        log=log,
        command=command,
    )
    secrets = ctx.obj.cwd / header_file if header_file else None
    if options.headers and secrets is not None:
        raise UsageError("--header and --header-file", hint="put all headers into the file")
    if options.headers:
        secrets = headers_file(options.state_folder)
        for line in how_to_keep(secrets, (name for name, _ in options.headers)):
            Remarks(ctx.obj).note(line)
    keys = [str(ctx.obj.cwd / key) for key in trust or []]
    words = _run_words(options, keys, CREDENTIAL if secrets else "")
    otx = (sys.executable, "-m", "otx")
    text = unit_text(otx, words, options.state_folder, user, options.config, secrets)
    Output(ctx.obj).text(text)


def _run_words(options: "AgentOptions", keys: Sequence[str], header_file: str) -> list[str]:
    """What of these options `otx agent run` is called with in a unit."""
    words: list[str] = []
    for url in options.servers:
        words += ["--server", url]
    words += ["--state", options.state]
    words += ["--config", options.config] if options.config else []
    words += ["--header-file", header_file] if header_file else []
    words += ["--allow-remote-config"] if options.allows_remote else []
    for key in keys:
        words += ["--trust", key]
    words += [] if options.allows_settings else ["--no-connection-settings"]
    words += ["--log", options.log] if options.log else []
    words += ["--", *options.command] if options.command else []
    return words
