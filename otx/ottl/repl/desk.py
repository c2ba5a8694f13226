"""What the commands of the prompt work on: the session, the file system and the words."""

from collections import Counter
from collections.abc import Sequence
from typing import Protocol

from otx.ottl.record_state import ITEM_NOUNS
from otx.ottl.repl.replies import Replies, counted
from otx.ottl.repl.session import Session, Source
from otx.output import Painter


class Files(Protocol):
    """What the prompt needs of the file system."""

    def source(self, name: str) -> Source:
        """The telemetry of a file."""

    def read(self, name: str) -> str | None:
        """The text of a file; None where there is none.

        Raises:
            UsageError: It cannot be read.
        """

    def write(self, name: str, text: str) -> None:
        """Replace a file as a whole.

        Raises:
            UsageError: It cannot be written.
        """


class Desk:
    """A session within reach of everything that its commands need.

    Attributes:
        session: What it remembers.
        files: The file system.
        replies: Its words.
    """

    def __init__(self, session: Session, files: Files, painter: Painter) -> None:
        self.session = session
        self.files = files
        self.replies = Replies(painter)

    def greeting(self) -> Sequence[str]:
        """What is loaded, and how to go on."""
        session = self.session
        counts = Counter(one.signal for one in session.records)
        shown = ", ".join(counted(count, ITEM_NOUNS[one]) for one, count in counts.items())
        lines = [f"{session.name}: {shown}"]
        if session.is_cut:
            lines.append("there is more than a prompt can hold: these are the first")
        return lines
