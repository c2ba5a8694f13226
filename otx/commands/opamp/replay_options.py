"""What `otx opamp replay` takes on its command line, an option a name."""

from typing import Annotated, Literal, TypeAlias

import typer

Record: TypeAlias = Annotated[
    str, typer.Argument(metavar="FILE", help="What otx opamp tap recorded.")
]
To: TypeAlias = Annotated[
    str | None, typer.Option(metavar="URL", help="Play the agents to this server.")
]
Listen: TypeAlias = Annotated[
    str | None,
    typer.Option(metavar="ADDR", help="Play the server to the agent that comes here."),
]
Header: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(metavar="K=V", help="A header to the server, such as a token; repeatable."),
]
KeepUids: TypeAlias = Annotated[
    bool, typer.Option("--keep-uids", help="The recorded uids instead of new ones.")
]
Timeout: TypeAlias = Annotated[
    str, typer.Option(metavar="TIME", help="How long a recorded message is waited for.")
]
Shrink: TypeAlias = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="Write the smallest record that differs as this one."),
]
Form: TypeAlias = Annotated[
    Literal["text", "json", "jsonl"], typer.Option("--format", help="The form of the output.")
]
ShowSecrets: TypeAlias = Annotated[
    bool, typer.Option("--show-secrets", help="Show bodies, keys and headers as they are.")
]
Ca: TypeAlias = Annotated[
    str | None, typer.Option("--ca", metavar="FILE", help="The CA of the server's certificate.")
]
Insecure: TypeAlias = Annotated[
    bool, typer.Option("--insecure", help="Take any certificate of the server.")
]
Out: TypeAlias = Annotated[
    str, typer.Option("-o", "--out", metavar="FILE", help="Where to write; - is stdout.")
]
