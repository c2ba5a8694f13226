"""`otx ottl fmt`: OTTL well written, in place."""

from typing import Annotated

import typer

from otx.environment import Environment


def fmt(
    ctx: typer.Context,
    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="What to format; - is stdin to stdout.")
    ],
    check: Annotated[
        bool,
        typer.Option("--check", help="Change nothing; exit 1 where something is not formatted."),
    ] = False,
    diff: Annotated[
        bool,
        typer.Option("--diff", help="Change nothing; show what would, and exit 1 where it would."),
    ] = False,
) -> int:
    """Format the OTTL in statement files and YAML; comments and the rest of the YAML stay.

    What does not parse stays as it is: `otx ottl check` says why.
    """
    from otx.services.ottl_fmt import run_fmt

    environment: Environment = ctx.obj
    return run_fmt(environment, files, "diff" if diff else "check" if check else "write")
