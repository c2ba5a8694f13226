"""The global flags, the call of a command, and how an error becomes an exit code.

A command's module is imported when that command is called and not before: `otx --help`
imports neither Typer nor anything heavier. Global flags stand anywhere before `--`.
"""

import os
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, replace

from otx import __version__
from otx.command_table import COMMANDS, load_command
from otx.environment import ColourMode, Environment
from otx.errors import ExitCode, OtxError, UsageError
from otx.output import Remarks, write_last_words
from otx.streams import machine_error

EXAMPLES = """\
Examples:
  otx demo                          the whole tool on a small live shop
  otx profile --pid 4242 -d 10s     where a running program spends its time
  otx receive                       take OTLP from any SDK or Collector
"""


@dataclass(frozen=True)
class Invocation:
    """A command line with its global flags taken out.

    Attributes:
        words: What is left: the command's name and its own arguments.
    """

    words: list[str]
    colour_mode: ColourMode = "auto"
    debug: bool = False


def parse_global_flags(arguments: Sequence[str]) -> Invocation:
    """Take `--color` and `--log-level` out of a command line, wherever they stand before `--`.

    Raises:
        UsageError: A global flag has a value it does not take.
    """
    words: list[str] = []
    colour_mode: ColourMode = "auto"
    debug = False
    rest = iter(arguments)
    for word in rest:
        if word == "--":
            words += ["--", *rest]
            break
        flag, equals, value = word.partition("=")
        if flag not in ("--color", "--log-level"):
            words.append(word)
            continue
        if not equals:
            value = next(rest, "")
        if flag == "--log-level":
            debug = _one_of(flag, value, ("debug", "info", "warning", "error")) == "debug"
        else:
            mode = _one_of(flag, value, ("auto", "always", "never"))
            colour_mode = "auto" if mode == "auto" else "always" if mode == "always" else "never"
    return Invocation(words, colour_mode, debug)


def run(arguments: Sequence[str], environment: Environment | None = None) -> int:
    """Run one command line; the exit code. Every error is shown here and nowhere else."""
    world = environment or Environment.of_process()
    try:
        invocation = parse_global_flags(arguments)
        if environment is None:
            world = replace(
                world,
                colour_mode=invocation.colour_mode,
                debug=invocation.debug or world.debug,
            )
        code = _dispatch(invocation.words, world)
        world.stdout.flush()
        return code
    except OtxError as error:
        return _report(error, world)
    except BrokenPipeError:
        _discard_stdout()
        return ExitCode.DONE
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except OSError as error:
        known = machine_error(error)
        return _report(known, world) if known else _report_fault(error, world)
    except Exception as error:
        return _report_fault(error, world)


def _report(error: OtxError, world: Environment) -> int:
    """Show an error of the user's or the machine's; the exit code."""
    Remarks(world).error(error)
    if world.debug:
        Remarks(world).note(traceback.format_exc())
    return error.code


def _dispatch(words: list[str], world: Environment) -> int:
    """Call the command that the first word names."""
    if words[:1] == ["help"]:
        words = [*words[1:], "--help"]
    if not words or words[0] in ("-h", "--help"):
        world.stdout.write(root_help())
        return ExitCode.DONE
    name, *rest = words
    if name == "--version":
        if rest:
            raise UsageError(f"--version stands alone, without {' '.join(rest)}")
        world.stdout.write(f"otx {__version__}\n")
        return ExitCode.DONE
    if name not in COMMANDS:
        raise _unknown_command(name)
    return _call(name, rest, world)


def _call(name: str, arguments: list[str], world: Environment) -> int:
    import typer  # 44 ms

    command = load_command(name)
    if not arguments and hasattr(command, "commands"):
        arguments = list(getattr(command, "bare_arguments", ["--help"]))
    try:
        # Not `command.main`: it would answer a closed pipe with exit code 1.
        with command.make_context(f"otx {name}", arguments, obj=world) as context:
            result = command.invoke(context)
    except typer.Exit as ended:
        return ended.exit_code
    except typer.TyperException as error:
        place = getattr(getattr(error, "ctx", None), "command_path", f"otx {name}")
        message = " ".join(error.format_message().split())
        raise UsageError(message, hint=f"{place} --help") from error
    return result if isinstance(result, int) else ExitCode.DONE


def root_help() -> str:
    """The help page of `otx` itself: examples first, then every command in a line."""
    width = max(map(len, COMMANDS))
    lines = [f"  {name.ljust(width)}  {summary}" for name, (_, summary) in COMMANDS.items()]
    return "\n".join(
        [
            "Usage: otx COMMAND [ARGUMENTS]\n",
            EXAMPLES,
            "Commands:",
            *lines,
            "",
            "Everywhere:",
            "  --color auto|always|never   colour; auto: on a terminal, unless NO_COLOR is set",
            "  --log-level debug|info|…    debug adds tracebacks and the BPF verifier's log",
            "  -h, --help                  help for any command",
            "  --version                   the version, and nothing else",
            "",
        ]
    )


def _one_of(flag: str, value: str, choices: tuple[str, ...]) -> str:
    if value not in choices:
        raise UsageError(f"{flag} takes {', '.join(choices)}, not {value!r}")
    return value


def _unknown_command(name: str) -> UsageError:
    import difflib

    near = difflib.get_close_matches(name, COMMANDS, n=1)
    kind = "option" if name.startswith("-") else "command"
    hint = f"did you mean {near[0]!r}?" if near else "`otx --help` lists what there is"
    return UsageError(f"no such {kind} {name!r}", hint=hint)


def _discard_stdout() -> None:
    """Point stdout away from a closed pipe, so that the interpreter's last flush is quiet."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _report_fault(error: Exception, world: Environment) -> int:
    """Say that otx is at fault and where the traceback was written."""
    trace = traceback.format_exc()
    if world.debug:
        Remarks(world).note(trace)
    report = world.state_dir / f"crash-{world.clock()}.txt"
    try:
        report.parent.mkdir(parents=True, exist_ok=True)
        report.write_text(trace, encoding="utf-8")
        hint = f"the report is in {report}"
    except OSError:
        hint = "--log-level debug shows the traceback"
    try:
        what = f"a fault of otx: {type(error).__name__}: {error}"
        Remarks(world).error(OtxError(what, hint, ExitCode.FAULT))
    except OSError:
        write_last_words(trace)
    return ExitCode.FAULT
