"""`otx opamp replay`: a record of the tap told again, or played to a live server or agent."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from otx.commands.opamp import replay_options as flags
from otx.environment import Environment
from otx.errors import ExitCode, UsageError
from otx.output import Remarks

if TYPE_CHECKING:
    from otx.opamp.transport.endpoint import Tls


def replay(
    ctx: typer.Context,
    record: flags.Record,
    to: flags.To = None,
    listen: flags.Listen = None,
    header: flags.Header = None,
    keep_uids: flags.KeepUids = False,
    timeout: flags.Timeout = "5s",
    shrink: flags.Shrink = None,
    form: flags.Form = "text",
    show_secrets: flags.ShowSecrets = False,
    ca: flags.Ca = None,
    insecure: flags.Insecure = False,
    out: flags.Out = "-",
) -> None:
    """Tell a record again, or play one side of it and say where the other one differs.

    Uids, sequence numbers and the other side's hashes are rewritten. Exit 1 where it differs.
    """
    from otx.model.units import NS_PER_S, parse_duration_ns
    from otx.services.opamp_tap.replaying import Replay, play, tell_again

    environment: Environment = ctx.obj
    if to is not None and listen is not None:
        raise UsageError("--to and --listen are two sides", hint="give one of them")
    if shrink is not None and to is None:
        raise UsageError("--shrink needs a server to try with", hint="--to URL")
    path = environment.cwd / Path(record).expanduser()
    if to is None and listen is None:
        tell_again(environment, path, record, out, form, show_secrets, Remarks(environment).note)
        return
    asked = Replay(
        path=path,
        name=record,
        to=to,
        listen=listen,
        headers=_headers(header or []),
        tls=_tls(environment, ca, insecure),
        keeps_uids=keep_uids,
        timeout_s=parse_duration_ns(timeout) / NS_PER_S,
        shrink=environment.cwd / Path(shrink).expanduser() if shrink else None,
    )
    found = play(environment, asked, out, form, show_secrets, Remarks(environment).note)
    if found:
        raise typer.Exit(ExitCode.NO)


def _headers(texts: list[str]) -> tuple[tuple[str, str], ...]:
    pairs = []
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise UsageError(f"{text!r} is no header", hint="--header 'Authorization=Bearer …'")
        pairs.append((name.strip(), value.strip()))
    return tuple(pairs)


def _tls(environment: Environment, ca: str | None, insecure: bool) -> "Tls":
    from otx.opamp.transport.endpoint import Tls

    try:
        pem = (environment.cwd / Path(ca).expanduser()).read_text("ascii", "replace") if ca else ""
    except OSError as error:
        raise UsageError(f"cannot read {ca}: {error.strerror}") from None
    return Tls(ca_pem=pem, is_insecure=insecure)
