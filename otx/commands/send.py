"""`otx send`: send OTLP to a receiver."""

from typing import Annotated, Literal

import typer

from otx.commands import command_app
from otx.config import Config, Value
from otx.environment import Environment
from otx.errors import ExitCode, UsageError
from otx.model.units import parse_duration_ns, parse_rate_per_s, parse_size
from otx.output import Output, Remarks

app = command_app(help="Send OTLP to a receiver.")

_DEFAULT_COUNT = 100


@app.callback()
def about() -> None:
    """Send OTLP to a receiver."""


@app.command()
def traces(
    ctx: typer.Context,
    endpoint: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Where to (OTEL_EXPORTER_OTLP_ENDPOINT, else localhost)."),
    ] = None,
    protocol: Annotated[
        Literal["grpc", "http/protobuf", "http/json"] | None,
        typer.Option(help="grpc for HOST:PORT and port 4317, else http/protobuf."),
    ] = None,
    count: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Spans to send (100).")
    ] = None,
    rate: Annotated[
        str | None, typer.Option(metavar="RATE", help="Spans a second, such as 500/s.")
    ] = None,
    duration: Annotated[
        str | None, typer.Option(metavar="TIME", help="Stop after this long, such as 10s.")
    ] = None,
    services: Annotated[
        int, typer.Option(metavar="N", min=1, max=1000, help="Different services.")
    ] = 5,
    depth: Annotated[
        int,
        typer.Option(metavar="D", min=1, max=12, help="Services that call one another in a row."),
    ] = 3,
    errors: Annotated[
        float, typer.Option(metavar="P", min=0, max=1, help="Share of traces that fail.")
    ] = 0.05,
    attr: Annotated[
        list[str] | None, typer.Option(metavar="K=V", help="Attribute of every span.")
    ] = None,
    resource: Annotated[
        list[str] | None, typer.Option(metavar="K=V", help="Attribute of every resource.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(metavar="N", help="Make the same traces again.")
    ] = None,
    compression: Annotated[
        Literal["none", "gzip", "zstd"], typer.Option(help="zstd over HTTP only.")
    ] = "none",
    header: Annotated[
        list[str] | None, typer.Option(metavar="K=V", help="Header, or gRPC metadata.")
    ] = None,
    timeout: Annotated[str, typer.Option(metavar="TIME", help="For one request.")] = "10s",
    max_request: Annotated[
        str, typer.Option(metavar="SIZE", help="Largest request before compression.")
    ] = "4MiB",
    form: Annotated[
        Literal["text", "json"], typer.Option("--format", help="Form of the summary.")
    ] = "text",
) -> int:
    """Send made-up traces: several services, some of which fail.

    Without --count, --rate and --duration, 100 spans are sent; with --rate alone, until Ctrl-C.
    """
    import random

    # 60 ms
    from otx.model.signal import Signal
    from otx.otlp.exporter.endpoint import parse_header, resolve_endpoint
    from otx.otlp.synthetic.traces import TraceShape, TraceSource
    from otx.services.send import SendOptions, send

    environment: Environment = ctx.obj
    place = _own_setting(environment, "send.endpoint", endpoint)
    way = _own_setting(environment, "send.protocol", protocol)
    headers = dict(parse_header(text) for text in header or [])
    options = SendOptions(
        signal=Signal.TRACES,
        endpoint=resolve_endpoint(
            Signal.TRACES,
            environment.variables,
            endpoint=place.text if place else None,
            protocol=way.text if way else None,
            headers=headers,
            endpoint_origin="--endpoint"
            if place is None or place.origin == "flag"
            else place.origin,
        ),
        rate_per_s=None if rate is None else _positive_rate(rate),
        count=count if count or rate or duration else _DEFAULT_COUNT,
        duration_s=None if duration is None else parse_duration_ns(duration) / 1e9,
        timeout_s=parse_duration_ns(timeout) / 1e9,
        max_request_bytes=parse_size(max_request),
        compression=compression,
    )
    shape = TraceShape(services, depth, errors, _pairs(attr), _pairs(resource))
    remarks = Remarks(environment)
    report = send(options, TraceSource(shape, random.Random(seed)), remarks.note)
    output = Output(environment)
    if form == "json":
        output.document(report.document())
    else:
        output.text("\n".join(report.lines()))
    if report.asked_rate_per_s is not None and report.is_below_rate:
        asked, reached = round(report.asked_rate_per_s), round(report.rate_per_s)
        remarks.warning(f"{asked}/s was asked for, {reached}/s was reached")
    return ExitCode.PEER if report.rejected or report.failed else ExitCode.DONE


def _own_setting(environment: Environment, key: str, flag: str | None) -> Value | None:
    """A setting, unless the variables of OpenTelemetry decide; those have rules of their own."""
    value = Config(environment).get(key, flag)
    if value.origin == "flag" or value.origin.startswith("environment OTX_"):
        return value
    name = key.partition(".")[2].upper()
    standard = (f"OTEL_EXPORTER_OTLP_TRACES_{name}", f"OTEL_EXPORTER_OTLP_{name}")
    if value.origin == "default" or any(environment.variables.get(it) for it in standard):
        return None
    return value


def _positive_rate(text: str) -> float:
    rate_per_s = parse_rate_per_s(text)
    if rate_per_s <= 0:
        raise UsageError("--rate has to be above 0")
    return rate_per_s


def _pairs(texts: list[str] | None) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in texts or []:
        key, equals, value = text.partition("=")
        if not key or not equals:
            raise UsageError(f"{text!r} is no attribute", hint="write it like --attr team=blue")
        pairs[key] = value
    return pairs
