"""`otx opamp tap`: what agents and a server say to each other, a line a message."""

from pathlib import Path

import typer

from otx.commands.opamp import tap_options as flags
from otx.environment import Environment
from otx.errors import UsageError
from otx.model.units import parse_size
from otx.output import Remarks


def tap(
    ctx: typer.Context,
    to: flags.To,
    listen: flags.Listen = "127.0.0.1:4321",
    record: flags.Record = None,
    fault: flags.Fault = None,
    seed: flags.Seed = 0,
    form: flags.Form = "text",
    show_secrets: flags.ShowSecrets = False,
    ca: flags.Ca = None,
    cert: flags.Cert = None,
    key: flags.Key = None,
    insecure: flags.Insecure = False,
    tls_cert: flags.TlsCert = None,
    tls_key: flags.TlsKey = None,
    client_ca: flags.ClientCa = None,
    max_message: flags.MaxMessage = "64MiB",
    out: flags.Out = "-",
) -> None:
    """Stand between agents and a server: pass on, tell each message, name broken rules.

    WebSocket and plain HTTP on one port, until Ctrl-C. Prints one line `ready ws://ADDR to=URL` on
    stderr when it accepts, and a summary with each agent's hashes at the end.
    """
    from otx.opamp.framing import Limits
    from otx.opamp.transport.endpoint import Tls
    from otx.otlp.address import Address
    from otx.services.opamp_tap import tap as service  # 90 ms
    from otx.services.opamp_tap.faults import Faults
    from otx.services.opamp_tap.screen import open_screen

    environment: Environment = ctx.obj

    fault_text = ",".join(fault or [])
    remarks = Remarks(environment)
    with open_screen(environment, out, form, show_secrets) as screen:
        service.tap(
            service.TapOptions(
                listen=Address.parse(listen),
                to=to,
                tls=Tls(
                    ca_pem=_content(environment, ca).decode("ascii", "replace"),
                    certificate_pem=_content(environment, cert),
                    key_pem=_content(environment, key),
                    is_insecure=insecure,
                ),
                tls_cert=_place(environment, tls_cert),
                tls_key=_place(environment, tls_key),
                client_ca=_place(environment, client_ca),
                faults=Faults.parse(fault_text),
                fault_text=fault_text,
                seed=seed,
                record=_place(environment, record),
                limits=Limits(message_bytes=parse_size(max_message)),
            ),
            screen,
            remarks.note,
            remarks.warning,
            environment.clock,
        )


def _place(environment: Environment, text: str | None) -> Path | None:
    return environment.cwd / Path(text).expanduser() if text else None


def _content(environment: Environment, text: str | None) -> bytes:
    path = _place(environment, text)
    try:
        return path.read_bytes() if path else b""
    except OSError as error:
        raise UsageError(f"cannot read {text}: {error.strerror}") from None
