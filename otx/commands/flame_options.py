"""What `otx flame` takes on its command line, an option a name."""

from typing import Annotated, Literal, TypeAlias

import typer

from otx.commands.profile_options import FormName

File: TypeAlias = Annotated[
    str, typer.Argument(metavar="FILE", help="A profile in any form; - is stdin.")
]
Other: TypeAlias = Annotated[
    str | None,
    typer.Argument(metavar="[FILE2]", help="Another, later one: how it differs from FILE."),
]
Diff: TypeAlias = Annotated[
    Literal["raw", "normalised"] | None,
    typer.Option(
        "--diff",
        help="Compare values (raw), or shares: FILE as if it had FILE2's total (normalised).",
    ),
]
Focus: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--focus", metavar="RE", help="Only stacks with a matching frame; repeatable."),
]
Ignore: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--ignore", metavar="RE", help="No stacks with a matching frame; repeatable."),
]
Top: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "--top", min=1, help="The first N functions (20), or stacks where the form has stacks."
    ),
]
Sandwich: TypeAlias = Annotated[
    str | None,
    typer.Option("--sandwich", metavar="FUNC", help="Who calls a function, and what it calls."),
]
Value: TypeAlias = Annotated[
    str | None,
    typer.Option("--value", metavar="NAME", help="The value type to show, as inuse_space."),
]
Form: TypeAlias = Annotated[
    FormName | None,
    typer.Option("--format", help="The form; else from the ending of -o, else text."),
]
Out: TypeAlias = Annotated[str, typer.Option("-o", "--out", help="Where to write; - is stdout.")]
