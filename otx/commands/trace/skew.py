"""`otx trace skew`: how far clocks are apart, of one trace or of all in a store."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from otx.commands.trace.options import InOption, OutOption, StoreOption
from otx.environment import Environment
from otx.errors import UsageError
from otx.output import Output, Remarks

if TYPE_CHECKING:
    from otx.store.reader import Store


def skew(
    ctx: typer.Context,
    trace_id: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="One trace; the whole store without.")
    ] = None,
    hosts: Annotated[
        bool, typer.Option("--hosts", help="Only between clocks of hosts that are named.")
    ] = False,
    since: Annotated[
        str | None, typer.Option("--since", help="Only what was received later, or -15m.")
    ] = None,
    window: Annotated[
        str, typer.Option("--window", help="How long a stretch of time is taken together.")
    ] = "1m",
    form: Annotated[
        Literal["text", "json"], typer.Option("--format", help="The form of the output.")
    ] = "text",
    store: StoreOption = None,
    path: InOption = None,
    out: OutOption = "-",
) -> None:
    """Tell how far clocks are apart, by the calls between them, worst first."""
    from otx.services.store_input import open_traces  # 250 ms: DuckDB, Arrow

    environment: Environment = ctx.obj
    output = Output(environment, out)
    if trace_id is not None and (hosts or since):
        raise UsageError("--hosts and --since are for the whole store, not for one trace")
    with open_traces(environment, store, path) as opened:
        if trace_id is not None:
            _of_trace(opened, trace_id, form, output)
        else:
            _of_store(opened, hosts, since, window, form, output)


def _of_trace(store: "Store", trace_id: str, form: str, output: Output) -> None:
    from otx.services.trace_questions import read_trace
    from otx.tracing import skew_tables
    from otx.tracing.skew import clock_skew
    from otx.tracing.skew_document import trace_document
    from otx.tracing.skew_store import received_unix_nano

    asked = read_trace(store, trace_id)
    found = clock_skew(asked.trace, received_unix_nano(store, asked.id))
    if form == "json":
        output.document(trace_document(found))
        return
    if not found.bounds:
        Remarks(output.environment).note("no call in this trace is between two clocks")
    tables = [
        (skew_tables.TRACE_COLUMNS, skew_tables.trace_rows(found)),
        (skew_tables.CLOCK_COLUMNS, skew_tables.clock_rows(found.solution)),
    ]
    lines = [*skew_tables.contradiction_lines(found.solution), *skew_tables.fault_lines(found)]
    output.tables(tables, lines)


def _of_store(
    store: "Store", hosts: bool, since: str | None, window: str, form: str, output: Output
) -> None:
    from otx.model.units import parse_duration_ns, parse_time_unix_nano
    from otx.tracing import skew_tables
    from otx.tracing.skew_document import fleet_document
    from otx.tracing.skew_fleet import fleet_skew

    environment = output.environment
    after = parse_time_unix_nano(since, environment.clock()) if since else 0
    window_ns = parse_duration_ns(window)
    if window_ns <= 0:
        raise UsageError("--window takes a duration above 0", hint="1m is what it is without")
    found = fleet_skew(store, after, window_ns, only_hosts=hosts)
    if form == "json":
        output.document(fleet_document(found, window_ns))
        return
    if not found.pairs:
        Remarks(environment).note("no call is between two clocks")
    tables = [
        (skew_tables.PAIR_COLUMNS, skew_tables.pair_rows(found)),
        (skew_tables.CLOCK_COLUMNS, skew_tables.clock_rows(found.solution)),
    ]
    output.tables(tables, skew_tables.contradiction_lines(found.solution))
