"""`otx opamp push`: give agents a configuration, in stages, and see what becomes of it."""

from typing import TYPE_CHECKING, Any

import typer

from otx.commands.opamp import push_options as flags
from otx.commands.opamp.options import (
    AllOption,
    CaOption,
    OutOption,
    SelectorOption,
    ServerOption,
    TokenFileOption,
    YesOption,
    confirmed,
    remote_fleet,
    selector_text,
    signing_keys,
    who_am_i,
)
from otx.environment import Environment
from otx.errors import UsageError
from otx.output import Output, Remarks

if TYPE_CHECKING:
    from otx.services.opamp_push.follower import Aim, Follower
    from otx.services.opamp_push.objects import Parcel
    from otx.services.opamp_serve.client import RemoteFleet

COLUMNS = ["number", "name", "version", "selector", "state", "stages", "agents", "note"]


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
    form: flags.Form = "text",
    server: ServerOption = None,
    token_file: TokenFileOption = None,
    ca: CaOption = None,
    out: OutOption = "-",
) -> None:
    """Give agents a configuration; wait until they say APPLIED or FAILED.

    Exits 0 when all that are connected said APPLIED (with --wait proven: and have observed it to
    the end), 1 when an agent failed or the push stopped, 4 when agents did not answer in time.
    """
    environment: Environment = ctx.obj
    fleet = remote_fleet(environment, server, token_file, ca)
    output = Output(environment, out)
    follower = _follower(environment, fleet, timeout, wait)
    if listing:
        _show_all(fleet.pushes(), output, form)
    elif follow is not None:
        _end(follower, fleet.get(f"pushes/{follow}"), output, form, wait=not no_wait)
    elif resume is not None or pause is not None:
        found = _changed(environment, fleet, resume, pause, why)
        _end(follower, found, output, form, wait=not no_wait and pause is None)
    elif settings is not None:
        _check_alone(files, sign)
        whom = selector_text(selector, everyone, "offered them")
        _offer_settings(environment, fleet, settings, whom, output, form, yes=yes, why=why)
    elif not files:
        raise UsageError("which configuration is to be pushed?", hint="otx opamp push FILE -l K=V")
    else:
        parcel = _parcel(environment, files, content_type, key, sign or [])
        wish = {
            **parcel.document(),
            "selector": selector_text(selector, everyone, "given it"),
            "name": name or parcel.name,
            "canary": canary,
            "observe": observe,
            "patience": patience,
            "who": who_am_i(environment),
            "why": why,
            "retry": retry,
        }
        if _is_agreed(environment, fleet, wish, parcel, output, form, dry=dry, yes=yes):
            _end(follower, fleet.post("pushes", wish), output, form, wait=not no_wait)


def _check_alone(files: list[str] | None, sign: list[str] | None) -> None:
    if files or sign:
        raise UsageError(
            "--settings offers connection settings, which are not signed, and no configuration",
            hint="leave FILE and --sign out, or --settings",
        )


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


def _follower(
    environment: Environment, fleet: "RemoteFleet", timeout: str, aim: "Aim"
) -> "Follower":
    from otx.model.units import parse_duration_ns
    from otx.services.opamp_push.follower import Follower

    return Follower(fleet, Remarks(environment).note, parse_duration_ns(timeout) / 1e9, aim)


def _is_agreed(
    environment: Environment,
    fleet: "RemoteFleet",
    wish: dict[str, Any],
    parcel: "Parcel",
    output: Output,
    form: str,
    *,
    dry: bool,
    yes: bool,
) -> bool:
    """Show what a push would do; whether it is to be done."""
    from otx.services.opamp_push.plan import plan_lines

    plan = fleet.post("pushes", {**wish, "dry_run": True})
    for line in plan_lines(fleet, plan, parcel.config):
        Remarks(environment).note(line)
    if dry:
        if form == "json":
            output.document(plan)
        return False
    if not confirmed(environment, yes, "Push it?"):
        raise typer.Exit(1)
    return True


def _changed(
    environment: Environment,
    fleet: "RemoteFleet",
    resume: int | None,
    pause: int | None,
    why: str,
) -> dict[str, Any]:
    from otx.services.opamp_push.follower import changed

    if resume is not None and pause is not None:
        raise UsageError("--resume and --pause are opposites", hint="give one of them")
    number, verb = (resume, "resume") if resume is not None else (pause, "pause")
    return changed(fleet, int(number or 0), verb, who_am_i(environment), why)


def _offer_settings(
    environment: Environment,
    fleet: "RemoteFleet",
    path: str,
    selector: str,
    output: Output,
    form: str,
    *,
    yes: bool,
    why: str,
) -> None:
    from otx.services.opamp_push.settings import read_settings_file

    wanted = read_settings_file(environment, path)
    count = len(fleet.agents(selector))
    Remarks(environment).note(f"{count} agents match {selector or 'everything'}")
    if not confirmed(environment, yes, "Offer them these connection settings?"):
        raise typer.Exit(1)
    who = who_am_i(environment)
    done = fleet.post("settings", {**wanted, "selector": selector, "who": who, "why": why})
    if form == "json":
        output.document(done)
    else:
        output.text(f"settings {done['number']} are offered to {count} agents")


def _end(
    follower: "Follower", found: dict[str, Any], output: Output, form: str, *, wait: bool
) -> None:
    """Show a push and end with its exit code."""
    from otx.services.opamp_push.words import exit_code, push_lines

    if wait:
        found = follower.follow(found)
    if form == "json":
        output.document(found)
    else:
        output.text("\n".join(push_lines(found)))
    if code := exit_code(found, is_awaited=wait):
        raise typer.Exit(code)


def _show_all(pushes: list[dict[str, Any]], output: Output, form: str) -> None:
    from otx.services.opamp_push.words import counts_text

    if form == "json":
        output.document(pushes)
    elif pushes:
        rows = [{**one, "agents": counts_text(one["agents"])} for one in pushes]
        output.rows(COLUMNS, rows, "table")
