"""`otx store verify`: whether a store holds together."""

from dataclasses import asdict
from functools import partial
from typing import Annotated, Literal

import typer

from otx.commands.store.info import StoreOption
from otx.environment import Environment
from otx.errors import ExitCode
from otx.output import Output, ProgressLine, Remarks


def verify(
    ctx: typer.Context,
    form: Annotated[
        Literal["table", "json", "jsonl"], typer.Option("--format", help="The form of the output.")
    ] = "table",
    store: StoreOption = None,
    out: Annotated[str, typer.Option("-o", "--out", help="Where to write; - is stdout.")] = "-",
) -> None:
    """Read everything in a store and name what is damaged; exit code 1 where something is."""
    from otx.model.units import counted
    from otx.services.store_input import open_store  # 250 ms: DuckDB, Arrow
    from otx.store.errors import StoreDamaged
    from otx.store.inspection import Finding, verify_store
    from otx.store.manifest import read_manifest

    environment: Environment = ctx.obj
    layout = open_store(environment, store).layout
    checked = counted(0, "segment")
    manifest = None
    try:
        manifest = read_manifest(layout.manifest)
        checked = counted(len(manifest.segments), "segment")
        with ProgressLine(environment) as progress:
            told = partial(_tell, progress, checked)
            findings = list(verify_store(layout, manifest, told))
    except StoreDamaged as error:
        findings = [Finding(layout.manifest.name, error.message)]
    if findings or form != "table":
        Output(environment, out).rows(("place", "problem"), map(asdict, findings), form)
    remarks = Remarks(environment)
    if manifest is not None and manifest.aside_requests:
        aside = counted(manifest.aside_requests, "request")
        remarks.note(f"{aside} could not be made rows, kept in {layout.aside}")
    remarks.note(f"{checked} and the logs read: {counted(len(findings), 'finding')}")
    if findings:
        raise typer.Exit(ExitCode.NO)


def _tell(line: ProgressLine, all_segments: str, read: int) -> None:
    line.show(lambda: f"{read} of {all_segments} read")
