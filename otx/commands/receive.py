"""`otx receive`: take OTLP from any SDK or Collector and keep it."""

from typing import Annotated, Literal

import typer

from otx.commands import command_app
from otx.config import Config
from otx.environment import Environment
from otx.errors import UsageError
from otx.model.units import parse_duration_ns, parse_size
from otx.output import Output, Remarks

app = command_app(help="Receive OTLP over gRPC and HTTP and keep it.")


@app.command()
def receive(
    ctx: typer.Context,
    grpc: Annotated[
        str | None, typer.Option(metavar="ADDR", help="HOST:PORT or unix:PATH (127.0.0.1:4317).")
    ] = None,
    http: Annotated[
        str | None, typer.Option(metavar="ADDR", help="HOST:PORT or unix:PATH (127.0.0.1:4318).")
    ] = None,
    store: Annotated[
        str | None, typer.Option(metavar="DIR|none", help="Where to keep it; none keeps nothing.")
    ] = None,
    form: Annotated[
        Literal["none", "summary", "full", "jsonl"] | None,
        typer.Option("--print", help="What to show on stdout (summary on a terminal, else none)."),
    ] = None,
    max_request: Annotated[
        str | None,
        typer.Option(metavar="SIZE", help="Largest request, also after decompression (64MiB)."),
    ] = None,
    fsync: Annotated[
        Literal["always", "interval"] | None,
        typer.Option(help="Acknowledge after fsync, or within a second of it."),
    ] = None,
    retain: Annotated[
        list[str] | None,
        typer.Option(metavar="AGE|SIZE", help="How long or how much is kept (24h and 10GiB)."),
    ] = None,
    duration: Annotated[
        str | None, typer.Option(metavar="TIME", help="Stop after this long, such as 10s.")
    ] = None,
    count: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Stop after this many spans, log records, …"),
    ] = None,
) -> None:
    """Receive OTLP over gRPC and HTTP and keep it.

    Runs until Ctrl-C, the duration's end or the count. Prints one line
    `ready grpc=HOST:PORT http=HOST:PORT` on stderr when it accepts. Port 0 picks a free port.
    """
    # 45 ms
    from otx.otlp.address import Address
    from otx.services.receive import ReceiveOptions, Voice
    from otx.services.receive import receive as run

    environment: Environment = ctx.obj
    config = Config(environment)
    terminal_form: Literal["summary", "none"] = (
        "summary" if environment.stdout_is_terminal else "none"
    )
    age_ns, size = _retention(config, retain or [])
    options = ReceiveOptions(
        grpc=Address.parse(config.get("receive.grpc", grpc).text),
        http=Address.parse(config.get("receive.http", http).text),
        store_dir=None if store == "none" else config.store_dir(store),
        max_request_bytes=parse_size(config.get("receive.max-request", max_request).text),
        backlog_bytes=parse_size(config.get("receive.backlog").text),
        fsync=_fsync(config.get("receive.fsync", fsync).text),
        duration_s=None if duration is None else parse_duration_ns(duration) / 1e9,
        count=count,
        print_form=form or terminal_form,
        retain_age_ns=age_ns,
        retain_bytes=size,
    )
    remarks = Remarks(environment)
    voice = Voice(write=Output(environment).text, note=remarks.note, warn=remarks.warning)
    for line in run(options, voice).lines():
        remarks.note(line)


def _retention(config: Config, texts: list[str]) -> tuple[int, int]:
    """The age in nanoseconds and the size in bytes that are kept."""
    age_ns = parse_duration_ns(config.get("receive.retain-age").text)
    size = parse_size(config.get("receive.retain-size").text)
    for text in texts:
        if text[-1:] in "smhd":
            age_ns = parse_duration_ns(text)
        else:
            size = parse_size(text)
    return age_ns, size


def _fsync(text: str) -> Literal["always", "interval"]:
    if text == "always":
        return "always"
    if text == "interval":
        return "interval"
    raise UsageError(f"receive.fsync is always or interval, not {text!r}")
