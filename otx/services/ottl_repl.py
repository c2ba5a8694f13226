"""The prompt of `otx ottl repl`: on a terminal with history and completion, else line by line."""

import io
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from otx.environment import Environment
from otx.errors import ExitCode, UsageError, missing_extra
from otx.model.cells import printable
from otx.ottl.functions.registry import FunctionSet
from otx.ottl.plan import signals_of_context
from otx.ottl.repl.engine import Repl, needs_more
from otx.ottl.repl.replies import Reply
from otx.ottl.repl.sample import NAME, sample
from otx.ottl.repl.session import Session, Source
from otx.output import Output, Painter
from otx.services.ottl_input import open_input


def run_repl(
    environment: Environment,
    path: str | None,
    store: str | None,
    since: str | None,
    context: str,
    functions: FunctionSet,
) -> int:
    """Ask for entries until there are no more; the exit code.

    Raises:
        UsageError: The input cannot be read, or holds no record.
        MachineError: A terminal's prompt needs a package that is not installed.
    """
    source, name = _source(environment, path, store, since, context)
    session = Session(source, name, functions, context)
    session.load()
    painter = Painter.of(environment, environment.stdout)
    repl = Repl(session, _Files(environment), painter)
    if not environment.is_interactive:
        return run_script(environment, repl)
    try:
        from otx.services.ottl_prompt import Prompt  # 120 ms, for a terminal only
    except ImportError as error:
        raise missing_extra(error.name or "prompt_toolkit", "ottl") from None

    return run_prompt(environment, repl, Prompt(environment, repl).entries())


def run_script(environment: Environment, repl: Repl) -> int:
    """Carry out the entries of stdin, each shown with what it brought; 1 where one failed."""
    output = Output(environment)
    is_failure = False
    lines = io.TextIOWrapper(environment.stdin, encoding="utf-8", errors="replace")
    for entry in entries_of(lines):
        shown = "\n".join(map(printable, entry.splitlines()))
        output.text(repl.replies.painter.faint(f"{repl.prompt()}{shown}"))
        reply = repl.execute(entry)
        is_failure = is_failure or reply.is_failure
        _print(output, reply)
        if reply.is_end:
            break
    return ExitCode.NO if is_failure else ExitCode.DONE


def run_prompt(environment: Environment, repl: Repl, entries: Iterator[str]) -> int:
    """Carry out what a person types, until it is enough."""
    output = Output(environment)
    lines = [*repl.greeting(), ":help lists the commands, Tab completes, Ctrl-D leaves"]
    output.text("\n".join(lines))
    _print(output, repl.execute(":show"))
    for entry in entries:
        try:
            reply = repl.execute(entry)
        except KeyboardInterrupt:
            output.text("stopped: nothing was changed")
            continue
        _print(output, reply)
        if reply.is_end:
            break
    return ExitCode.DONE


def entries_of(lines: Iterator[str]) -> Iterator[str]:
    """Entries from lines: one goes on while a bracket or a quote is open; `#` begins a comment."""
    waiting = ""
    for line in lines:
        text = line.rstrip("\r\n")
        if not waiting and (not text.strip() or text.lstrip().startswith("#")):
            continue
        waiting = f"{waiting}\n{text}" if waiting else text
        if not needs_more(waiting):
            yield waiting
            waiting = ""
    if waiting:
        yield waiting


def _print(output: Output, reply: Reply) -> None:
    output.text("\n".join(reply.lines))


def _source(
    environment: Environment,
    path: str | None,
    store: str | None,
    since: str | None,
    context: str,
) -> tuple[Source, str]:
    """Where the records come from, and what that is called."""
    if path is None and store is None and since is None:
        return sample, NAME
    if path == "-":
        if not environment.is_interactive:
            raise UsageError(
                "stdin holds what is typed, so it cannot hold the data too",
                hint="--in FILE reads a file",
            )
        raise UsageError("a terminal holds no telemetry", hint="--in FILE reads a file")
    # Asked again by `:reset`, so that what a store got meanwhile is seen.
    signals = signals_of_context(context)
    opened = partial(open_input, environment, path, store, since, signals)
    return opened, path or store or "the store"


class _Files:
    """The file system, seen from the directory that otx was started in."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    def source(self, name: str) -> Source:
        """The telemetry of a file."""
        path = str(self._path(name))
        return lambda: open_input(self._environment, path, None, None)

    def read(self, name: str) -> str | None:
        """The text of a file; None where there is none."""
        try:
            return self._path(name).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"cannot read {name}: {error}") from None

    def write(self, name: str, text: str) -> None:
        """Replace a file as a whole."""
        Output(self._environment, str(self._path(name))).text(text)

    def _path(self, name: str) -> Path:
        return self._environment.cwd / Path(name).expanduser()
