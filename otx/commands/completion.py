"""`otx completion`: the completion script of a shell, from the commands as they are."""

from typing import Annotated, Any, Literal

import typer

from otx.command_table import COMMANDS, load_command
from otx.commands import command_app
from otx.completion import WRITERS, CommandSpec, Flag
from otx.output import Output

app = command_app(help="Print the completion script of a shell.")

GLOBAL_FLAGS = (
    Flag(("--color",), "When to colour.", True, ("auto", "always", "never")),
    Flag(("--log-level",), "What to say.", True, ("debug", "info", "warning", "error")),
    Flag(("--version",), "Print the version.", False),
    Flag(("-h", "--help"), "Show help.", False),
)


@app.command()
def completion(
    ctx: typer.Context,
    shell: Annotated[Literal["bash", "zsh", "fish"], typer.Argument(help="The shell.")],
    out: Annotated[str, typer.Option("-o", "--out", help="Where to write it; - is stdout.")] = "-",
) -> None:
    """Print the completion script of a shell."""
    Output(ctx.obj, out).text(WRITERS[shell](describe()))


def describe() -> CommandSpec:
    """The whole command line as completion sees it."""
    children = [_describe(load_command(name), name, about) for name, (_, about) in COMMANDS.items()]
    return CommandSpec("otx", "", GLOBAL_FLAGS, tuple(children))


def _describe(command: Any, name: str, about: str) -> CommandSpec:
    children = [
        _describe(child, child_name, _first_line(child.help))
        for child_name, child in getattr(command, "commands", {}).items()
    ]
    flags = [_flag(option) for option in command.params if option.param_type_name == "option"]
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    words = _choices(arguments[0]) if arguments else ()
    help_flag = Flag(("-h", "--help"), "Show help.", False)
    return CommandSpec(name, about, (*flags, help_flag), tuple(children), words)


def _flag(option: Any) -> Flag:
    names = (*option.opts, *option.secondary_opts)
    takes_value = not (option.is_flag or option.count)
    return Flag(names, _first_line(option.help), takes_value, _choices(option))


def _choices(parameter: Any) -> tuple[str, ...]:
    return tuple(getattr(parameter.type, "choices", ()))


def _first_line(text: str | None) -> str:
    return (text or "").strip().split("\n")[0]
