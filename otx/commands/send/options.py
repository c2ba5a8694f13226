"""What `otx send traces` takes on its command line, an option a name."""

from typing import Annotated, Literal, TypeAlias

import typer

Endpoint: TypeAlias = Annotated[
    str | None,
    typer.Option(metavar="URL", help="Where to (OTEL_EXPORTER_OTLP_ENDPOINT, else localhost)."),
]
Protocol: TypeAlias = Annotated[
    Literal["grpc", "http/protobuf", "http/json"] | None,
    typer.Option(help="grpc for HOST:PORT and port 4317, else http/protobuf."),
]
Count: TypeAlias = Annotated[
    int | None, typer.Option(metavar="N", min=1, help="Spans to send (100).")
]
Rate: TypeAlias = Annotated[
    str | None, typer.Option(metavar="RATE", help="Spans a second, such as 500/s.")
]
Duration: TypeAlias = Annotated[
    str | None, typer.Option(metavar="TIME", help="Stop after this long, such as 10s.")
]
Services: TypeAlias = Annotated[
    int, typer.Option(metavar="N", min=1, max=1000, help="Different services.")
]
Depth: TypeAlias = Annotated[
    int, typer.Option(metavar="D", min=1, max=12, help="Services that call one another in a row.")
]
Errors: TypeAlias = Annotated[
    float, typer.Option(metavar="P", min=0, max=1, help="Share of traces that fail.")
]
SpanAttributes: TypeAlias = Annotated[
    list[str] | None, typer.Option(metavar="K=V", help="Attribute of every span.")
]
ResourceAttributes: TypeAlias = Annotated[
    list[str] | None, typer.Option(metavar="K=V", help="Attribute of every resource.")
]
Seed: TypeAlias = Annotated[
    int | None, typer.Option(metavar="N", help="Make the same traces again.")
]
Compression: TypeAlias = Annotated[
    Literal["none", "gzip", "zstd"], typer.Option(help="zstd over HTTP only.")
]
Headers: TypeAlias = Annotated[
    list[str] | None, typer.Option(metavar="K=V", help="Header, or gRPC metadata.")
]
Timeout: TypeAlias = Annotated[str, typer.Option(metavar="TIME", help="For one request.")]
MaxRequest: TypeAlias = Annotated[
    str, typer.Option(metavar="SIZE", help="Largest request before compression.")
]
SummaryForm: TypeAlias = Annotated[
    Literal["text", "json"], typer.Option("--format", help="Form of the summary.")
]
