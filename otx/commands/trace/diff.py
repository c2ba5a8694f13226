"""`otx trace diff`: two traces side by side."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from otx.commands.trace.options import InOption, OutOption, StoreOption, terminal_width
from otx.environment import Environment
from otx.output import Output

if TYPE_CHECKING:
    from otx.tracing.comparison import Comparison, Pair

_MARKS = {
    "same": " ",
    "slower": "▲",
    "faster": "▼",
    "added": "+",
    "removed": "-",
    "failed": "✗",
    "recovered": "✓",
}


def diff(
    ctx: typer.Context,
    before: Annotated[str, typer.Argument(metavar="ID", help="The trace to compare with.")],
    after: Annotated[str, typer.Argument(metavar="ID", help="The other trace.")],
    form: Annotated[
        Literal["text", "json"], typer.Option("--format", help="The form of the output.")
    ] = "text",
    store: StoreOption = None,
    path: InOption = None,
    out: OutOption = "-",
) -> None:
    """Compare two traces: what one has and the other has not, and where the time went.

    Spans are paired by service, name and kind below paired parents. Times are each span's own,
    without its children's.
    """
    from otx.services.store_input import open_traces  # 250 ms: DuckDB, Arrow
    from otx.services.trace_questions import read_trace
    from otx.tracing.comparison import compare

    environment: Environment = ctx.obj
    with open_traces(environment, store, path) as opened:
        one, other = read_trace(opened, before), read_trace(opened, after)
    found = compare(one.timing, other.timing)
    output = Output(environment, out)
    if form == "json":
        output.document(_document(one.id, other.id, found))
    else:
        output.text("\n".join(_lines(one.id, other.id, found, terminal_width(environment))))


def _document(before: str, after: str, found: "Comparison") -> dict[str, Any]:
    return {
        "before": {"trace_id": before, "duration_ns": found.duration_ns(found.before)},
        "after": {"trace_id": after, "duration_ns": found.duration_ns(found.after)},
        "places": [
            {
                "depth": pair.depth,
                "change": found.change(pair),
                "service": found.span(pair).service,
                "name": found.span(pair).name,
                "kind": found.span(pair).kind,
                "before": _side(found, pair, is_before=True),
                "after": _side(found, pair, is_before=False),
                "own_change_ns": pair.own_change_ns,
            }
            for pair in found.pairs
        ],
    }


def _side(found: "Comparison", pair: "Pair", *, is_before: bool) -> dict[str, Any] | None:
    number = pair.before if is_before else pair.after
    if number is None:
        return None
    span = (found.before if is_before else found.after).spans[number]
    own = pair.own_before_ns if is_before else pair.own_after_ns
    return {
        "span_id": span.span_id,
        "duration_ns": span.duration_ns,
        "own_ns": own,
        "status": span.status,
    }


def _lines(before: str, after: str, found: "Comparison", width: int) -> list[str]:
    from otx.model.cells import fit
    from otx.model.units import format_duration

    cells = max(width - 36, 24)
    total = found.duration_ns(found.after) - found.duration_ns(found.before)
    lines = [
        f"before  {before}  {format_duration(found.duration_ns(found.before))}",
        f"after   {after}  {format_duration(found.duration_ns(found.after))}  {_signed(total)}",
        "",
        f"  {fit('', cells)}  {'own before':>10} {'own after':>10} {'change':>10}",
    ]
    for pair in found.pairs:
        span = found.span(pair)
        change = found.change(pair)
        name = fit(f"{'  ' * pair.depth}{span.service or '?'} {span.name}", cells)
        own = [
            "" if number is None else format_duration(ns)
            for number, ns in (
                (pair.before, pair.own_before_ns),
                (pair.after, pair.own_after_ns),
            )
        ]
        told = change if change in ("added", "removed") else _signed(pair.own_change_ns)
        lines.append(f"{_MARKS[change]} {name}  {own[0]:>10} {own[1]:>10} {told:>10}".rstrip())
    return lines


def _signed(ns: int) -> str:
    from otx.model.units import format_duration

    return f"{'+' if ns > 0 else '-' if ns < 0 else '±'}{format_duration(abs(ns))}"
