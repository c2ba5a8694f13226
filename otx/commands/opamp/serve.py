"""`otx opamp serve`: the OpAMP server of a small team."""

from pathlib import Path

import typer

from otx.commands.opamp import serve_options as flags
from otx.commands.opamp.options import db_path
from otx.config import Config
from otx.environment import Environment
from otx.errors import UsageError
from otx.model.units import NS_PER_S, parse_duration_ns, parse_size
from otx.output import Remarks


def serve(
    ctx: typer.Context,
    listen: flags.Listen = "127.0.0.1:4320",
    path: flags.Path = "/v1/opamp",
    db: flags.Db = None,
    token_file: flags.TokenFile = None,
    tls_cert: flags.TlsCert = None,
    tls_key: flags.TlsKey = None,
    client_ca: flags.ClientCa = None,
    ca_cert: flags.CaCert = None,
    ca_key: flags.CaKey = None,
    heartbeat: flags.Heartbeat = None,
    max_message: flags.MaxMessage = "64MiB",
    max_agents: flags.MaxAgents = None,
) -> None:
    """Serve OpAMP over WebSocket and HTTP, with a JSON API, on one port.

    Runs until Ctrl-C. Prints one line `ready ws://HOST:PORT/PATH db=FILE` on stderr when it
    accepts. Without --token-file or --client-ca it listens to this machine only.
    """
    from otx.opamp.framing import Limits
    from otx.otlp.address import Address
    from otx.services.opamp_serve.options import ServeOptions
    from otx.services.opamp_serve.server import serve as run  # 60 ms

    environment: Environment = ctx.obj

    def place(text: str | None) -> Path | None:
        return environment.cwd / Path(text).expanduser() if text else None

    tokens = Config(environment).get("opamp.token-file", token_file).text
    remarks = Remarks(environment)
    run(
        ServeOptions(
            listen=Address.parse(listen),
            path=path,
            db=db_path(environment, db),
            token_file=place(tokens),
            tls_cert=place(tls_cert),
            tls_key=place(tls_key),
            client_ca=place(client_ca),
            ca_cert=place(ca_cert),
            ca_key=place(ca_key),
            heartbeat_s=_seconds(heartbeat),
            limits=Limits(message_bytes=parse_size(max_message)),
            most_agents=max_agents,
        ),
        remarks.note,
        remarks.warning,
    )


def _seconds(text: str | None) -> int:
    """The protocol counts in whole seconds, and 0 would switch heartbeats off."""
    if text is None:
        return 0
    seconds = parse_duration_ns(text) // NS_PER_S
    if seconds < 1:
        raise UsageError("--heartbeat is at least 1s")
    return seconds
