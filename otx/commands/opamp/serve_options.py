"""What `otx opamp serve` takes on its command line, an option a name."""

from typing import Annotated, TypeAlias

import typer

Listen: TypeAlias = Annotated[
    str, typer.Option(metavar="ADDR", help="HOST:PORT; port 0 picks a free one.")
]
Path: TypeAlias = Annotated[str, typer.Option(metavar="PATH", help="Where OpAMP is.")]
Db: TypeAlias = Annotated[
    str | None, typer.Option(metavar="FILE|URL", help="Where the fleet is kept (state directory).")
]
TokenFile: TypeAlias = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="Who may speak: lines `TOKEN` or `ROLE NAME TOKEN`."),
]
TlsCert: TypeAlias = Annotated[
    str | None, typer.Option(metavar="FILE", help="PEM certificate of this server.")
]
TlsKey: TypeAlias = Annotated[str | None, typer.Option(metavar="FILE", help="PEM key of it.")]
ClientCa: TypeAlias = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="PEM of the CA that agents' certificates are from."),
]
CaCert: TypeAlias = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="PEM of the CA that signs the certificates agents ask for."),
]
CaKey: TypeAlias = Annotated[str | None, typer.Option(metavar="FILE", help="PEM key of that CA.")]
Heartbeat: TypeAlias = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="The heartbeat or polling interval agents are offered."),
]
MaxMessage: TypeAlias = Annotated[
    str, typer.Option(metavar="SIZE", help="Largest message, also after decompression.")
]
MaxAgents: TypeAlias = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, help="Connections at a time (as the machine allows)."),
]
