"""`otx trace show`: one trace as a tree."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from otx.commands.trace.options import InOption, OutOption, StoreOption, terminal_width
from otx.environment import Environment
from otx.errors import UsageError
from otx.output import Output

if TYPE_CHECKING:
    from otx.model.telemetry import Span
    from otx.tracing.span_sample_rows import TraceCode
    from otx.tracing.tree import TraceTree


def show(
    ctx: typer.Context,
    trace_id: Annotated[str, typer.Argument(help="The id, or its first 8 or more digits.")],
    form: Annotated[
        Literal["text", "json"], typer.Option("--format", help="The form of the output.")
    ] = "text",
    profile: Annotated[
        bool, typer.Option("--profile", help="With what the code of each span did, from samples.")
    ] = False,
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
    from otx.tracing.span_sample_rows import read_trace_code
    from otx.tracing.tree import build_tree

    environment: Environment = ctx.obj
    if profile and (raw or path is not None):
        other = "--raw" if raw else "--in"
        raise UsageError(f"{other} and --profile exclude each other", hint="samples are in a store")
    with open_traces(environment, store, path) as opened:
        spans = opened.trace(trace_id)
        code = read_trace_code(opened, trace_id, spans) if profile else None
    if not spans and (code is None or not code.spans):
        raise no_such_trace(trace_id)
    output = Output(environment, out)
    if raw:
        documents = [span_document(span) for span in spans]
        output.rows(list(documents[0]), documents, "jsonl")
        return
    tree = build_tree(spans)
    if form == "text":
        output.text("\n".join(_lines(tree, spans, code, terminal_width(environment))))
        return
    output.document(_document(tree, spans, code))


def _lines(
    tree: "TraceTree", spans: "list[Span]", code: "TraceCode | None", width: int
) -> list[str]:
    from otx.tracing.draw import describe_tree, draw_tree
    from otx.tracing.span_code import NOT_RECEIVED, draw_span_code

    if spans:
        head = f"trace {spans[0].trace_id}  {describe_tree(tree)}"
        lines = [head, "", *draw_tree(tree, width)]
    else:
        lines = [f"trace {code.trace_id}  {NOT_RECEIVED}"] if code else []
    return lines if code is None else [*lines, "", *draw_span_code(code, spans, width)]


def _document(tree: "TraceTree", spans: "list[Span]", code: "TraceCode | None") -> dict[str, Any]:
    from otx.tracing.document import span_document
    from otx.tracing.span_code import code_document

    trace_id = spans[0].trace_id if spans else code.trace_id if code else ""
    profile = {} if code is None else {"profile": code_document(code, spans)}
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
        **profile,
    }
