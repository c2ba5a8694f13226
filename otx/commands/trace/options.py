"""What the subcommands of `otx trace` take alike."""

from typing import Annotated

import typer

from otx.environment import Environment

DEFAULT_WIDTH = 120
MOST_LISTED = 1_000_000_000

StoreOption = Annotated[str | None, typer.Option("--store", help="The store to read.")]
InOption = Annotated[
    str | None,
    typer.Option("--in", metavar="FILE", help="OTLP to read instead of a store; - is stdin."),
]
OutOption = Annotated[str, typer.Option("-o", "--out", help="Where to write; - is stdout.")]


def terminal_width(environment: Environment) -> int:
    """The terminal's width; a fixed one where stdout is none, so that output can be compared."""
    import shutil

    if not environment.stdout_is_terminal:
        return DEFAULT_WIDTH
    return shutil.get_terminal_size((DEFAULT_WIDTH, 24)).columns
