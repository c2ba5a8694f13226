"""`otx doctor`: what this machine can do, and how to mend what it can't."""

from dataclasses import asdict
from typing import Annotated

import typer

from otx.commands import command_app
from otx.config import Config
from otx.output import Output, Remarks, RowFormat

app = command_app(help="Say what this machine can do, and how to mend what it can't.")

MARKS = {"ok": "●", "warn": "▲", "fail": "✗"}


@app.command()
def doctor(
    ctx: typer.Context,
    form: Annotated[RowFormat, typer.Option("--format", help="The form of the output.")] = "table",
    store: Annotated[str | None, typer.Option("--store", help="The store to look at.")] = None,
    bundle: Annotated[
        str | None,
        typer.Option("--bundle", help="Write all of it into a .tar.gz for a bug report."),
    ] = None,
    out: Annotated[str, typer.Option("-o", "--out", help="Where to write; - is stdout.")] = "-",
) -> None:
    """Say what this machine can do, and how to mend what it can't."""
    from otx.system.doctor import examine

    environment = ctx.obj
    config = Config(environment)
    findings = [asdict(finding) for finding in examine(environment, config.store_dir(store))]
    if bundle is not None:
        from otx.system.bundle import write_bundle

        write_bundle(environment, bundle, findings)
        Remarks(environment).note(f"wrote {bundle}: read it before you pass it on")
        return
    if form == "table":
        for finding in findings:
            finding["status"] = f"{MARKS[finding['status']]} {finding['status']}"
    Output(environment, out).rows(["name", "status", "detail", "fix"], findings, form)
