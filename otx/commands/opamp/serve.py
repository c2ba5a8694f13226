"""`otx opamp serve`: the OpAMP server of a small team."""

from pathlib import Path
from typing import Annotated

import typer

from otx.commands.opamp.options import db_path
from otx.config import Config
from otx.environment import Environment
from otx.errors import UsageError
from otx.model.units import NS_PER_S, parse_duration_ns, parse_size
from otx.output import Remarks


def serve(
    ctx: typer.Context,
    listen: Annotated[
        str, typer.Option(metavar="ADDR", help="HOST:PORT; port 0 picks a free one.")
    ] = "127.0.0.1:4320",
    path: Annotated[str, typer.Option(metavar="PATH", help="Where OpAMP is.")] = "/v1/opamp",
    db: Annotated[
        str | None,
        typer.Option(metavar="FILE|URL", help="Where the fleet is kept (state directory)."),
    ] = None,
    token_file: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Who may speak: lines `TOKEN` or `ROLE NAME TOKEN`."),
    ] = None,
    tls_cert: Annotated[
        str | None, typer.Option(metavar="FILE", help="PEM certificate of this server.")
    ] = None,
    tls_key: Annotated[str | None, typer.Option(metavar="FILE", help="PEM key of it.")] = None,
    client_ca: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="PEM of the CA that agents' certificates are from."),
    ] = None,
    ca_cert: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="PEM of the CA that signs the certificates agents ask for."
        ),
    ] = None,
    ca_key: Annotated[str | None, typer.Option(metavar="FILE", help="PEM key of that CA.")] = None,
    heartbeat: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="The heartbeat or polling interval agents are offered."),
    ] = None,
    max_message: Annotated[
        str, typer.Option(metavar="SIZE", help="Largest message, also after decompression.")
    ] = "64MiB",
    max_agents: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Connections at a time (as the machine allows)."),
    ] = None,
) -> None:
    """Serve OpAMP over WebSocket and HTTP, with a JSON API, on one port.

    Runs until Ctrl-C. Prints one line `ready ws://HOST:PORT/PATH db=FILE` on stderr when it
    accepts. Without --token-file or --client-ca it listens to this machine only.
    """
    from otx.opamp.framing import Limits
    from otx.otlp.address import Address
    from otx.services.opamp_serve.server import ServeOptions
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
