"""`otx opamp push`: give agents a configuration, in stages, and see what becomes of it."""

from typing import Annotated, Any, Literal

import typer

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
    who_am_i,
)
from otx.environment import Environment
from otx.errors import UsageError
from otx.output import Output, Remarks

COLUMNS = ["number", "name", "version", "selector", "state", "stages", "agents", "note"]


def push(
    ctx: typer.Context,
    path: Annotated[
        str | None, typer.Argument(metavar="[FILE]", help="The configuration; - is stdin.")
    ] = None,
    selector: SelectorOption = None,
    everyone: AllOption = False,
    canary: Annotated[
        str | None,
        typer.Option(metavar="N|N%", help="First so many agents, then the rest: 1, 10%, 1,25%."),
    ] = None,
    observe: Annotated[
        str, typer.Option(metavar="TIME", help="How long a stage must run well.")
    ] = "30s",
    patience: Annotated[
        str, typer.Option(metavar="TIME", help="How long a stage may take to answer.")
    ] = "10m",
    key: Annotated[str, typer.Option(metavar="NAME", help="The configuration object's name.")] = "",
    content_type: Annotated[
        str | None, typer.Option(metavar="TYPE", help="Its type (from the file's ending).")
    ] = None,
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="What it is called (the file's name).")
    ] = None,
    why: Annotated[str, typer.Option(metavar="TEXT", help="The reason, for the audit log.")] = "",
    retry: Annotated[
        bool, typer.Option("--retry", help="Have agents try again what they refused.")
    ] = False,
    yes: YesOption = False,
    dry: Annotated[bool, typer.Option("--dry", help="Say what would be done, no more.")] = False,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Wait for what the agents say.")
    ] = True,
    timeout: Annotated[
        str, typer.Option(metavar="TIME", help="How long to wait; stages take their own time.")
    ] = "60s",
    resume: Annotated[
        int | None, typer.Option(metavar="N", help="Let push N go on after it stopped.")
    ] = None,
    pause: Annotated[
        int | None, typer.Option(metavar="N", help="Have push N stay in its stage.")
    ] = None,
    listing: Annotated[bool, typer.Option("--list", help="Show all pushes.")] = False,
    form: Annotated[
        Literal["text", "json"], typer.Option("--format", help="The form of the output.")
    ] = "text",
    server: ServerOption = None,
    token_file: TokenFileOption = None,
    ca: CaOption = None,
    out: OutOption = "-",
) -> None:
    """Give agents a configuration; wait until they say APPLIED or FAILED.

    Exits 1 when an agent failed or the push stopped, 4 when agents did not answer in time.
    """
    from otx.model.units import parse_duration_ns
    from otx.services.opamp_push import Follower, changed, plan_lines, read_object

    environment: Environment = ctx.obj
    fleet = remote_fleet(environment, server, token_file, ca)
    output = Output(environment, out)
    if listing:
        _show_all(fleet.pushes(), output, form)
        return
    follower = Follower(fleet, Remarks(environment).note, parse_duration_ns(timeout) / 1e9)
    if resume is not None or pause is not None:
        number, verb = (resume, "resume") if resume is not None else (pause, "pause")
        found = changed(fleet, int(number or 0), verb, who_am_i(environment), why)
        _end(follower.follow(found) if wait and verb == "resume" else found, output, form)
        return
    if path is None:
        raise UsageError("which configuration is to be pushed?", hint="otx opamp push FILE -l K=V")
    wish = {
        "selector": selector_text(selector, everyone, "given it"),
        "objects": {key: read_object(environment, path, content_type)},
        "name": name or ("stdin" if path == "-" else path.rpartition("/")[2]),
        "canary": canary,
        "observe": observe,
        "patience": patience,
        "who": who_am_i(environment),
        "why": why,
        "retry": retry,
    }
    plan = fleet.post("pushes", {**wish, "dry_run": True})
    for line in plan_lines(fleet, plan):
        Remarks(environment).note(line)
    if dry:
        output.document(plan) if form == "json" else None
        return
    if not confirmed(environment, yes, "Push it?"):
        raise typer.Exit(1)
    found = fleet.post("pushes", wish)
    _end(follower.follow(found) if wait else found, output, form)


def _end(found: dict[str, Any], output: Output, form: str) -> None:
    """Show a push and end with its exit code."""
    from otx.services.opamp_push import exit_code, push_lines

    if form == "json":
        output.document(found)
    else:
        output.text("\n".join(push_lines(found)))
    if code := exit_code(found):
        raise typer.Exit(code)


def _show_all(pushes: list[dict[str, Any]], output: Output, form: str) -> None:
    from otx.services.opamp_push import counts_text

    if form == "json":
        output.document(pushes)
        return
    rows = [{**one, "agents": counts_text(one["agents"])} for one in pushes]
    output.rows(COLUMNS, rows, "table")
