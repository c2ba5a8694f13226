"""`otx trace paths`: what an operation waits for, over many traces."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from otx.commands.trace.options import MOST_LISTED, InOption, OutOption, StoreOption
from otx.environment import Environment
from otx.errors import NotThere
from otx.output import Output

if TYPE_CHECKING:
    from otx.tracing.path_profile import CallPath, PathProfile
    from otx.tracing.sibling_orders import SiblingOrder

_MOST_ROWS = 20


def paths(
    ctx: typer.Context,
    service: Annotated[str, typer.Option("--service", help="Whose operation.")],
    operation: Annotated[str, typer.Option("--operation", help="The name of its spans.")],
    since: Annotated[
        str | None, typer.Option("--since", help="Only later than this time, or -15m.")
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", min=1, max=MOST_LISTED, help="How many calls at most.")
    ] = 500,
    form: Annotated[
        Literal["text", "json"], typer.Option("--format", help="The form of the output.")
    ] = "text",
    store: StoreOption = None,
    path: InOption = None,
    out: OutOption = "-",
) -> None:
    """Add up the critical paths of an operation's calls, and tell in which order siblings run."""
    from otx.model.units import parse_time_unix_nano
    from otx.services.store_input import open_traces  # 250 ms: DuckDB, Arrow
    from otx.services.trace_questions import calls_of
    from otx.tracing.path_profile import path_profile
    from otx.tracing.sibling_orders import sibling_orders

    environment: Environment = ctx.obj
    after = parse_time_unix_nano(since, environment.clock()) if since else 0
    with open_traces(environment, store, path) as opened:
        calls = calls_of(opened, service, operation, after, limit)
    if not calls:
        raise NotThere(
            f"{service} has no span {operation!r}", hint="`otx trace list` shows what there is"
        )
    profile = path_profile((asked.timing, number) for asked, number in calls)
    traces = {asked.id: asked.trace for asked, _ in calls}
    orders = sibling_orders(traces.values())
    output = Output(environment, out)
    if form == "json":
        output.document(_document(profile, orders))
    else:
        output.text("\n".join(_lines(profile, orders)))


def _document(profile: "PathProfile", orders: "list[SiblingOrder]") -> dict[str, Any]:
    return {
        "calls": profile.traces,
        "p50_ns": profile.quantiles_ns[0],
        "p95_ns": profile.quantiles_ns[1],
        "p99_ns": profile.quantiles_ns[2],
        "paths": [
            {
                "path": [{"service": service, "name": name} for service, name in one.path],
                "calls": one.traces,
                "mean_ns": one.mean_ns,
                "slow_mean_ns": one.slow_mean_ns,
                "example": one.example,
            }
            for one in profile.shares
        ],
        "orders": [
            {
                "parent": {"service": one.parent[0], "name": one.parent[1]},
                "first": {"service": one.first[0], "name": one.first[1]},
                "second": {"service": one.second[0], "name": one.second[1]},
                "traces": one.traces,
                "before": one.before,
                "refuted": one.is_refuted,
                "counter_example": one.counter_example or None,
            }
            for one in orders
        ],
    }


def _lines(profile: "PathProfile", orders: "list[SiblingOrder]") -> list[str]:
    from otx.model.cells import printable
    from otx.model.units import counted, format_duration

    p50, p95, p99 = map(format_duration, profile.quantiles_ns)
    whole = sum(one.mean_ns for one in profile.shares) or 1.0
    lines = [
        f"{counted(profile.traces, 'call')}: p50 {p50}, p95 {p95}, p99 {p99}",
        "",
        "own time on the critical path: a call, a slow call (slowest 5 %), share, calls",
    ]
    for one in profile.shares[:_MOST_ROWS]:
        own, slow = format_duration(round(one.mean_ns)), format_duration(round(one.slow_mean_ns))
        share = 100 * one.mean_ns / whole
        figures = f"{own:>9} {slow:>9} {share:5.1f} % {one.traces:>6}"
        lines.append(printable(f"{figures}  {_shown(one.path)}"))
    if len(profile.shares) > _MOST_ROWS:
        lines.append(f"and {len(profile.shares) - _MOST_ROWS} more; --format json has all")
    if orders:
        lines += ["", "siblings in one order, and the trace that refutes it"]
    for order in orders[:_MOST_ROWS]:
        refuted = f", refuted by {order.counter_example}" if order.is_refuted else ""
        first, second = " ".join(order.first), " ".join(order.second)
        told = f"in {order.before} of {counted(order.traces, 'trace')}{refuted}"
        lines.append(printable(f"  {first} before {second} {told}"))
    return lines


def _shown(path: "CallPath") -> str:
    """The last two calls of a path, and how deep they lie."""
    names = [f"{service or '?'} {name}" for service, name in path]
    above = f"[{len(names) - 2}] " if len(names) > 2 else ""
    return above + " → ".join(names[-2:])
