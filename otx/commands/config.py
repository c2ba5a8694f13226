"""`otx config`: what is configured, and by what."""

from typing import Annotated

import typer

from otx.commands import command_app
from otx.config import SETTINGS, Config
from otx.errors import ExitCode, UsageError
from otx.output import Output, RowFormat

app = command_app(help="Show the configuration and where each value comes from.")


@app.command()
def show(
    ctx: typer.Context,
    form: Annotated[RowFormat, typer.Option("--format", help="The form of the output.")] = "table",
) -> None:
    """Print every setting with its value and what set it."""
    config = Config(ctx.obj)
    rows = []
    for key, setting in SETTINGS.items():
        value = config.get(key)
        rows.append({"key": key, "value": value.text, "origin": value.origin, "help": setting.help})
    Output(ctx.obj).rows(["key", "value", "origin", "help"], rows, form)


@app.command()
def path(ctx: typer.Context) -> None:
    """Print the configuration files that are looked for, strongest first."""
    rows = [{"path": str(path), "exists": path.is_file()} for path in Config(ctx.obj).paths()]
    Output(ctx.obj).rows(["path", "exists"], rows, "table")


@app.command()
def validate(ctx: typer.Context) -> int:
    """Check every configuration file; exit 1 when a key or a value cannot be meant."""
    findings = [
        f"{file}: error: {finding}"
        for file, values in Config(ctx.obj).files()
        for key, text in values.items()
        if (finding := _finding(key, text))
    ]
    if findings:
        Output(ctx.obj).text("\n".join(findings))
    return ExitCode.NO if findings else ExitCode.DONE


def _finding(key: str, text: str) -> str:
    """What is wrong with one line of a file; "" for nothing."""
    import difflib

    if key not in SETTINGS:
        near = difflib.get_close_matches(key, SETTINGS, n=1, cutoff=0.75)
        return f"unknown key {key!r}" + (f"; did you mean {near[0]!r}?" if near else "")
    try:
        SETTINGS[key].check(text)
    except UsageError as error:
        return f"{key}: {error.message}"
    return ""
