"""`otx query`: read-only SQL over what a store holds."""

from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias, cast, get_args

import typer

from otx.commands import command_app
from otx.environment import Environment
from otx.errors import UsageError
from otx.output import Output, RowFormat, format_by_ending

if TYPE_CHECKING:
    from otx.store.query import Result

app = command_app(help="Run read-only SQL over a store's tables.")

PLAN_COLUMNS = ["explain_key", "explain_value"]
"""What EXPLAIN answers with: a drawing that a table would flatten."""

QueryFormat: TypeAlias = Literal["table", "json", "jsonl", "csv", "parquet"]


@app.command()
def query(
    ctx: typer.Context,
    sql: Annotated[
        str, typer.Argument(metavar="SQL", help="One SELECT over spans, span_events, logs, …")
    ],
    form: Annotated[
        QueryFormat | None,
        typer.Option("--format", help="The form; else from the ending of -o, else table."),
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", help="Nothing before this time: RFC 3339, or -15m.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", help="Only what is before this time.")
    ] = None,
    store: Annotated[str | None, typer.Option("--store", help="The store to read.")] = None,
    out: Annotated[str, typer.Option("-o", "--out", help="Where to write; - is stdout.")] = "-",
) -> None:
    """Run read-only SQL over a store's tables."""
    from otx.model.units import parse_time_unix_nano
    from otx.services.store_input import open_store  # 250 ms: DuckDB, Arrow
    from otx.store.query import TimeRange

    environment: Environment = ctx.obj
    chosen = form or format_by_ending(out, get_args(QueryFormat), "table")
    output = Output(environment, out)
    if chosen == "parquet" and out == "-" and environment.stdout_is_terminal:
        raise UsageError("Parquet is not for a terminal", hint="-o FILE, or into a pipe")
    now = environment.clock()
    times = TimeRange(
        parse_time_unix_nano(since, now) if since else 0,
        parse_time_unix_nano(until, now) if until else None,
    )
    result = open_store(environment, store).query(sql, times)
    if chosen == "parquet":
        _write_parquet(result, output)
        return
    names = [column.name for column in result.columns]
    if names == PLAN_COLUMNS and chosen == "table":
        output.text("\n".join(row[1] for row in result.rows()))
        return
    rows = (dict(zip(names, row, strict=True)) for row in result.rows())
    output.rows(names, rows, cast(RowFormat, chosen))


def _write_parquet(result: "Result", output: Output) -> None:
    """Write the rows batch by batch."""
    import pyarrow.parquet as pq  # 80 ms

    schema, batches = result.arrow()
    with (
        output.binary_stream() as sink,
        pq.ParquetWriter(sink, schema, compression="zstd") as writer,
    ):
        for batch in batches:
            writer.write_batch(batch)
