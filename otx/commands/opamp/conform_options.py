"""What `otx opamp conform` takes on its command line, an option a name."""

from typing import Annotated, Literal, TypeAlias

import typer

Command: TypeAlias = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[-- CMD]...", help="Starts the agent: {endpoint}, {dir} are filled in."
    ),
]
Server: TypeAlias = Annotated[
    str | None, typer.Option("--server", metavar="URL", help="Test the server there.")
]
Agent: TypeAlias = Annotated[bool, typer.Option("--agent", help="Test an agent.")]
Listen: TypeAlias = Annotated[
    str, typer.Option(metavar="ADDR", help="Where the agent finds this side; port 0 is any.")
]
Transport: TypeAlias = Annotated[
    Literal["ws", "http", "both"], typer.Option(help="Over which transports.")
]
Form: TypeAlias = Annotated[
    Literal["text", "json", "junit"], typer.Option("--format", help="Form of the results.")
]
Only: TypeAlias = Annotated[
    str, typer.Option(metavar="N,…", help="These rules alone; 40-49 is a range.")
]
Skip: TypeAlias = Annotated[str, typer.Option(metavar="N,…", help="Not these rules.")]
Strict: TypeAlias = Annotated[bool, typer.Option(help="A SHOULD that fails counts like a MUST.")]
Listing: TypeAlias = Annotated[bool, typer.Option("--list", help="Show the rules and end.")]
Timeout: TypeAlias = Annotated[
    str, typer.Option(metavar="TIME", help="How long an answer may take.")
]
Longest: TypeAlias = Annotated[
    str, typer.Option(metavar="TIME", help="Leave out rules that take longer to see.")
]
Limit: TypeAlias = Annotated[
    str, typer.Option(metavar="SIZE", help="The peer's limit for a message.")
]
Header: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--header", metavar="K=V", help="Sent to the server; repeatable."),
]
Assign: TypeAlias = Annotated[
    str,
    typer.Option(
        metavar="auto|none|CMD",
        help="Assigns a configuration in the server: {file}, {name}, {uid} are filled in.",
    ),
]
OperatorTokenFile: TypeAlias = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="For the JSON API of otx's own server."),
]
Config: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(metavar="FILE", help="A configuration the agent can run; two of them test more."),
]
FailingConfig: TypeAlias = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="One that parses and that the agent cannot start with."),
]
CrashingConfig: TypeAlias = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="One that starts and dies after some seconds."),
]
Sicken: TypeAlias = Annotated[
    str, typer.Option(metavar="CMD", help="Makes the agent's health change.")
]
