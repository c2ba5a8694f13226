"""`otx opamp forget`: take agents that are gone off the server's lists."""

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


def forget(
    ctx: typer.Context,
    uids: Annotated[
        list[str] | None, typer.Argument(metavar="[UID]…", help="Agents by their uids.")
    ] = None,
    selector: SelectorOption = None,
    everyone: AllOption = False,
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
    """Forget agents that are gone, and what they refused; those that are there stay."""
    from otx.services.opamp_push.words import agreed, matching_text

    environment: Environment = ctx.obj
    fleet = remote_fleet(environment, server, token_file, ca, cert)
    wanted = list(selector or [])
    if uids:
        wanted.append(f"uid in ({','.join(fleet.get(f'agents/{uid}')['uid'] for uid in uids)})")
    chosen = selector_text(wanted, everyone, "forgotten")
    found = fleet.agents(chosen)
    gone = sum(agent["state"] == "gone" for agent in found)
    Remarks(environment).note(f"{matching_text(len(found), chosen)}; {gone} gone")
    if gone and not confirmed(environment, yes, "Forget those?"):
        raise typer.Exit(1)
    done = fleet.post("forget", {"selector": chosen, "who": who_am_i(environment), "why": why})
    if form == "json":
        Output(environment, out).document(done)
    else:
        lines = [f"{len(done['forgotten'])} forgotten"]
        stay = agreed(len(done["there"]), "is not gone and stays", "are not gone and stay")
        lines += [stay] if done["there"] else []
        Output(environment, out).text("\n".join(lines))
    if not done["forgotten"]:
        raise typer.Exit(1)
