"""`otx query`: read-only SQL over what a store holds."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

import typer

from otx.commands import command_app
from otx.environment import Environment
from otx.errors import UsageError
from otx.output import Output, Remarks

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
        QueryFormat, typer.Option("--format", help="The form of the output.")
    ] = "table",
    store: Annotated[str | None, typer.Option("--store", help="The store to read.")] = None,
    out: Annotated[str, typer.Option("-o", "--out", help="Where to write; - is stdout.")] = "-",
) -> None:
    """Run read-only SQL over a store's tables."""
    from otx.commands.trace import open_store

    environment: Environment = ctx.obj
    if form == "parquet" and out == "-" and environment.stdout_is_terminal:
        raise UsageError("Parquet is not for a terminal", hint="-o FILE, or into a pipe")
    result = open_store(environment, store).query(sql)
    for remark in result.remarks:
        Remarks(environment).note(f"otx: note: {remark}")
    if form == "parquet":
        _write_parquet(result, environment, out)
        return
    names = [column.name for column in result.columns]
    if names == PLAN_COLUMNS and form == "table":
        Output(environment, out).text("\n".join(row[1] for row in result.rows()))
        return
    rows = (dict(zip(names, row, strict=True)) for row in result.rows())
    Output(environment, out).rows(names, rows, form)


def _write_parquet(result: "Result", environment: Environment, out: str) -> None:
    """Write the rows batch by batch: beside and renamed, or into the pipe."""
    import pyarrow.parquet as pq  # 80 ms

    reader = result.arrow()
    if out == "-":
        environment.stdout.flush()
        sink = environment.stdout.buffer
        with pq.ParquetWriter(sink, reader.schema, compression="zstd") as writer:
            for batch in reader:
                writer.write_batch(batch)
        sink.flush()
        return
    target = Path(out)
    beside = target.with_name(f".{target.name}.part")
    try:
        with pq.ParquetWriter(beside, reader.schema, compression="zstd") as writer:
            for batch in reader:
                writer.write_batch(batch)
        beside.replace(target)
    except OSError as error:
        raise UsageError(f"cannot write {target}: {error.strerror or error}") from None
    finally:
        beside.unlink(missing_ok=True)
