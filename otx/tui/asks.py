"""What screens ask the app for that takes the outside world: a file, an editor, the wire's forms.

Screens know neither OTLP nor the forms of a profile; they hand over what they show.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from textual.message import Message

from otx.model.telemetry import LogRecord, Span
from otx.tui.snapshot import FlameView


@dataclass(frozen=True, slots=True, eq=False)
class Spans:
    """Spans to be written, of one trace."""

    spans: Sequence[Span]


@dataclass(frozen=True, slots=True, eq=False)
class Records:
    """Log records to be written."""

    records: Sequence[LogRecord]


Content: TypeAlias = Spans | Records | FlameView
CopyForm: TypeAlias = Literal["json", "text", "curl"]


class SaveAsked(Message):
    """A person wants something in a file; `may_replace` where another may be lost by it."""

    def __init__(self, content: Content, path: str, may_replace: bool) -> None:
        super().__init__()
        self.content = content
        self.path = path
        self.may_replace = may_replace


class EditAsked(Message):
    """A person wants to read something in an editor."""

    def __init__(self, content: Content) -> None:
        super().__init__()
        self.content = content


class CopyAsked(Message):
    """A person wants something in the clipboard, in one of its forms."""

    def __init__(self, content: Content, form: CopyForm) -> None:
        super().__init__()
        self.content = content
        self.form = form


class SaveEnded(Message):
    """How saving went, told to the screen that asked.

    Attributes:
        done: What was saved and where; "" where it was not.
        fault: Why it was not saved.
        is_there: Whether that is because the file is there already.
    """

    def __init__(self, done: str = "", fault: str = "", is_there: bool = False) -> None:
        super().__init__()
        self.done = done
        self.fault = fault
        self.is_there = is_there
