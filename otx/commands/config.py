"""`otx config`: what is configured, and by what."""

from collections.abc import Mapping
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
    """Print every setting with its value, less its secrets, and what set it."""
    config = Config(ctx.obj)
    rows = []
    for key, setting in SETTINGS.items():
        value = config.get(key)
        shown = setting.shown(value.text)
        rows.append({"key": key, "value": shown, "origin": value.origin, "help": setting.help})
    Output(ctx.obj).rows(["key", "value", "origin", "help"], rows, form)


@app.command()
def path(ctx: typer.Context) -> None:
    """Print the configuration files that are looked for, strongest first."""
    config = Config(ctx.obj)
    there = {path for path, _ in config.files()}
    rows = [{"path": str(path), "exists": path in there} for path in config.paths()]
    Output(ctx.obj).rows(["path", "exists"], rows, "table")


@app.command()
def validate(ctx: typer.Context) -> int:
    """Check files and variables; exit 1 when a key, a variable or a value cannot be meant."""
    config = Config(ctx.obj)
    findings = [
        f"{file}: error: {finding}"
        for file, values in config.files()
        for key, text in values.items()
        if (finding := _finding(key, text))
    ]
    findings += _findings_in_variables(config, ctx.obj.variables)
    if findings:
        Output(ctx.obj).text("\n".join(findings))
    return ExitCode.NO if findings else ExitCode.DONE


@app.command()
def schema(ctx: typer.Context) -> None:
    """Print the JSON Schema of a configuration file, for editors."""
    tables: dict[str, dict[str, object]] = {}
    own: dict[str, object] = {}
    for key, setting in SETTINGS.items():
        table, _, name = key.rpartition(".")
        entry = {"type": ["string", "number", "boolean"], "description": setting.help}
        if setting.default:
            entry["default"] = setting.default
        (tables.setdefault(table, {}) if table else own)[name] = entry
    for table, properties in tables.items():
        own[table] = {"type": "object", "properties": properties, "additionalProperties": False}
    Output(ctx.obj).document(
        {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "otx.toml",
            "type": "object",
            "properties": own,
            "additionalProperties": False,
        }
    )


def _findings_in_variables(config: Config, variables: Mapping[str, str]) -> list[str]:
    import difflib

    known = {name: key for key, setting in SETTINGS.items() for name in setting.variables}
    findings = [
        f"environment {name}: error: {finding}"
        for name, key in known.items()
        if variables.get(name) and (finding := _finding(key, variables[name]))
    ]
    for name in config.unknown_variables():
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.75)
        hint = f"; did you mean {near[0]}?" if near else ""
        findings.append(f"environment {name}: error: it sets nothing{hint}")
    return findings


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
