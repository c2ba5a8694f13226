"""Going from one signal to another: what was chosen travels, the screens do not know each other."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from textual.message import Message

LinkKind: TypeAlias = Literal["traces", "logs", "flame"]
"""The screen a link leads to."""


@dataclass(frozen=True, slots=True)
class Link:
    """What the other screen should choose; ids are "" and 0 where nothing is meant.

    Attributes:
        note: What whoever follows the link should know; "" for nothing.
    """

    kind: LinkKind
    trace_id: str = ""
    span_id: str = ""
    pid: int = 0
    note: str = ""


class LinkOpened(Message):
    """A person asked for the linked signal."""

    def __init__(self, link: Link) -> None:
        super().__init__()
        self.link = link
