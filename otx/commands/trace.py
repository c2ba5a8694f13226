"""`otx trace`: traces of a store, as a list and one at a time."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from otx.commands import command_app
from otx.config import Config
from otx.environment import Environment
from otx.errors import NotThere, UsageError
from otx.output import Output, Remarks

if TYPE_CHECKING:
    from otx.model.telemetry import TraceSummary
    from otx.store.reader import Store
    from otx.store.search import Search

app = command_app(help="List and show traces from a store.")

SHOWN_COLUMNS = ["start", "trace_id", "duration", "spans", "services", "errors", "root"]
KEYS = [
    "trace_id",
    "start_time",
    "duration_ns",
    "span_count",
    "service_count",
    "error_count",
    "root_service",
    "root_name",
    "root_missing",
]
DEFAULT_WIDTH = 120

StoreOption = Annotated[str | None, typer.Option("--store", help="The store to read.")]
OutOption = Annotated[str, typer.Option("-o", "--out", help="Where to write; - is stdout.")]


@app.command("list")
def list_traces(
    ctx: typer.Context,
    expression: Annotated[
        str, typer.Argument(metavar="[EXPR]", help="What to search for: service:x duration:>200ms")
    ] = "",
    service: Annotated[
        str | None, typer.Option("--service", help="Only with a span of this service.")
    ] = None,
    min_duration: Annotated[
        str | None, typer.Option("--min-duration", help="Only with a span this long or longer.")
    ] = None,
    errors: Annotated[bool, typer.Option("--errors", help="Only with a span that failed.")] = False,
    attribute: Annotated[
        list[str] | None, typer.Option("--attr", help="Only with this attribute, as K=V.")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", help="Only later than this time, or -15m.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many at most.")] = 50,
    form: Annotated[
        Literal["table", "json", "jsonl"], typer.Option("--format", help="The form of the output.")
    ] = "table",
    store: StoreOption = None,
    out: OutOption = "-",
) -> None:
    """List traces, newest first, of which one span matches all that is asked."""
    from otx.model.units import parse_time_unix_nano

    environment: Environment = ctx.obj
    search = _search(expression, service, min_duration, errors, attribute or [])
    after = parse_time_unix_nano(since, environment.clock()) if since else None
    found = open_store(environment, store).traces(search, limit=limit, since_unix_nano=after)
    if form != "table":
        Output(environment, out).rows(KEYS, map(_keyed, found), form)
    elif found:
        Output(environment, out).rows(SHOWN_COLUMNS, map(_shown, found), form)
    if not found:
        Remarks(environment).note("no trace matches")
    elif len(found) == limit:
        Remarks(environment).note(f"only the {limit} newest; --limit shows more")


@app.command()
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
    out: OutOption = "-",
) -> None:
    """Show one trace as a tree beside its waterfall."""
    from otx.tracing.document import span_document
    from otx.tracing.draw import describe_tree, draw_tree
    from otx.tracing.tree import build_tree

    environment: Environment = ctx.obj
    spans = open_store(environment, store).trace(trace_id)
    if not spans:
        raise NotThere(f"no trace {trace_id} in the store", hint="`otx trace list` shows what is")
    output = Output(environment, out)
    if raw:
        documents = [span_document(span) for span in spans]
        output.rows(list(documents[0]), documents, "jsonl")
        return
    tree = build_tree(spans)
    if form == "text":
        head = f"trace {spans[0].trace_id}  {describe_tree(tree)}"
        output.text("\n".join([head, "", *draw_tree(tree, _width(environment))]))
        return
    placed = [node for node in tree.nodes() if node.span is not None]
    output.document(
        {
            "trace_id": spans[0].trace_id,
            "duration_ns": tree.duration_ns,
            "span_count": tree.spans,
            "orphans": tree.orphans,
            "duplicates": tree.duplicates,
            "cycles": tree.cycles,
            "spans": [
                {"depth": node.depth, **span_document(node.span)} for node in placed if node.span
            ],
        }
    )


def open_store(environment: Environment, flag: str | None) -> "Store":
    """The store that is configured.

    Raises:
        StoreMissing: Nothing was ever kept there.
    """
    from otx.store.errors import StoreMissing
    from otx.store.reader import Store  # 250 ms: DuckDB, Arrow

    store = Store(Config(environment).store_dir(flag))
    if not store.is_there():
        raise StoreMissing(
            f"nothing was received yet: there is no store in {store.layout.root}",
            hint="`otx receive` makes one; --store or OTX_STORE names another",
        )
    return store


def _search(
    expression: str,
    service: str | None,
    min_duration: str | None,
    errors: bool,
    attributes: list[str],
) -> "Search":
    """The expression and what the flags add to it."""
    from otx.model.units import parse_duration_ns
    from otx.store.search import Search, Term, parse_search

    terms = list(parse_search(expression).terms)
    if service is not None:
        terms.append(Term("service", "=", service, quoted=True))
    if min_duration is not None:
        parse_duration_ns(min_duration)
        terms.append(Term("duration", ">=", min_duration))
    if errors:
        terms.append(Term("status", "=", "error"))
    for pair in attributes:
        key, equals, value = pair.partition("=")
        if not key or not equals:
            raise UsageError(f"--attr takes K=V, not {pair!r}")
        terms.append(Term(f"@{key}", "=", value, quoted=True))
    return Search(tuple(terms), expression)


def _shown(trace: "TraceSummary") -> dict[str, Any]:
    """A row for people."""
    from otx.model.units import format_duration, format_time

    waiting = "… " if trace.root_missing else ""
    return {
        "start": format_time(trace.start_unix_nano)[:23] + "Z",
        "trace_id": trace.trace_id,
        "duration": format_duration(trace.duration_ns),
        "spans": trace.span_count,
        "services": trace.service_count,
        "errors": f"✗ {trace.error_count}" if trace.error_count else "",
        "root": f"{waiting}{trace.root_service} {trace.root_name}",
    }


def _keyed(trace: "TraceSummary") -> dict[str, Any]:
    """A row for programs."""
    from otx.model.units import format_time

    fields = {key: getattr(trace, key) for key in KEYS if key != "start_time"}
    return {**fields, "start_time": format_time(trace.start_unix_nano)}


def _width(environment: Environment) -> int:
    """The terminal's width; a fixed one where stdout is none, so that output can be compared."""
    import shutil

    if not environment.stdout_is_terminal:
        return DEFAULT_WIDTH
    return shutil.get_terminal_size((DEFAULT_WIDTH, 24)).columns
