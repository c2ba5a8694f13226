"""Writes the pages that are made of the program itself.

    python docs/generate.py          rewrites docs/cli.md and docs/functions.md

docs/cli.md says what every command takes; what holds everywhere is written by hand in
docs/everywhere.md and goes first. docs/functions.md has the functions of OTTL.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from otx.commands.completion import describe
from otx.completion import CommandSpec, Flag, paths
from otx.ottl.function_page import titled
from otx.ottl.functions.registry import OWN, Function, all_functions

HERE = Path(__file__).parent


def command_page() -> str:
    """The page of the command line."""
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


def function_page() -> str:
    """The page of OTTL's functions."""
    known = sorted(all_functions().values(), key=lambda one: one.name.lower())
    editors = [one for one in known if one.is_editor]
    converters = [one for one in known if not one.is_editor]
    lines = [
        "# Functions of OTTL",
        "",
        "Made by `make docs` from the functions themselves; the examples are run by the tests.",
        "`otx ottl functions NAME` says more of each. [ottl.md](ottl.md) says where they run.",
        "",
        f"## Editors ({len(editors)})",
        "",
        "They change the record; after `→` stands what is left of the attributes behind `on`.",
        *_functions(editors),
        "",
        f"## Converters ({len(converters)})",
        "",
        "They give a value.",
        *_functions(converters),
    ]
    return "\n".join(lines) + "\n"


def _functions(functions: Sequence[Function]) -> Iterator[str]:
    for one in functions:
        yield ""
        yield f"### {one.name}"
        yield ""
        yield f"`{titled(one)}`"
        yield ""
        yield " ".join([one.summary, *_facts(one)])
        if one.example is not None:
            yield ""
            yield "```text"
            yield one.example.text
            if one.example.given != "{}":
                yield f"on {one.example.given}"
            yield f"→ {one.example.result}"
            yield "```"


def _facts(function: Function) -> Iterator[str]:
    if function.is_extension:
        yield f"{OWN[0].upper()}{OWN[1:]}."
    if function.contexts:
        yield f"Only in {', '.join(sorted(function.contexts))}."
    if function.component:
        yield f"Brought by the {function.component} processor."
    if function.gate:
        yield f"Behind the feature gate `{function.gate}`."
    if function.since:
        yield f"Since v{function.since}."
    if function.fails:
        yield f"Fails where {function.fails}."


if __name__ == "__main__":
    (HERE / "cli.md").write_text(command_page(), encoding="utf-8")
    (HERE / "functions.md").write_text(function_page(), encoding="utf-8")
