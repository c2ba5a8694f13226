"""What `otx receive` takes on its command line, an option a name."""

from typing import Annotated, Literal, TypeAlias

import typer

GrpcAddress: TypeAlias = Annotated[
    str | None, typer.Option(metavar="ADDR", help="HOST:PORT or unix:PATH (127.0.0.1:4317).")
]
HttpAddress: TypeAlias = Annotated[
    str | None, typer.Option(metavar="ADDR", help="HOST:PORT or unix:PATH (127.0.0.1:4318).")
]
Store: TypeAlias = Annotated[
    str | None, typer.Option(metavar="DIR|none", help="Where to keep it; none keeps nothing.")
]
PrintForm: TypeAlias = Annotated[
    Literal["none", "summary", "full", "jsonl"] | None,
    typer.Option("--print", help="What to show on stdout (summary on a terminal, else none)."),
]
Tee: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="FILE", help="Copy it into FILE, begun anew: .jsonl is JSON lines, .pb protobuf."
    ),
]
Forward: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        metavar="URL",
        help="Send what is kept on to URL, or 'URL header=K=V ca=FILE compression=gzip'.",
    ),
]
ForwardKeep: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        metavar="AGE|SIZE",
        help="How long or how much waits for a destination that is away (24h and 4GiB).",
    ),
]
Transform: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help="OTTL to run on what arrives: statements, or transform and filter processors.",
    ),
]
MaxRequest: TypeAlias = Annotated[
    str | None,
    typer.Option(metavar="SIZE", help="Largest request, also after decompression (64MiB)."),
]
Fsync: TypeAlias = Annotated[
    Literal["always", "interval"] | None,
    typer.Option(help="Acknowledge after fsync, or within a second of it."),
]
Retain: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(metavar="AGE|SIZE", help="How long or how much is kept (24h and 10GiB)."),
]
TlsCertificate: TypeAlias = Annotated[
    str | None,
    typer.Option("--tls-cert", metavar="FILE", help="Take TLS alone, with this certificate (PEM)."),
]
TlsKey: TypeAlias = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="Its private key, where --tls-cert does not hold it."),
]
ClientAuthority: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--client-ca", metavar="FILE", help="Take clients with a certificate of these alone (PEM)."
    ),
]
TokenFile: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="FILE", help="Take requests with a bearer token of these alone, one a line."
    ),
]
RateLimit: TypeAlias = Annotated[
    str | None,
    typer.Option(metavar="RATE", help="Requests that each client may send, such as 50/s."),
]
CorsOrigins: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--cors", metavar="ORIGIN", help="Let pages of this origin send from a browser; * for all."
    ),
]
Duration: TypeAlias = Annotated[
    str | None, typer.Option(metavar="TIME", help="Stop after this long, such as 10s.")
]
Count: TypeAlias = Annotated[
    int | None, typer.Option(metavar="N", min=1, help="Stop after this many spans, log records, …")
]
