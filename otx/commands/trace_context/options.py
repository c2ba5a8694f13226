"""What the subcommands have in common: headers, the form of the output, its place."""

from typing import Annotated, Literal, TypeAlias

import typer

from otx.errors import UsageError
from otx.propagation.model import Level

Headers = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[HEADER]...",
        help="'name: value', name=value, or a value alone; without any, or with -, stdin.",
    ),
]
StrictLevel = Annotated[
    int,
    typer.Option(
        "--strict-level", min=1, max=2, help="The level of W3C Trace Context to hold headers to."
    ),
]
Form = Annotated[Literal["text", "json"], typer.Option("--format", help="The form of the output.")]
FormatName: TypeAlias = Literal[
    "w3c",
    "b3-single",
    "b3-multi",
    "jaeger",
    "datadog",
    "xray",
    "gcp",
    "ot-trace",
    "grpc-trace-bin",
    "env",
    "server-timing",
    "traceresponse",
    "all",
]
To = Annotated[FormatName, typer.Option("--to", help="The format to write; all: every one.")]
Out = Annotated[str, typer.Option("-o", "--out", help="Where to write; - is stdout.")]


def level_of(number: int) -> Level:
    """The level that is asked for."""
    if number not in (1, 2):
        raise UsageError("--strict-level takes 1 or 2")
    return 1 if number == 1 else 2
