"""What `otx opamp push` takes on its command line, an option a name."""

from typing import Annotated, Literal, TypeAlias

import typer

Files: TypeAlias = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[[NAME=]FILE]…", help="The configuration, an object a file; - is stdin."
    ),
]
Sign: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        metavar="FILE", help="Sign it with this private key (`otx opamp key`); repeatable."
    ),
]
Canary: TypeAlias = Annotated[
    str | None,
    typer.Option(metavar="N|N%", help="First so many agents, then the rest: 1, 10%, 1,25%."),
]
Observe: TypeAlias = Annotated[
    str, typer.Option(metavar="TIME", help="How long it must run well, in stages and at the end.")
]
Patience: TypeAlias = Annotated[
    str, typer.Option(metavar="TIME", help="How long a stage may take to answer.")
]
Key: TypeAlias = Annotated[
    str | None, typer.Option(metavar="NAME", help="The name of a single file's object (none).")
]
ContentType: TypeAlias = Annotated[
    str | None, typer.Option(metavar="TYPE", help="Its type (from the file's ending).")
]
Name: TypeAlias = Annotated[
    str | None, typer.Option(metavar="NAME", help="What it is called (the file's name).")
]
Why: TypeAlias = Annotated[str, typer.Option(metavar="TEXT", help="The reason, for the audit log.")]
Retry: TypeAlias = Annotated[
    bool, typer.Option("--retry", help="Have agents try again what they refused.")
]
Dry: TypeAlias = Annotated[bool, typer.Option("--dry", help="Say what would be done, no more.")]
Wait: TypeAlias = Annotated[
    Literal["applied", "proven"],
    typer.Option(help="Wait until agents say APPLIED, or have observed it to the end as well."),
]
NoWait: TypeAlias = Annotated[bool, typer.Option("--no-wait", help="Begin it, no more.")]
Timeout: TypeAlias = Annotated[
    str,
    typer.Option(
        metavar="TIME", help="How long to wait for answers; stages and observation take their own."
    ),
]
Follow: TypeAlias = Annotated[
    int | None, typer.Option(metavar="N", help="Wait for push N, which was begun before.")
]
Resume: TypeAlias = Annotated[
    int | None, typer.Option(metavar="N", help="Let push N go on after it stopped.")
]
Pause: TypeAlias = Annotated[
    int | None, typer.Option(metavar="N", help="Have push N stay in its stage.")
]
Wide: TypeAlias = Annotated[
    bool, typer.Option("--wide", help="With --list: all columns in full, however narrow it is.")
]
Listing: TypeAlias = Annotated[bool, typer.Option("--list", help="Show all pushes.")]
SettingsFile: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--settings",
        metavar="FILE",
        help="Offer connection settings instead: opamp, own_metrics, … (YAML or JSON).",
    ),
]
Form: TypeAlias = Annotated[
    Literal["text", "json"], typer.Option("--format", help="The form of the output.")
]
