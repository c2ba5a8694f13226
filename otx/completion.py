"""Completion scripts for bash, zsh and fish, written from a description of the command line.

The scripts are static: a Tab costs no Python start. They complete command names, flags and the
values a flag chooses from; everything else completes as a file.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Flag:
    """An option of a command.

    Attributes:
        names: All spellings, such as `-d` and `--duration`.
        choices: The values it takes; empty where anything goes.
        takes_value: Whether a value follows.
    """

    names: tuple[str, ...]
    help: str
    takes_value: bool
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CommandSpec:
    """A command with its flags and the commands under it."""

    name: str
    help: str
    flags: tuple[Flag, ...] = ()
    children: tuple["CommandSpec", ...] = ()
    words: tuple[str, ...] = ()
    """What its first argument chooses from; empty where anything goes."""


def paths(root: CommandSpec, before: tuple[str, ...] = ()) -> Iterator[tuple[str, CommandSpec]]:
    """Every command with the words that lead to it, joined by spaces; the root's are empty."""
    yield " ".join(before), root
    for child in root.children:
        yield from paths(child, (*before, child.name))


def bash(root: CommandSpec) -> str:
    """The script for bash."""
    cases = []
    for path, command in paths(root):
        words = [*_next_words(command), *(name for flag in command.flags for name in flag.names)]
        cases.append(f'    "{path}") words="{" ".join(words)}" ;;')
        for flag in command.flags:
            if flag.choices:
                spelled = "|".join(f'"{path}:{name}"' for name in flag.names)
                cases.append(f'    {spelled}) words="{" ".join(flag.choices)}" ;;')
    known = "|".join(f'"{path}"' for path, _ in paths(root) if path)
    return f"""\
# bash completion for otx; made by `otx completion bash`.
_otx() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD - 1]}}
  local path='' word
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    case "${{path:+$path }}$word" in
    {known}) path="${{path:+$path }}$word" ;;
    esac
  done
  local words=''
  _otx_words "$path:$previous"
  [ -n "$words" ] || _otx_words "$path"
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}}
_otx_words() {{
  case "$1" in
{chr(10).join(cases)}
  esac
}}
complete -o default -F _otx otx
"""


def zsh(root: CommandSpec) -> str:
    """The script for zsh: a function a command, each in terms of `_arguments`."""
    functions = [_zsh_function(path, command) for path, command in paths(root)]
    return "#compdef otx\n# zsh completion for otx; made by `otx completion zsh`.\n" + "".join(
        [
            *functions,
            '\nif [ "$funcstack[1]" = "_otx" ]; then _otx "$@"; else compdef _otx otx; fi\n',
        ]
    )


def fish(root: CommandSpec) -> str:
    """The script for fish."""
    lines = ["# fish completion for otx; made by `otx completion fish`.", "complete -c otx -f"]
    for path, command in paths(root):
        condition = _fish_condition(path, command)
        lines += [
            f"complete -c otx -n {condition} -a {child.name} -d {_quoted(child.help)}"
            for child in command.children
        ]
        if command.words:
            lines.append(f"complete -c otx -n {condition} -a {_quoted(' '.join(command.words))}")
        lines += [_fish_flag(condition, flag) for flag in command.flags]
        if path and not command.children and not command.words:
            lines.append(f"complete -c otx -n {condition} -F")
    return "\n".join(lines) + "\n"


WRITERS = {"bash": bash, "zsh": zsh, "fish": fish}
"""Shell -> what writes its script."""


def _next_words(command: CommandSpec) -> Sequence[str]:
    return command.words or [child.name for child in command.children]


def _quoted(text: str) -> str:
    """Text as one word of bash, zsh or fish."""
    return "'" + text.replace("\\", "\\\\").replace("'", "'\\''") + "'"


def _zsh_name(path: str) -> str:
    return "_otx" + "".join("_" + word.replace("-", "_") for word in path.split())


def _zsh_function(path: str, command: CommandSpec) -> str:
    name = _zsh_name(path)
    flags = [_zsh_flag(flag) for flag in command.flags]
    if not command.children:
        rest = f"'1: :({' '.join(command.words)})'" if command.words else "'*: :_files'"
        arguments = " \\\n    ".join([*flags, rest])
        return f"\n{name}() {{\n  _arguments -s \\\n    {arguments}\n}}\n"
    listed = "\n    ".join(
        _quoted(f"{child.name}:{child.help.replace(':', chr(92) + ':')}")
        for child in command.children
    )
    cases = "\n    ".join(
        f"{child.name}) {_zsh_name(f'{path} {child.name}')} ;;" for child in command.children
    )
    arguments = " \\\n    ".join([*flags, "'1: :->command'", "'*:: :->rest'"])
    return f"""
{name}() {{
  local state line
  _arguments -C \\
    {arguments}
  case $state in
  command)
    local -a commands=(
    {listed}
    )
    _describe command commands ;;
  rest)
    case $line[1] in
    {cases}
    esac ;;
  esac
}}
"""


def _zsh_flag(flag: Flag) -> str:
    about = flag.help.replace("[", "(").replace("]", ")").replace(":", " -")
    value = f":value:({' '.join(flag.choices)})" if flag.choices else ":value:_files"
    tail = f"[{about}]" + (value if flag.takes_value else "")
    if len(flag.names) == 1:
        return _quoted(flag.names[0] + tail)
    return "{" + ",".join(flag.names) + "}" + _quoted(tail)


def _fish_condition(path: str, command: CommandSpec) -> str:
    words = path.split()
    seen = [f"__fish_seen_subcommand_from {word}" for word in words]
    if command.children:
        names = " ".join(child.name for child in command.children)
        seen.append(f"not __fish_seen_subcommand_from {names}")
    return _quoted("; and ".join(seen) or "true")


def _fish_flag(condition: str, flag: Flag) -> str:
    spelled = " ".join(
        f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in flag.names
    )
    value = " -x" if flag.choices else " -r" if flag.takes_value else ""
    choices = f" -a {_quoted(' '.join(flag.choices))}" if flag.choices else ""
    about = f" -d {_quoted(flag.help)}" if flag.help else ""
    return f"complete -c otx -n {condition} {spelled}{value}{choices}{about}"
