"""What all of `otx send` takes on its command line, an option a name."""

import inspect
from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeAlias

import typer

from otx.errors import UsageError
from otx.model.units import NS_PER_S, format_size, parse_duration_ns, parse_size

Endpoint: TypeAlias = Annotated[
    str | None,
    typer.Option(metavar="URL", help="Where to (OTEL_EXPORTER_OTLP_ENDPOINT, else localhost)."),
]
Protocol: TypeAlias = Annotated[
    Literal["grpc", "http/protobuf", "http/json"] | None,
    typer.Option(help="grpc for HOST:PORT and port 4317, else http/protobuf."),
]
Headers: TypeAlias = Annotated[
    list[str] | None, typer.Option(metavar="K=V", help="Header, or gRPC metadata.")
]
Compression: TypeAlias = Annotated[
    Literal["none", "gzip", "zstd"] | None, typer.Option(help="zstd over HTTP only.")
]
Timeout: TypeAlias = Annotated[
    str | None, typer.Option(metavar="TIME", help="For one request (10s).")
]
Insecure: TypeAlias = Annotated[
    bool | None,
    typer.Option(
        "--insecure/--secure", help="HOST:PORT in plain text, or with TLS; a URL says it itself."
    ),
]
Authorities: TypeAlias = Annotated[
    str | None, typer.Option("--ca", metavar="FILE", help="Certificates to trust (PEM).")
]
Certificate: TypeAlias = Annotated[
    str | None, typer.Option("--cert", metavar="FILE", help="This side's certificate (PEM).")
]
Key: TypeAlias = Annotated[
    str | None, typer.Option("--key", metavar="FILE", help="Its key (PEM), where in another file.")
]
SummaryForm: TypeAlias = Annotated[
    Literal["text", "json"], typer.Option("--format", help="Form of the summary.")
]
Out: TypeAlias = Annotated[str, typer.Option("-o", "--out", help="Where to write; - is stdout.")]

Count: TypeAlias = Annotated[
    int | None, typer.Option(metavar="N", min=1, help="Records to send (100).")
]
Rate: TypeAlias = Annotated[
    str | None, typer.Option(metavar="RATE", help="Records a second, such as 500/s.")
]
Duration: TypeAlias = Annotated[
    str | None, typer.Option(metavar="TIME", help="Stop after this long, such as 10s.")
]
Workers: TypeAlias = Annotated[
    int, typer.Option(metavar="W", min=1, max=256, help="Connections, each with one in flight.")
]
Services: TypeAlias = Annotated[
    int, typer.Option(metavar="N", min=1, max=1000, help="Different services.")
]
Depth: TypeAlias = Annotated[
    int, typer.Option(metavar="D", min=1, max=12, help="Calls in a row, in traces and stacks.")
]
Errors: TypeAlias = Annotated[
    float,
    typer.Option(
        metavar="P", min=0, max=1, help="Share of traces, log records or requests that fail."
    ),
]
RecordAttributes: TypeAlias = Annotated[
    list[str] | None, typer.Option(metavar="K=V", help="Attribute of every record.")
]
ResourceAttributes: TypeAlias = Annotated[
    list[str] | None, typer.Option(metavar="K=V", help="Attribute of every resource.")
]
Seed: TypeAlias = Annotated[
    int | None, typer.Option(metavar="N", help="Make the same telemetry again.")
]
MaxRequest: TypeAlias = Annotated[
    str, typer.Option(metavar="SIZE", help="Largest request before compression.")
]
RetryFor: TypeAlias = Annotated[
    str,
    typer.Option(
        metavar="TIME", help="How long a request is sent again that is to come again; 0s: never."
    ),
]
Probe: TypeAlias = Annotated[
    bool,
    typer.Option("--probe", help="One request a signal and transport, and why one does not work."),
]

Taken: TypeAlias = dict[str, Any]
"""Values of options by the name of their parameter."""

DESTINATION: tuple[tuple[str, Any, Any], ...] = (
    ("endpoint", Endpoint, None),
    ("protocol", Protocol, None),
    ("header", Headers, None),
    ("compression", Compression, None),
    ("timeout", Timeout, None),
    ("insecure", Insecure, None),
    ("ca", Authorities, None),
    ("cert", Certificate, None),
    ("key", Key, None),
)
"""Name, kind and default of what says where to send, and how."""
MADE_UP: tuple[tuple[str, Any, Any], ...] = (
    ("count", Count, None),
    ("rate", Rate, None),
    ("duration", Duration, None),
    ("workers", Workers, 1),
    ("services", Services, 5),
    ("depth", Depth, 3),
    ("errors", Errors, 0.05),
    ("attr", RecordAttributes, None),
    ("resource", ResourceAttributes, None),
    ("seed", Seed, None),
    ("max_request", MaxRequest, "4MiB"),
    ("retry_for", RetryFor, "1m"),
    ("probe", Probe, False),
    ("form", SummaryForm, "text"),
    ("out", Out, "-"),
)
"""The same of what says what to make up."""


def retry_s(text: str) -> float:
    """Seconds of `--retry-for`.

    Raises:
        UsageError: It is no duration.
    """
    return parse_duration_ns(text) / NS_PER_S


def request_bytes(text: str) -> int:
    """Bytes of `--max-request`.

    Raises:
        UsageError: It is no size, or more than a client may send.
    """
    from otx.otlp.exporter.client import MOST_REQUEST_BYTES

    size = parse_size(text)
    if size > MOST_REQUEST_BYTES:
        most = format_size(MOST_REQUEST_BYTES)
        raise UsageError(
            f"--max-request is {text}, more than the {most} that OTLP lets a client send"
        )
    return size


def taking(
    *groups: tuple[tuple[str, Any, Any], ...],
) -> Callable[[Callable[[typer.Context, Taken], int]], Callable[..., int]]:
    """Give a command the options of some groups; it gets their values as one mapping."""
    options = [option for group in groups for option in group]

    def decorate(command: Callable[[typer.Context, Taken], int]) -> Callable[..., int]:
        def called(ctx: typer.Context, **taken: Any) -> int:
            return command(ctx, taken)

        kinds = {"ctx": typer.Context, **{name: kind for name, kind, _ in options}}
        parameters = [inspect.Parameter("ctx", inspect.Parameter.KEYWORD_ONLY)] + [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default)
            for name, _, default in options
        ]
        called.__name__ = command.__name__
        called.__doc__ = command.__doc__
        called.__annotations__ = {**kinds, "return": int}
        # Typer asks for a signature; this one is put together instead of written four times.
        signature = inspect.Signature(
            [one.replace(annotation=kinds[one.name]) for one in parameters], return_annotation=int
        )
        vars(called)["__signature__"] = signature
        return called

    return decorate


def attribute_pairs(texts: list[str] | None) -> dict[str, str]:
    """What `--attr` and `--resource` say.

    Raises:
        UsageError: One of them is no K=V.
    """
    pairs: dict[str, str] = {}
    for text in texts or []:
        key, equals, value = text.partition("=")
        if not key or not equals:
            raise UsageError(f"{text!r} is no attribute", hint="write it like --attr team=blue")
        pairs[key] = value
    return pairs
