"""`otx trace order`: which of two spans came first, and how one knows."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from otx.commands.trace.options import InOption, OutOption, StoreOption
from otx.environment import Environment
from otx.errors import ExitCode
from otx.output import Output

if TYPE_CHECKING:
    from otx.services.trace_questions import TraceInQuestion
    from otx.tracing.edges import Event
    from otx.tracing.order import Order


def order(
    ctx: typer.Context,
    span_a: Annotated[str, typer.Argument(help="A span's id, or its first 4 or more digits.")],
    span_b: Annotated[str, typer.Argument(help="Another's, of the same trace.")],
    trace_id: Annotated[
        str | None, typer.Option("--trace", metavar="ID", help="The trace they are in.")
    ] = None,
    form: Annotated[
        Literal["text", "json"], typer.Option("--format", help="The form of the output.")
    ] = "text",
    store: StoreOption = None,
    path: InOption = None,
    out: OutOption = "-",
) -> int:
    """Tell which of two spans came first, and how one knows.

    Exits with 0 where one caused the other, or ended or began before it as a chain of edges shows;
    with 1 where they ran beside one another or nobody can know.
    """
    from otx.errors import UsageError
    from otx.services.store_input import open_traces  # 250 ms: DuckDB, Arrow
    from otx.services.trace_questions import number_of, read_trace, trace_of_span
    from otx.tracing.order import order as find_order

    environment: Environment = ctx.obj
    with open_traces(environment, store, path) as opened:
        asked = read_trace(opened, trace_id or trace_of_span(opened, span_a))
    one, other = number_of(asked, span_a), number_of(asked, span_b)
    if one == other:
        raise UsageError("these are one span", hint="two different ones can be ordered")
    found = find_order(asked.graph, asked.clocks, asked.timing, one, other)
    output = Output(environment, out)
    if form == "json":
        output.document(_document(asked, found))
    else:
        output.text("\n".join(_lines(asked, found)))
    return ExitCode.DONE if found.relation == "caused" else ExitCode.NO


def _document(asked: "TraceInQuestion", found: "Order") -> dict[str, Any]:
    return {
        "trace_id": asked.id,
        "relation": found.relation,
        "first": asked.span(found.first),
        "second": asked.span(found.second),
        "completed": found.completed,
        "strength": found.strength,
        "why": found.why,
        "overlap_ns": found.overlap_ns,
        "chain": [
            {
                "from": _event(asked, edge.source),
                "to": _event(asked, edge.target),
                "rule": edge.rule.id,
                "strength": edge.rule.strength,
                "why": edge.rule.why,
            }
            for edge in found.chain
        ],
        "vector_clocks": {
            "first": asked.clocks.by_process(2 * found.first),
            "second": asked.clocks.by_process(2 * found.second),
        },
    }


def _event(asked: "TraceInQuestion", event: "Event") -> dict[str, Any]:
    return {**asked.span(event // 2), "event": "end" if event % 2 else "start"}


def _lines(asked: "TraceInQuestion", found: "Order") -> list[str]:
    from otx.model.units import format_duration

    first, second = _named(asked, found.first), _named(asked, found.second)
    if found.relation != "caused":
        words = {"concurrent": "concurrent: they ran beside one another"}
        head = words.get(found.relation, "unknown: nobody can tell from what was recorded")
        return [head, f"  {first}", f"  {second}", f"  {found.why}"]
    lines = [_head(found), f"  {first}", f"  {second}", ""]
    for edge in found.chain:
        word = "end" if edge.target % 2 else "start"
        lines.append(f"  → {word} of {_named(asked, edge.target // 2)}")
        lines.append(f"      {edge.rule.strength}, {edge.rule.id}: {edge.rule.why}")
    if found.overlap_ns is not None and found.overlap_ns < 0:
        gap = format_duration(-found.overlap_ns)
        starts = asked.timing.starts
        is_reverse = starts[found.second] < starts[found.first]
        text = f"their times say otherwise: the second ended {gap} before the first began"
        lines.append(f"  {text if is_reverse else f'{gap} lie between them'}")
    return lines


def _head(found: "Order") -> str:
    from otx.tracing.edges import BEGAN

    if found.completed:
        return f"caused ({found.strength}): the first had ended before the other began"
    if any(edge.rule is BEGAN for edge in found.chain):
        return f"before ({found.strength}): the first began before the other; no cause is shown"
    return f"caused ({found.strength}): the first led to the other"


def _named(asked: "TraceInQuestion", number: int) -> str:
    from otx.model.cells import printable

    span = asked.trace.spans[number]
    return printable(f"{span.span_id}  {span.service or '?'} {span.name}")
