"""What `otx opamp tap` takes on its command line, an option a name."""

from typing import Annotated, Literal, TypeAlias

import typer

To: TypeAlias = Annotated[
    str, typer.Option(metavar="URL", help="The server: ws, wss, http or https://HOST[:PORT].")
]
Listen: TypeAlias = Annotated[
    str, typer.Option(metavar="ADDR", help="HOST:PORT for agents; port 0 picks a free one.")
]
Record: TypeAlias = Annotated[
    str | None, typer.Option(metavar="FILE", help="Keep everything, for otx opamp replay.")
]
Fault: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        metavar="LIST",
        help="What to break: drop=3,delay=200ms,server:dup@10%,reorder,half-open,503; "
        "docs/opamp-tap.md has all.",
    ),
]
Seed: TypeAlias = Annotated[int, typer.Option(metavar="N", help="Of faults by chance.")]
Form: TypeAlias = Annotated[
    Literal["text", "json", "jsonl"],
    typer.Option("--format", help="The form of the output."),
]
ShowSecrets: TypeAlias = Annotated[
    bool, typer.Option("--show-secrets", help="Show bodies, keys and headers as they are.")
]
Ca: TypeAlias = Annotated[
    str | None, typer.Option("--ca", metavar="FILE", help="The CA of the server's certificate.")
]
Cert: TypeAlias = Annotated[
    str | None, typer.Option(metavar="FILE", help="Client certificate for the server.")
]
Key: TypeAlias = Annotated[str | None, typer.Option(metavar="FILE", help="PEM key of it.")]
Insecure: TypeAlias = Annotated[
    bool, typer.Option("--insecure", help="Take any certificate of the server.")
]
TlsCert: TypeAlias = Annotated[
    str | None, typer.Option(metavar="FILE", help="PEM certificate shown to agents.")
]
TlsKey: TypeAlias = Annotated[str | None, typer.Option(metavar="FILE", help="PEM key of it.")]
ClientCa: TypeAlias = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="PEM of the CA that agents' certificates are from."),
]
MaxMessage: TypeAlias = Annotated[
    str, typer.Option(metavar="SIZE", help="Larger messages pass, and are not decoded.")
]
Out: TypeAlias = Annotated[
    str, typer.Option("-o", "--out", metavar="FILE", help="Where to write; - is stdout.")
]
