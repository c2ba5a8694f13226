"""`otx opamp restart`: order agents to restart."""

from typing import Annotated, Literal

import typer

from otx.commands.opamp.options import (
    AllOption,
    CaOption,
    CertOption,
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
from otx.output import Output, Remarks


def restart(
    ctx: typer.Context,
    uids: Annotated[
        list[str] | None, typer.Argument(metavar="[UID]…", help="Agents by their uids.")
    ] = None,
    selector: SelectorOption = None,
    everyone: AllOption = False,
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
    """Order agents to restart; those that do not accept it are named."""
    from otx.services.opamp_push.words import agreed, matching_text

    environment: Environment = ctx.obj
    fleet = remote_fleet(environment, server, token_file, ca, cert)
    wanted = list(selector or [])
    if uids:
        wanted.append(f"uid in ({','.join(fleet.get(f'agents/{uid}')['uid'] for uid in uids)})")
    chosen = selector_text(wanted, everyone, "restarted")
    count = len(fleet.agents(chosen))
    Remarks(environment).note(matching_text(count, chosen))
    if count and not confirmed(environment, yes, "Restart them?"):
        raise typer.Exit(1)
    done = fleet.post("restart", {"selector": chosen, "who": who_am_i(environment)})
    if form == "json":
        Output(environment, out).document(done)
    else:
        words = {
            "ordered": ("ordered to restart", "ordered to restart"),
            "unable": ("does not accept the command", "do not accept the command"),
            "away": ("is away and was not ordered to", "are away and were not ordered to"),
        }
        lines = [agreed(len(done[place]), *text) for place, text in words.items() if done[place]]
        lines += [f"  {uid} does not accept it" for uid in done["unable"]]
        Output(environment, out).text("\n".join(lines))
    if not done["ordered"]:
        raise typer.Exit(1)
