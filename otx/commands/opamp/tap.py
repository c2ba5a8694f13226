"""`otx opamp tap`: what agents and a server say to each other, a line a message."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from otx.environment import Environment
from otx.model.units import parse_size
from otx.output import Remarks


def tap(
    ctx: typer.Context,
    to: Annotated[
        str, typer.Option(metavar="URL", help="The server: ws, wss, http or https://HOST[:PORT].")
    ],
    listen: Annotated[
        str, typer.Option(metavar="ADDR", help="HOST:PORT for agents; port 0 picks a free one.")
    ] = "127.0.0.1:4321",
    record: Annotated[
        str | None, typer.Option(metavar="FILE", help="Keep everything, for otx opamp replay.")
    ] = None,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LIST",
            help="What to break: drop=3,delay=200ms,server:dup@10%,reorder,half-open,503; "
            "docs/opamp-tap.md has all.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="Of faults by chance.")] = 0,
    form: Annotated[
        Literal["text", "json", "jsonl"],
        typer.Option("--format", help="The form of the output."),
    ] = "text",
    show_secrets: Annotated[
        bool, typer.Option("--show-secrets", help="Show bodies, keys and headers as they are.")
    ] = False,
    ca: Annotated[
        str | None, typer.Option("--ca", metavar="FILE", help="The CA of the server's certificate.")
    ] = None,
    cert: Annotated[
        str | None, typer.Option(metavar="FILE", help="Client certificate for the server.")
    ] = None,
    key: Annotated[str | None, typer.Option(metavar="FILE", help="PEM key of it.")] = None,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Take any certificate of the server.")
    ] = False,
    tls_cert: Annotated[
        str | None, typer.Option(metavar="FILE", help="PEM certificate shown to agents.")
    ] = None,
    tls_key: Annotated[str | None, typer.Option(metavar="FILE", help="PEM key of it.")] = None,
    client_ca: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="PEM of the CA that agents' certificates are from."),
    ] = None,
    max_message: Annotated[
        str, typer.Option(metavar="SIZE", help="Larger messages pass, and are not decoded.")
    ] = "64MiB",
    out: Annotated[
        str, typer.Option("-o", "--out", metavar="FILE", help="Where to write; - is stdout.")
    ] = "-",
) -> None:
    """Stand between agents and a server: pass on, tell each message, name broken rules.

    WebSocket and plain HTTP on one port, until Ctrl-C. Prints one line `ready ws://ADDR to=URL` on
    stderr when it accepts, and a summary with each agent's hashes at the end.
    """
    from otx.opamp.framing import Limits
    from otx.opamp.transport.endpoint import Tls
    from otx.otlp.address import Address
    from otx.services.opamp_tap.faults import Faults
    from otx.services.opamp_tap.screen import open_screen
    from otx.services.opamp_tap.tap import TapOptions
    from otx.services.opamp_tap.tap import tap as run  # 90 ms

    environment: Environment = ctx.obj

    def place(text: str | None) -> Path | None:
        return environment.cwd / Path(text).expanduser() if text else None

    def content(text: str | None) -> bytes:
        from otx.errors import UsageError

        path = place(text)
        try:
            return path.read_bytes() if path else b""
        except OSError as error:
            raise UsageError(f"cannot read {text}: {error.strerror}") from None

    fault_text = ",".join(fault or [])
    remarks = Remarks(environment)
    with open_screen(environment, out, form, show_secrets) as screen:
        run(
            TapOptions(
                listen=Address.parse(listen),
                to=to,
                tls=Tls(
                    ca_pem=content(ca).decode("ascii", "replace"),
                    certificate_pem=content(cert),
                    key_pem=content(key),
                    is_insecure=insecure,
                ),
                tls_cert=place(tls_cert),
                tls_key=place(tls_key),
                client_ca=place(client_ca),
                faults=Faults.parse(fault_text),
                fault_text=fault_text,
                seed=seed,
                record=place(record),
                limits=Limits(message_bytes=parse_size(max_message)),
            ),
            screen,
            remarks.note,
            remarks.warning,
            environment.clock,
        )
