"""`otx store export`: what a store holds, as a file."""

from functools import partial
from typing import Annotated, Literal, TypeAlias, get_args

import typer

from otx.commands.store.info import StoreOption
from otx.environment import Environment
from otx.errors import UsageError
from otx.model.signal import Signal
from otx.output import Output, ProgressLine, Remarks, format_by_ending

ExportFormat: TypeAlias = Literal["parquet", "jsonl"]


def export(
    ctx: typer.Context,
    form: Annotated[
        ExportFormat | None,
        typer.Option("--format", help="The form; else from the ending of -o, else jsonl."),
    ] = None,
    signals: Annotated[
        list[Signal] | None, typer.Option("--signal", help="Only this signal; may be repeated.")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", help="Nothing before this time: RFC 3339, or -15m.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", help="Only what is before this time.")
    ] = None,
    store: StoreOption = None,
    out: Annotated[str, typer.Option("-o", "--out", help="Where to write; - is stdout.")] = "-",
) -> None:
    """Write what a store holds: OTLP/JSON lines, or one table as Parquet."""
    from otx.model.units import counted, parse_time_unix_nano
    from otx.services.store_export import Choice, export_lines, export_rows  # 150 ms: Arrow
    from otx.services.store_input import open_store
    from otx.store.errors import MEND_HINT

    environment: Environment = ctx.obj
    chosen = form or format_by_ending(out, get_args(ExportFormat), "jsonl")
    if chosen == "parquet" and out == "-" and environment.stdout_is_terminal:
        raise UsageError("Parquet is not for a terminal", hint="-o FILE, or into a pipe")
    now = environment.clock()
    choice = Choice(
        tuple(signals or Signal),
        parse_time_unix_nano(since, now) if since else 0,
        parse_time_unix_nano(until, now) if until else None,
    )
    layout = open_store(environment, store).layout
    warn = partial(Remarks(environment).warning, hint=MEND_HINT)
    with _Counted(environment, shares_terminal=out == "-") as told:
        if chosen == "jsonl":
            with Output(environment, out).binary_stream() as sink:
                for line, count in export_lines(layout, choice, warn):
                    sink.write(line)
                    told.add(count)
        else:
            import pyarrow.parquet as pq  # 80 ms

            schema, tables = export_rows(layout, choice, warn)
            with (
                Output(environment, out).binary_stream() as sink,
                pq.ParquetWriter(sink, schema, compression="zstd", store_schema=False) as writer,
            ):
                for table in tables:
                    writer.write_table(table)
                    told.add(len(table))
    Remarks(environment).note(f"{counted(told.records, 'record')} exported")
    if chosen == "parquet" and choice.signals == (Signal.PROFILES,):
        Remarks(environment).note(
            "samples in Parquet are for other programs: `otx store import` takes profiles as jsonl"
        )


class _Counted(ProgressLine):
    """Counts what is exported and says so, but not among data on the same terminal."""

    def __init__(self, environment: Environment, *, shares_terminal: bool) -> None:
        super().__init__(environment)
        self._is_silent = shares_terminal and environment.stdout_is_terminal
        self.records = 0

    def add(self, records: int) -> None:
        self.records += records
        if not self._is_silent:
            self.show(lambda: f"{self.records} records exported")
