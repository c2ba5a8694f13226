"""`otx trace list`: the newest traces of a store that match."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from otx.commands.trace.options import MOST_LISTED, InOption, OutOption, StoreOption
from otx.environment import Environment
from otx.errors import UsageError
from otx.output import Output, Remarks

if TYPE_CHECKING:
    from otx.model.telemetry import TraceSummary
    from otx.store.search import Search

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

_ROOT_CELLS = 100
"""Of a root's name so much stands in the table; other forms have all."""


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
    limit: Annotated[
        int, typer.Option("--limit", min=1, max=MOST_LISTED, help="How many at most.")
    ] = 50,
    form: Annotated[
        Literal["table", "json", "jsonl"], typer.Option("--format", help="The form of the output.")
    ] = "table",
    store: StoreOption = None,
    path: InOption = None,
    out: OutOption = "-",
) -> None:
    """List traces, newest first, of which one span matches all that is asked."""
    from otx.model.units import parse_time_unix_nano
    from otx.services.store_input import open_traces  # 250 ms: DuckDB, Arrow

    environment: Environment = ctx.obj
    search = _search(expression, service, min_duration, errors, attribute or [])
    after = parse_time_unix_nano(since, environment.clock()) if since else None
    with open_traces(environment, store, path) as opened:
        found = opened.traces(search, limit=limit, since_unix_nano=after)
    if form != "table":
        Output(environment, out).rows(KEYS, map(_keyed, found), form)
    elif found:
        Output(environment, out).rows(SHOWN_COLUMNS, map(_shown, found), form)
    if not found:
        Remarks(environment).note("no trace matches")
    elif len(found) == limit:
        Remarks(environment).note(f"only the {limit} newest; --limit shows more")


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
    from otx.model.cells import shorten
    from otx.model.units import format_duration, format_time

    waiting = "… " if trace.root_missing else ""
    return {
        "start": format_time(trace.start_unix_nano)[:23] + "Z",
        "trace_id": trace.trace_id,
        "duration": format_duration(trace.duration_ns),
        "spans": trace.span_count,
        "services": trace.service_count,
        "errors": f"✗ {trace.error_count}" if trace.error_count else "",
        "root": shorten(f"{waiting}{trace.root_service} {trace.root_name}", _ROOT_CELLS),
    }


def _keyed(trace: "TraceSummary") -> dict[str, Any]:
    """A row for programs."""
    from otx.model.units import format_time

    fields = {key: getattr(trace, key) for key in KEYS if key != "start_time"}
    return {**fields, "start_time": format_time(trace.start_unix_nano)}
