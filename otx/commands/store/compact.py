"""`otx store compact`: merges and indexes a store's segments now."""

from dataclasses import asdict
from typing import Annotated, Literal

import typer

from otx.commands.store.info import StoreOption
from otx.environment import Environment
from otx.output import Output, ProgressLine, Remarks


def compact(
    ctx: typer.Context,
    form: Annotated[
        Literal["table", "json", "jsonl"], typer.Option("--format", help="The form of the output.")
    ] = "table",
    store: StoreOption = None,
    out: Annotated[str, typer.Option("-o", "--out", help="Where to write; - is stdout.")] = "-",
) -> None:
    """Set damage aside, convert what waits, merge and index; say what that came to."""
    from otx.model.units import counted, format_size
    from otx.services.store_input import open_store  # 250 ms: DuckDB, Arrow
    from otx.store.compaction import Compacted, compact_store

    environment: Environment = ctx.obj
    layout = open_store(environment, store).layout
    warnings: list[str] = []
    with ProgressLine(environment) as progress:
        done = compact_store(
            layout,
            environment.clock,
            lambda text: progress.show(lambda: text),
            warnings.append,
        )
    columns = tuple(Compacted.__dataclass_fields__)
    Output(environment, out).rows(columns, map(asdict, done.kinds), form)
    remarks = Remarks(environment)
    for warning in warnings:
        remarks.warning(warning)
    if done.rebuilt is not None:
        remarks.warning(str(done.rebuilt))
    for one in done.set_aside:
        rows = f"{counted(one.segment.rows, 'row')} of {one.segment.kind} less"
        remarks.warning(
            f"the segment {one.segment.name} {one.problem}: {rows}",
            hint=f"what is left of damaged files is kept in {layout.aside}",
        )
    if done.damaged_indexes:
        remarks.note(
            f"{counted(done.damaged_indexes, 'damaged index', 'damaged indexes')} made anew"
        )
    if done.retired_files:
        remarks.note(
            f"{counted(done.retired_files, 'replaced file')}, {format_size(done.retired_bytes)}, "
            "may go in a minute: readers may still know them"
        )
