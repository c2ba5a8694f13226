"""`otx trace map`: who calls whom."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from otx.commands.trace.options import InOption, OutOption, StoreOption
from otx.environment import Environment
from otx.output import Output, Remarks

if TYPE_CHECKING:
    from otx.tracing.service_map import ServiceMap


def show_map(
    ctx: typer.Context,
    since: Annotated[
        str | None, typer.Option("--since", help="Only later than this time, or -15m.")
    ] = None,
    form: Annotated[
        Literal["text", "json"], typer.Option("--format", help="The form of the output.")
    ] = "text",
    store: StoreOption = None,
    path: InOption = None,
    out: OutOption = "-",
) -> None:
    """Tell which service calls which, how often, how long it takes and how often it fails."""
    from otx.model.units import parse_time_unix_nano
    from otx.services.store_input import open_traces  # 250 ms: DuckDB, Arrow
    from otx.tracing.service_map import service_map

    environment: Environment = ctx.obj
    after = parse_time_unix_nano(since, environment.clock()) if since else 0
    with open_traces(environment, store, path) as opened:
        found = service_map(opened, after)
    output = Output(environment, out)
    if form == "json":
        output.document({"spanned_ns": found.spanned_ns, "calls": _documents(found)})
    elif found.calls:
        rows = _rows(found)
        output.rows(list(rows[0]), rows, "table")
    else:
        Remarks(environment).note("no service calls another")


def _documents(found: "ServiceMap") -> list[dict[str, Any]]:
    return [
        {
            "caller": one.caller,
            "callee": one.callee,
            "kind": one.kind,
            "count": one.count,
            "errors": one.errors,
            "rate_per_s": found.rate(one),
            "p50_ns": one.p50_ns,
            "p95_ns": one.p95_ns,
            "p99_ns": one.p99_ns,
        }
        for one in found.calls
    ]


def _rows(found: "ServiceMap") -> list[dict[str, Any]]:
    """For people."""
    from otx.model.units import format_duration

    return [
        {
            "caller": one.caller or "?",
            "callee": one.callee or "?",
            "kind": one.kind,
            "calls": one.count,
            "a second": f"{rate:.3g}" if (rate := found.rate(one)) is not None else "",
            "errors": f"✗ {one.errors} ({100 * one.errors / one.count:.1f} %)"
            if one.errors
            else "",
            "p50": format_duration(one.p50_ns),
            "p95": format_duration(one.p95_ns),
            "p99": format_duration(one.p99_ns),
        }
        for one in found.calls
    ]
