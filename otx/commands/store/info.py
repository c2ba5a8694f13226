"""`otx store info`: what a store holds."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from otx.environment import Environment
from otx.output import Output

if TYPE_CHECKING:
    from otx.store.inspection import StoreFacts

StoreOption = Annotated[str | None, typer.Option("--store", help="The store to look at.")]
_COLUMNS = ("kind", "segments", "rows", "size", "earliest", "latest")


def info(
    ctx: typer.Context,
    form: Annotated[
        Literal["text", "json"], typer.Option("--format", help="The form of the output.")
    ] = "text",
    store: StoreOption = None,
    out: Annotated[str, typer.Option("-o", "--out", help="Where to write; - is stdout.")] = "-",
) -> None:
    """Say what a store holds, from when, what waits, and what was lost on the way."""
    from otx.config import Config
    from otx.services.store_input import open_store  # 250 ms: DuckDB, Arrow
    from otx.store.inspection import store_facts
    from otx.store.layout import ReceiverLock

    environment: Environment = ctx.obj
    layout = open_store(environment, store).layout
    facts = store_facts(layout)
    holder = ReceiverLock.holder(layout.root)
    config = Config(environment)
    about = {
        "store": str(layout.root),
        "receiver_pid": holder.pid if holder else None,
        "retain_age": config.get("receive.retain-age").text,
        "retain_size": config.get("receive.retain-size").text,
    }
    output = Output(environment, out)
    if form == "json":
        output.document({**about, **_document(facts)})
    else:
        output.tables([(_COLUMNS, _rows(facts))], _lines(about, facts, environment.clock()))


def _document(facts: "StoreFacts") -> dict[str, Any]:
    from otx.model.units import format_time

    return {
        "kinds": {
            one.kind: {
                "segments": one.segments,
                "rows": one.rows,
                "bytes": one.bytes,
                "earliest": format_time(one.earliest_unix_nano),
                "latest": format_time(one.latest_unix_nano),
            }
            for one in facts.kinds
        },
        "waiting_requests": facts.waiting_requests,
        "waiting_bytes": facts.waiting_bytes,
        "waiting_since": format_time(facts.oldest_waiting_unix_nano)
        if facts.oldest_waiting_unix_nano
        else None,
        "retired_files": facts.retired_files,
        "aside_requests": facts.aside_requests,
        "aside_bytes": facts.aside_bytes,
        "expired_rows": facts.expired_rows,
        "odd_spans": dict(facts.odd_spans),
        "aside_segments": facts.aside_segments,
        "aside_rows": facts.aside_rows,
        "forward_bytes": facts.forward_bytes,
        "forward": [
            {
                "destination": one.destination,
                "waiting_bytes": one.waiting_bytes,
                "waiting_since": format_time(one.oldest_waiting_unix_nano)
                if one.oldest_waiting_unix_nano
                else None,
            }
            for one in facts.forward
        ],
    }


def _rows(facts: "StoreFacts") -> list[dict[str, Any]]:
    """For people."""
    from otx.model.units import format_count, format_size, format_time

    return [
        {
            "kind": one.kind,
            "segments": one.segments,
            "rows": format_count(one.rows),
            "size": format_size(one.bytes),
            "earliest": format_time(one.earliest_unix_nano),
            "latest": format_time(one.latest_unix_nano),
        }
        for one in facts.kinds
    ]


def _lines(about: dict[str, Any], facts: "StoreFacts", now_unix_nano: int) -> list[str]:
    from otx.model.units import counted, format_count, format_size

    waiting = counted(facts.waiting_requests, "request")
    aside = counted(facts.aside_requests, "request")
    who = f"process {about['receiver_pid']}" if about["receiver_pid"] else "nobody"
    return [
        f"store      {about['store']}",
        f"receiver   {who}",
        f"waiting    {waiting}, {format_size(facts.waiting_bytes)}",
        f"retention  {about['retain_age']}, {about['retain_size']} as configured; "
        f"{format_count(facts.expired_rows)} rows expired so far",
        f"aside      {aside}, {format_size(facts.aside_bytes)}",
        *_lost_lines(facts),
        *_forward_lines(facts, now_unix_nano),
        *(f"odd spans  {format_count(n)} {rule}" for rule, n in facts.odd_spans.items()),
    ]


def _forward_lines(facts: "StoreFacts", now_unix_nano: int) -> Iterator[str]:
    """What waits for each destination, and for how long."""
    from otx.model.cells import printable
    from otx.model.units import format_duration, format_size, format_time

    for one in facts.forward:
        since = one.oldest_waiting_unix_nano
        age = format_duration(max(0, now_unix_nano - since))
        behind = f", since {format_time(since)} ({age})" if since else ""
        waiting = (
            f"{format_size(one.waiting_bytes)} wait{behind}" if one.waiting_bytes else "all sent"
        )
        yield f"forward    {printable(one.destination)}: {waiting}"
    if facts.forward:
        yield f"           {format_size(facts.forward_bytes)} of logs kept"


def _lost_lines(facts: "StoreFacts") -> list[str]:
    from otx.model.units import counted, format_count

    if not facts.aside_segments:
        return []
    segments = counted(facts.aside_segments, "segment")
    return [f"damaged    {segments} set aside or gone, {format_count(facts.aside_rows)} rows"]
