"""`otx trace explain`: why a request was slow or failed, and what is missing."""

from typing import Annotated, Literal

import typer

from otx.commands.trace.options import InOption, OutOption, StoreOption, terminal_width
from otx.environment import Environment
from otx.output import Output, Painter


def explain(
    ctx: typer.Context,
    trace_id: Annotated[str, typer.Argument(help="The id, or its first 8 or more digits.")],
    why: Annotated[
        bool, typer.Option("--why", help="Below each statement its rule and its spans.")
    ] = False,
    form: Annotated[
        Literal["text", "json"], typer.Option("--format", help="The form of the output.")
    ] = "text",
    store: StoreOption = None,
    path: InOption = None,
    out: OutOption = "-",
) -> None:
    """Tell why a request was slow or failed, what is missing, and how far that can be trusted."""
    from otx.services.store_input import open_traces  # 250 ms: DuckDB, Arrow
    from otx.services.trace_questions import read_trace
    from otx.tracing.explain.compose import explain as explain_trace
    from otx.tracing.explain.document import explanation_document
    from otx.tracing.explain.lines import ExplanationText
    from otx.tracing.peers import peers

    environment: Environment = ctx.obj
    with open_traces(environment, store, path) as opened:
        trace = read_trace(opened, trace_id).trace
        services = {summary.name for summary in opened.services()}
        found = explain_trace(trace, environment.clock(), services, peers(opened, trace))
    output = Output(environment, out)
    if form == "json":
        output.document(explanation_document(found))
        return
    with output.stream() as stream:
        painter = Painter(wants_colour=environment.wants_colour(stream))
        text = ExplanationText(found, painter, terminal_width(environment), why=why)
        stream.write("\n".join(text.lines()) + "\n")
