"""Writes docs/cli.md: what every command takes, from the commands themselves.

    python docs/generate.py          rewrites docs/cli.md

What holds everywhere is written by hand in docs/everywhere.md and goes first.
"""

from collections.abc import Iterator
from pathlib import Path

from otx.commands.completion import describe
from otx.completion import CommandSpec, Flag, paths

HERE = Path(__file__).parent


def page() -> str:
    """The whole page."""
    head = (HERE / "everywhere.md").read_text(encoding="utf-8")
    return head + "\n" + "\n".join(_reference()) + "\n"


def _reference() -> Iterator[str]:
    yield "## Commands"
    for path, command in paths(describe()):
        if path:
            yield from _section(path, command)


def _section(path: str, command: CommandSpec) -> Iterator[str]:
    yield ""
    yield f"### otx {path}"
    yield ""
    yield command.help
    flags = [flag for flag in command.flags if "--help" not in flag.names]
    if not flags:
        return
    yield ""
    yield "| option | does |"
    yield "|---|---|"
    for flag in flags:
        yield f"| {_spelling(flag)} | {flag.help} |"


def _spelling(flag: Flag) -> str:
    names = ", ".join(f"`{name}`" for name in flag.names)
    if flag.choices:
        return f"{names} {' · '.join(f'`{choice}`' for choice in flag.choices)}"
    return names


if __name__ == "__main__":
    (HERE / "cli.md").write_text(page(), encoding="utf-8")
