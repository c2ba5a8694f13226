"""`otx store import`: OTLP files into a store."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from otx.commands.store.info import StoreOption
from otx.environment import Environment
from otx.output import ProgressLine, Remarks


def import_(
    ctx: typer.Context,
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE…", help="OTLP in any form, gzip or zstd; exported Parquet; -."
        ),
    ],
    store: StoreOption = None,
) -> None:
    """Bring OTLP files, or tables that were exported, into a store, each as a whole and once."""
    from otx.config import Config
    from otx.model.units import counted
    from otx.services.store_import import convert_now, import_file  # 150 ms: Arrow

    environment: Environment = ctx.obj
    remarks = Remarks(environment)
    store_dir = environment.cwd / Path(Config(environment).store_dir(store))
    for file in files:
        with ProgressLine(environment) as progress:
            done = import_file(environment, store_dir, file, partial(_tell, progress, file))
        what = ", ".join(
            f"{counted(n, 'record')} of {signal}" for signal, n in done.records.items()
        )
        if done.is_new:
            remarks.note(f"{file}: {what}")
        else:
            remarks.note(f"{file}: is in the store already ({what}); nothing was added")
    convert_now(store_dir)


def _tell(line: ProgressLine, file: str, records: int) -> None:
    from otx.model.cells import printable
    from otx.model.units import counted

    line.show(lambda: f"{printable(file)}: {counted(records, 'record')} read")
