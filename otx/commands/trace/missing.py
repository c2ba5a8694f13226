"""`otx trace missing`: what is not there of a trace, and why that may be."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from otx.commands.trace.options import MOST_LISTED, InOption, OutOption, StoreOption
from otx.environment import Environment
from otx.output import Output

if TYPE_CHECKING:
    from otx.services.trace_questions import TraceInQuestion
    from otx.tracing.absent import AbsentParent, AbsentServer


def missing(
    ctx: typer.Context,
    trace_id: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="One trace; all that lack spans without.")
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", min=1, max=MOST_LISTED, help="How many traces at most.")
    ] = 20,
    form: Annotated[
        Literal["text", "json"], typer.Option("--format", help="The form of the output.")
    ] = "text",
    store: StoreOption = None,
    path: InOption = None,
    out: OutOption = "-",
) -> None:
    """Tell which parents and servers are missing, and which reasons the spans around them give."""
    from otx.services.store_input import open_traces  # 250 ms: DuckDB, Arrow
    from otx.services.trace_questions import incomplete_traces, read_trace
    from otx.tracing.absent import absent_parents, absent_servers

    environment: Environment = ctx.obj
    documents = []
    lines: list[str] = []
    with open_traces(environment, store, path) as opened:
        services = {summary.name for summary in opened.services()}
        ids = [trace_id] if trace_id is not None else incomplete_traces(opened, limit)
        for one in ids:
            asked = read_trace(opened, one)
            parents = absent_parents(asked.trace, environment.clock())
            servers = absent_servers(asked.trace, services)
            documents.append(_document(asked, parents, servers))
            lines += _lines(asked, parents, servers)
    output = Output(environment, out)
    if form == "json":
        output.document({"traces": documents})
    else:
        output.text("\n".join(lines) if lines else "no span is missing, as far as these can tell")


def _document(
    asked: "TraceInQuestion", parents: list["AbsentParent"], servers: list["AbsentServer"]
) -> dict[str, Any]:
    from otx.tracing.explain.completeness import MISSING_PARENT, MISSING_SERVER

    return {
        "trace_id": asked.id,
        "missing_parents": [
            {
                "rule": MISSING_PARENT.id,
                "span_id": one.missing.span_id,
                "service": one.service or None,
                "children": [asked.span(number) for number in one.missing.children],
                "started_by_unix_nano": one.missing.start_unix_nano,
                "children_ended_unix_nano": one.missing.end_unix_nano,
                "reasons": [
                    {"rule": reason.rule, "cause": reason.cause, "evidence": reason.evidence}
                    for reason in one.reasons
                ],
            }
            for one in parents
        ],
        "missing_servers": [
            {"rule": MISSING_SERVER.id, "client": asked.span(one.client), "peer": one.peer}
            for one in servers
        ],
    }


def _lines(
    asked: "TraceInQuestion", parents: list["AbsentParent"], servers: list["AbsentServer"]
) -> list[str]:
    from otx.model.cells import printable
    from otx.model.units import counted

    if not parents and not servers:
        return []
    lines = [f"trace {asked.id}"]
    for one in parents:
        whose = f" of {one.service}" if one.service else ""
        children = counted(len(one.missing.children), "child", "children")
        lines.append(printable(f"  parent {one.missing.span_id}{whose} is missing, of {children}:"))
        for number in one.missing.children[:3]:
            span = asked.trace.spans[number]
            lines.append(printable(f"    {span.span_id}  {span.service or '?'} {span.name}"))
        lines += [f"    {reason.cause}: {printable(reason.evidence)}" for reason in one.reasons]
    for server in servers:
        span = asked.trace.spans[server.client]
        lines.append(
            printable(f"  {server.peer} was called by {span.span_id} ({span.name}), no span tells")
        )
    return lines
