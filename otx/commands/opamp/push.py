"""`otx opamp push`: give agents a configuration, in stages, and see what becomes of it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from otx.commands.opamp import push_options as flags
from otx.commands.opamp.options import (
    AllOption,
    CaOption,
    CertOption,
    OutOption,
    SelectorOption,
    ServerOption,
    TokenFileOption,
    YesOption,
    remote_fleet,
    selector_text,
    signing_keys,
)
from otx.commands.opamp.push_desk import Desk
from otx.environment import Environment
from otx.errors import UsageError
from otx.output import Output

if TYPE_CHECKING:
    from otx.services.opamp_push.objects import Parcel


def push(
    ctx: typer.Context,
    files: flags.Files = None,
    selector: SelectorOption = None,
    everyone: AllOption = False,
    canary: flags.Canary = None,
    observe: flags.Observe = "30s",
    patience: flags.Patience = "10m",
    sign: flags.Sign = None,
    key: flags.Key = None,
    content_type: flags.ContentType = None,
    name: flags.Name = None,
    why: flags.Why = "",
    retry: flags.Retry = False,
    settings: flags.SettingsFile = None,
    yes: YesOption = False,
    dry: flags.Dry = False,
    wait: flags.Wait = "applied",
    no_wait: flags.NoWait = False,
    timeout: flags.Timeout = "60s",
    follow: flags.Follow = None,
    resume: flags.Resume = None,
    pause: flags.Pause = None,
    listing: flags.Listing = False,
    wide: flags.Wide = False,
    form: flags.Form = "text",
    server: ServerOption = None,
    token_file: TokenFileOption = None,
    ca: CaOption = None,
    cert: CertOption = None,
    out: OutOption = "-",
) -> None:
    """Give agents a configuration; wait until they say APPLIED or FAILED.

    Exits 0 when all that are connected said APPLIED (with --wait proven: and have observed it to
    the end), 1 when an agent failed or the push stopped, 4 when agents did not answer in time.
    """
    environment: Environment = ctx.obj
    names = ("FILE", "--settings", "--follow", "--resume", "--pause", "--list")
    _check_one_thing(names, (files, settings, follow, resume, pause, listing or None))
    fleet = remote_fleet(environment, server, token_file, ca, cert)
    output, aim = Output(environment, out), None if no_wait else wait
    desk = Desk(environment, fleet, output, form, dry, yes, aim, _seconds(timeout))
    if listing:
        desk.show_all(is_wide=wide)
    elif settings is not None:
        if sign:
            raise UsageError("connection settings are not signed", hint="leave --sign out")
        desk.offer_settings(settings, selector_text(selector, everyone, "offered them"), why)
    elif files:
        parcel = _parcel(environment, files, content_type, key, sign or [])
        whom = selector_text(selector, everyone, "given it")
        terms = {"canary": canary, "observe": observe, "patience": patience, "retry": retry}
        desk.push(parcel, {"selector": whom, "name": name or parcel.name, "why": why, **terms})
    else:
        desk.go_on({"follow": follow, "resume": resume, "pause": pause}, why)


def _check_one_thing(names: Sequence[str], values: Sequence[object]) -> None:
    """Raise a UsageError unless one of what the command can do is asked for."""
    asked = [name for name, value in zip(names, values, strict=True) if value is not None]
    if not asked:
        raise UsageError("which configuration is to be pushed?", hint="otx opamp push FILE -l K=V")
    if len(asked) > 1:
        raise UsageError(f"{' and '.join(asked)} cannot both be meant", hint="give one of them")


def _seconds(text: str) -> float:
    from otx.model.units import NS_PER_S, parse_duration_ns

    return parse_duration_ns(text) / NS_PER_S


def _parcel(
    environment: Environment,
    files: list[str],
    content_type: str | None,
    key: str | None,
    sign: list[str],
) -> "Parcel":
    from otx.services.opamp_push.objects import read_parcel, sign_parcel

    parcel = read_parcel(environment, files, content_type, key)
    sign_parcel(parcel, signing_keys(environment, sign))
    return parcel
