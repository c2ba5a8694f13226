"""`otx send`: send OTLP to a receiver."""

from typing import TYPE_CHECKING, Literal

import typer

from otx.commands import command_app
from otx.commands import send_options as flags
from otx.config import Config, Value
from otx.environment import Environment
from otx.errors import ExitCode, UsageError
from otx.model.units import parse_duration_ns, parse_rate_per_s, parse_size
from otx.output import Output, Remarks

if TYPE_CHECKING:
    from otx.otlp.exporter.endpoint import Endpoint
    from otx.services.send_report import SendReport

app = command_app(help="Send OTLP to a receiver.")

_DEFAULT_COUNT = 100


@app.callback()
def about() -> None:
    """Send OTLP to a receiver."""


@app.command()
def traces(
    ctx: typer.Context,
    endpoint: flags.Endpoint = None,
    protocol: flags.Protocol = None,
    count: flags.Count = None,
    rate: flags.Rate = None,
    duration: flags.Duration = None,
    services: flags.Services = 5,
    depth: flags.Depth = 3,
    errors: flags.Errors = 0.05,
    attr: flags.SpanAttributes = None,
    resource: flags.ResourceAttributes = None,
    seed: flags.Seed = None,
    compression: flags.Compression = "none",
    header: flags.Headers = None,
    timeout: flags.Timeout = "10s",
    max_request: flags.MaxRequest = "4MiB",
    form: flags.SummaryForm = "text",
) -> int:
    """Send made-up traces: several services, some of which fail.

    Without --count, --rate and --duration, 100 spans are sent; with --rate alone, until Ctrl-C.
    """
    import random

    # 60 ms
    from otx.model.signal import Signal
    from otx.otlp.synthetic.traces import TraceShape, TraceSource
    from otx.services.send import SendOptions, send

    environment: Environment = ctx.obj
    options = SendOptions(
        signal=Signal.TRACES,
        endpoint=_endpoint(environment, endpoint, protocol, header or []),
        rate_per_s=None if rate is None else _positive_rate(rate),
        count=count if count or rate or duration else _DEFAULT_COUNT,
        duration_s=None if duration is None else parse_duration_ns(duration) / 1e9,
        timeout_s=parse_duration_ns(timeout) / 1e9,
        max_request_bytes=parse_size(max_request),
        compression=compression,
    )
    shape = TraceShape(services, depth, errors, _pairs(attr), _pairs(resource))
    report = send(options, TraceSource(shape, random.Random(seed)), Remarks(environment).note)
    _tell(report, form, environment)
    return ExitCode.PEER if report.rejected or report.failed else ExitCode.DONE


def _endpoint(
    environment: Environment, flag: str | None, protocol: str | None, headers: list[str]
) -> "Endpoint":
    """Where to send traces: a flag, a setting, or one of OpenTelemetry's variables."""
    from otx.model.signal import Signal
    from otx.otlp.exporter.endpoint import parse_header, resolve_endpoint

    place = _own_setting(environment, "send.endpoint", flag)
    way = _own_setting(environment, "send.protocol", protocol)
    return resolve_endpoint(
        Signal.TRACES,
        environment.variables,
        endpoint=place.text if place else None,
        protocol=way.text if way else None,
        headers=dict(parse_header(text) for text in headers),
        endpoint_origin="--endpoint" if place is None or place.origin == "flag" else place.origin,
    )


def _tell(report: "SendReport", form: Literal["text", "json"], environment: Environment) -> None:
    output = Output(environment)
    if form == "json":
        output.document(report.document())
    else:
        output.text("\n".join(report.lines()))
    if report.asked_rate_per_s is not None and report.is_below_rate:
        asked, reached = round(report.asked_rate_per_s), round(report.rate_per_s)
        Remarks(environment).warning(f"{asked}/s was asked for, {reached}/s was reached")


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
