"""The prompt on a terminal: what prompt_toolkit is told about OTTL."""

import textwrap
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.application import get_app
from prompt_toolkit.completion import CompleteEvent, Completer, Completion, PathCompleter
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition, has_validation_error, to_filter
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.layout import ConditionalContainer, Dimension, Layout, Window, walk
from prompt_toolkit.lexers import Lexer
from prompt_toolkit.output import ColorDepth, create_output
from prompt_toolkit.styles import Style
from prompt_toolkit.validation import ValidationError, Validator

from otx.environment import Environment
from otx.ottl.errors import OttlError
from otx.ottl.repl.complete import argument_place
from otx.ottl.repl.engine import Repl, needs_more
from otx.ottl.tokens import coloured
from otx.output import Remarks

_STYLE = Style.from_dict(
    {
        "editor": "ansiblue bold",
        "converter": "ansicyan",
        "argument": "ansicyan italic",
        "enum": "ansimagenta",
        "path": "",
        "keyword": "bold",
        "text": "ansigreen",
        "number": "ansiyellow",
        "sign": "",
        "wrong": "ansired underline",
        "command": "bold",
        "bottom-toolbar": "noreverse",
        "bottom-toolbar.text": "ansibrightblack",
    }
)
_PRIVATE = 0o600
_MIN_COLUMNS = 20
_MAX_ERROR_LINES = 6


class Prompt:
    """A prompt that knows the language and the session's data."""

    def __init__(self, environment: Environment, repl: Repl) -> None:
        colour = environment.wants_colour(environment.stdout)
        self._repl = repl
        self._session: PromptSession[str] = PromptSession(
            lexer=_OttlLexer(),
            completer=_OttlCompleter(repl, environment.cwd),
            history=_history(environment),
            validator=_EntryValidator(repl),
            validate_while_typing=False,
            complete_while_typing=True,
            multiline=Condition(_goes_on),
            prompt_continuation=_continuation,
            bottom_toolbar=repl.status,
            key_bindings=_keys(),
            style=_STYLE,
            color_depth=None if colour else ColorDepth.DEPTH_1_BIT,
            output=create_output(environment.stdout),
        )
        _show_errors_whole(self._session.layout)

    def entries(self) -> Iterator[str]:
        """What is typed, entry by entry; Ctrl-C begins anew, Ctrl-D ends."""
        while True:
            try:
                yield self._session.prompt(self._repl.prompt)
            except KeyboardInterrupt:
                continue
            except EOFError:
                return


class _OttlLexer(Lexer):
    """Colours from the grammar's own tokens."""

    def lex_document(self, document: Document) -> Callable[[int], StyleAndTextTuples]:
        text = document.text
        command, begin = argument_place(text) if text.startswith(":") else (None, 0)
        is_ottl = command.takes_text if command is not None else not text.startswith(":")
        head = begin if is_ottl else len(text)
        styles = ["class:command"] * head + [""] * (len(text) - head)
        for token, colour in coloured(text[head:]):
            width = token.end - token.start
            styles[head + token.start : head + token.end] = [f"class:{colour}"] * width
        starts = [0, *(at + 1 for at, c in enumerate(text) if c == "\n")]

        def line(number: int) -> StyleAndTextTuples:
            begin = starts[number]
            shown = document.lines[number]
            return [(styles[begin + at], c) for at, c in enumerate(shown)]

        return line


class _OttlCompleter(Completer):
    """The engine's candidates, and files where a command takes one."""

    def __init__(self, repl: Repl, cwd: Path) -> None:
        self._repl = repl
        self._files = PathCompleter(get_paths=lambda: [str(cwd)], expanduser=True)

    def get_completions(self, document: Document, event: CompleteEvent) -> Iterable[Completion]:
        text, at = document.text, document.cursor_position
        command, begin = argument_place(text) if text.startswith(":") else (None, 0)
        if command is not None and command.takes_file and at >= begin:
            yield from self._files.get_completions(Document(text[begin:at]), event)
            return
        if not text.strip() and not event.completion_requested:
            return  # a list of everything is shown to those who ask for it
        for one in self._repl.complete(text, at):
            about = " — ".join(part for part in (one.detail, one.about) if part)
            yield Completion(
                one.text, one.start - at, display=one.label, display_meta=about or one.kind
            )


class _EntryValidator(Validator):
    """Keeps an entry with a fault at the prompt, the cursor at the fault."""

    def __init__(self, repl: Repl) -> None:
        self._repl = repl

    def validate(self, document: Document) -> None:
        error = self._repl.check(document.text)
        if error is None:
            return
        reason = error.reason if isinstance(error, OttlError) else error.message
        place = error.place.start if isinstance(error, OttlError) else len(document.text)
        hint = f" — {error.hint}" if error.hint else ""
        columns = get_app().output.get_size().columns
        shown = textwrap.fill(" ".join(f"{reason}{hint}".split()), max(_MIN_COLUMNS, columns - 1))
        raise ValidationError(min(place, len(document.text)), shown)


def _show_errors_whole(layout: Layout) -> None:
    """Give errors as many lines as they need: a prompt has one for them, and what to do is last."""
    for container in walk(layout.container):
        if isinstance(container, ConditionalContainer) and container.filter is has_validation_error:
            window = container.content
            if isinstance(window, Window):
                window.height = Dimension(min=1, max=_MAX_ERROR_LINES)
                window.wrap_lines = to_filter(True)
                window.dont_extend_height = to_filter(True)


def _keys() -> KeyBindings:
    keys = KeyBindings()

    @keys.add("escape", "enter")
    def _(event: KeyPressEvent) -> None:
        """Alt-Enter is always a new line."""
        event.current_buffer.insert_text("\n")

    return keys


def _goes_on() -> bool:
    """Whether Enter begins another line."""
    return needs_more(get_app().current_buffer.text)


def _continuation(width: int, _: int, __: int) -> str:
    return "...> ".rjust(width)


def _history(environment: Environment) -> History:
    """What was typed before; a line that begins with a blank is not kept."""
    path = environment.state_dir / "ottl-history"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(_PRIVATE)
        with path.open("ab"):
            return _KeptHistory(str(path))
    except OSError as error:
        Remarks(environment).warning(f"what is typed is not kept: {path}: {error.strerror}")
        return InMemoryHistory()


class _KeptHistory(FileHistory):
    """A history that forgets what begins with a blank, as shells do."""

    def store_string(self, string: str) -> None:
        if not string.startswith(" "):
            super().store_string(string)
