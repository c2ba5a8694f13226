"""`otx opamp audit`: who did what to whom, and what came of it."""

from typing import Annotated, Any, Literal

import typer

from otx.commands.opamp.options import (
    CaOption,
    CertOption,
    DbOption,
    OutOption,
    ServerOption,
    TokenFileOption,
    fleet_reader,
)
from otx.commands.opamp.tables import Fit, WideOption, write_table
from otx.environment import Environment
from otx.output import Output, Remarks

COLUMNS = ["time", "who", "what", "whom", "push", "outcome"]
KEYS = ["id", *COLUMNS]
FIT = Fit("whom", {"time": 20, "who": 6, "whom": 10, "outcome": 24}, ["push", "who"])


def audit(
    ctx: typer.Context,
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="Only later than this time, or -15m.")
    ] = None,
    whom: Annotated[
        str, typer.Option(metavar="UID", help="Only what was done to this agent or selector.")
    ] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many at most.")] = 100,
    wide: WideOption = False,
    form: Annotated[
        Literal["table", "json", "jsonl", "csv"],
        typer.Option("--format", help="The form of the output."),
    ] = "table",
    server: ServerOption = None,
    db: DbOption = None,
    token_file: TokenFileOption = None,
    ca: CaOption = None,
    cert: CertOption = None,
    out: OutOption = "-",
) -> None:
    """Show the audit log of a server, the newest lines last."""
    from otx.model.units import parse_time_unix_nano

    environment: Environment = ctx.obj
    since_ns = parse_time_unix_nano(since, environment.clock()) if since else 0
    fleet = fleet_reader(environment, server, db, token_file, ca, cert)
    lines = [_line(line) for line in fleet.audit(limit, since_ns, whom)]
    output = Output(environment, out)
    if form != "table":
        output.rows(KEYS, lines, form)
    elif lines:
        write_table(environment, output, COLUMNS, lines, FIT, is_wide=wide)
    if not lines:
        Remarks(environment).note("nothing was done")


def _line(line: dict[str, Any]) -> dict[str, Any]:
    from otx.model.units import format_time

    return {**line, "time": format_time(line["at_ns"])}
