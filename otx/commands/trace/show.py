"""`otx trace show`: one trace as a tree."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from otx.commands.trace.options import InOption, OutOption, StoreOption, terminal_width
from otx.environment import Environment
from otx.output import Output

if TYPE_CHECKING:
    from otx.tracing.tree import TraceTree


def show(
    ctx: typer.Context,
    trace_id: Annotated[str, typer.Argument(help="The id, or its first 8 or more digits.")],
    form: Annotated[
        Literal["text", "json"], typer.Option("--format", help="The form of the output.")
    ] = "text",
    raw: Annotated[
        bool, typer.Option("--raw", help="Every span with all it carries, as JSON lines.")
    ] = False,
    store: StoreOption = None,
    path: InOption = None,
    out: OutOption = "-",
) -> None:
    """Show one trace as a tree beside its waterfall."""
    from otx.services.store_input import open_traces  # 250 ms: DuckDB, Arrow
    from otx.services.trace_questions import no_such_trace
    from otx.tracing.document import span_document
    from otx.tracing.draw import describe_tree, draw_tree
    from otx.tracing.tree import build_tree

    environment: Environment = ctx.obj
    with open_traces(environment, store, path) as opened:
        spans = opened.trace(trace_id)
    if not spans:
        raise no_such_trace(trace_id)
    output = Output(environment, out)
    if raw:
        documents = [span_document(span) for span in spans]
        output.rows(list(documents[0]), documents, "jsonl")
        return
    tree = build_tree(spans)
    if form == "text":
        head = f"trace {spans[0].trace_id}  {describe_tree(tree)}"
        output.text("\n".join([head, "", *draw_tree(tree, terminal_width(environment))]))
        return
    output.document(_document(spans[0].trace_id, tree))


def _document(trace_id: str, tree: "TraceTree") -> dict[str, Any]:
    from otx.tracing.document import span_document

    return {
        "trace_id": trace_id,
        "duration_ns": tree.duration_ns,
        "span_count": tree.spans,
        "orphans": tree.orphans,
        "duplicates": tree.duplicates,
        "cycles": tree.cycles,
        "spans": [
            {"depth": node.depth, **span_document(node.span)} for node in tree.nodes() if node.span
        ],
    }
