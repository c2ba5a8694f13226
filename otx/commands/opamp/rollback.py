"""`otx opamp rollback`: take a push back; agents get what they were assigned before."""

from typing import Annotated, Any, Literal

import typer

from otx.commands.opamp.options import (
    CaOption,
    CertOption,
    OutOption,
    SelectorOption,
    ServerOption,
    TokenFileOption,
    YesOption,
    confirmed,
    remote_fleet,
    who_am_i,
)
from otx.environment import Environment
from otx.errors import ExitCode, NotThere
from otx.model.units import counted
from otx.output import Output, Remarks


def rollback(
    ctx: typer.Context,
    number: Annotated[
        int | None, typer.Argument(metavar="[N]", help="Which push; the newest that holds.")
    ] = None,
    selector: SelectorOption = None,
    why: Annotated[str, typer.Option(metavar="TEXT", help="The reason, for the audit log.")] = "",
    yes: YesOption = False,
    form: Annotated[
        Literal["text", "json"], typer.Option("--format", help="The form of the output.")
    ] = "text",
    server: ServerOption = None,
    token_file: TokenFileOption = None,
    ca: CaOption = None,
    cert: CertOption = None,
    out: OutOption = "-",
) -> None:
    """Take a push back: its agents are assigned again what held before it.

    Exit code 1 where what held before failed on an agent, which then goes on with what it runs.
    """
    from otx.opamp.server.selector import parse_selector
    from otx.services.opamp_push.follower import changed
    from otx.services.opamp_push.words import agreed

    environment: Environment = ctx.obj
    fleet = remote_fleet(environment, server, token_file, ca, cert)
    pushes = fleet.pushes() if number is None else [fleet.get(f"pushes/{number}")]
    push = _chosen(pushes, number, str(parse_selector(selector or [])))
    what = f"push {push['number']}, {push['name']} v{push['version']}"
    Remarks(environment).note(f"{what} for {push['selector'] or 'all agents'} is taken back")
    if not confirmed(environment, yes, "Take it back?"):
        raise typer.Exit(1)
    done = changed(fleet, push["number"], "rollback", who_am_i(environment), why)
    agents = fleet.agents(push["selector"])
    stuck = [one["config"]["push"] for one in agents if _has_failed(one["config"])]
    if stuck:
        Remarks(environment).warning(
            f"{counted(len(stuck), 'agent')} cannot go back:"
            " what is assigned now failed there before",
            hint=f"`otx opamp rollback {stuck[0]}` as well lets what held before it hold again",
        )
    if form == "json":
        now = {more: count for (_, more), count in _now(agents).items()}
        Output(environment, out).document({**done, "now": now})
        raise typer.Exit(ExitCode.NO if stuck else ExitCode.DONE)
    lines = [f"push {push['number']} rolled back"]
    lines += [f"  {agreed(count, *words)}" for words, count in _now(agents).items()]
    Output(environment, out).text("\n".join(lines))
    raise typer.Exit(ExitCode.NO if stuck else ExitCode.DONE)


def _has_failed(config: dict[str, Any]) -> bool:
    """Whether what an agent is assigned failed on it before, so that it gets nothing."""
    return bool(config["assigned"]) and config["standing"] in ("failed", "rolled_back")


def _chosen(pushes: list[dict[str, Any]], number: int | None, selector: str) -> dict[str, Any]:
    """The push of a number, or the newest that still holds; with this selector, if one is given."""
    meant = [push for push in pushes if not selector or push["selector"] == selector]
    if number is not None:
        meant = [push for push in meant if push["number"] == number]
    else:
        meant = [push for push in meant if push["state"] != "rolled_back"]
    if not meant:
        raise NotThere("there is no such push", hint="`otx opamp push --list` shows all")
    return meant[-1]


def _now(agents: list[dict[str, Any]]) -> dict[tuple[str, str], int]:
    """What agents are assigned now, for people (of one, of more), with how many of them."""
    found: dict[tuple[str, str], int] = {}
    for agent in agents:
        config = agent["config"]
        words = (
            "keeps what it has: no earlier push is for it",
            "keep what they have: no earlier push is for them",
        )
        if config["assigned"]:
            name = f"{config['assigned_name']} v{config['assigned_version']}"
            name += f" ({config['assigned'][:8]}) of push {config['push']}"
            words = (f"goes back to {name}", f"go back to {name}")
            if _has_failed(config):
                words = (
                    f"keeps what it runs: {name}, which is assigned now, failed on it before",
                    f"keep what they run: {name}, which is theirs now, failed on them before",
                )
        found[words] = found.get(words, 0) + 1
    return found
