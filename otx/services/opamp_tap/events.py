"""What a tap has to tell, as one thing for the screen, for JSON lines and for a record."""

import re
import textwrap
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from google.protobuf.message import Message

from otx.model.cells import printable
from otx.model.units import format_clock, format_duration, format_time
from otx.opamp.document import message_document
from otx.opamp.instance_uid import uid_text
from otx.opamp.monitor import Broken
from otx.opamp.protocol import Side
from otx.opamp.rules import Level, Transport
from otx.output import Painter

UID_DIGITS = 8
"""The last digits of a uid tell agents apart; the first ones of a UUIDv7 are the time."""
LONGEST_UID = 64


class Kind(Enum):
    """What an event is."""

    OPEN = "open"
    """A WebSocket was opened."""
    MESSAGE = "message"
    REFUSED = "refused"
    """A request or an opening was answered with another status than 200 or 101."""
    CLOSE = "close"
    FAULT = "fault"
    """Something was broken on purpose."""
    NOTE = "note"


@dataclass(slots=True)
class Event:
    """One line of a story.

    Attributes:
        connection: Its number, counted from 1; 0 where no connection is meant.
        side: Who did it; None for the tap itself.
        latency_ns: How long an answer took; `is_exact` is False where it may have been a push.
        data: What was sent, as the sender sent it.
        details: What else JSON shows: a path, a status, headers without their secrets.
        kept: What a record alone has of it, secrets too.
    """

    kind: Kind
    at_ns: int
    connection: int
    phrases: list[str]
    side: Side | None = None
    transport: Transport = Transport.WEBSOCKET
    uid: bytes = b""
    sequence: int | None = None
    latency_ns: int | None = None
    is_exact: bool = True
    data: bytes | None = None
    is_text: bool = False
    message: Message | None = None
    broken: list[Broken] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)
    kept: dict[str, Any] = field(default_factory=dict)
    _redacted: dict[str, Any] | None = field(default=None, init=False, repr=False)

    def document(self, show_secrets: bool = False) -> dict[str, Any]:
        """The event as JSON shows it; every event has the same keys. Not to be changed."""
        if show_secrets:
            return self._document(show_secrets)
        # Screen and record show the same.
        if self._redacted is None:
            self._redacted = self._document(show_secrets)
        return self._redacted

    def _document(self, show_secrets: bool) -> dict[str, Any]:
        return {
            "time": format_time(self.at_ns),
            "connection": self.connection,
            "kind": self.kind.value,
            "side": _WORDS[self.side],
            "transport": self.transport.value,
            "uid": uid_text(self.uid[:LONGEST_UID]) if self.uid else None,
            "sequence_num": self.sequence,
            "says": self.phrases,
            "latency_ms": None if self.latency_ns is None else self.latency_ns / 1e6,
            "latency_is_exact": self.is_exact if self.latency_ns is not None else None,
            "bytes": None if self.data is None else len(self.data),
            "message": self.message and message_document(self.message, show_secrets),
            "broken_rules": [_broken_document(one) for one in self.broken],
            **self.details,
        }

    def lines(self, painter: Painter) -> list[str]:
        """The event for people: a line, and one for each rule that was broken."""
        who = uid_text(self.uid[:LONGEST_UID])[-UID_DIGITS:] if self.uid else ""
        number = f"{self.connection}" if self.connection else ""
        head = f"{format_clock(self.at_ns)} {number:>3} {_ARROWS[self.side]} {who:<{UID_DIGITS}}"
        said = _wrapped(printable("; ".join(self.phrases)), painter.width)
        if self.kind is Kind.FAULT:
            said = painter.paint(f"fault {said}", "~")
        elif self.kind is Kind.REFUSED:
            said = painter.paint(said, "-")
        elif self.kind is not Kind.MESSAGE:
            said = painter.faint(said)
        else:
            said = _WORD.sub(lambda word: painter.paint(word[0], _SIGNS[word.lastindex or 1]), said)
        text = f"{painter.faint(head)} {self._aside():>11}  {said}"
        return [text, *(_broken_line(one, painter) for one in self.broken)]

    def _aside(self) -> str:
        if self.sequence is not None:
            return f"#{self.sequence}"
        if self.latency_ns is None:
            return ""
        return ("" if self.is_exact else "≤") + format_duration(self.latency_ns)


_WORDS = {None: "tap", Side.CLIENT: "agent", Side.SERVER: "server"}
_ARROWS = {None: "·", Side.CLIENT: "→", Side.SERVER: "←"}
INDENT = " " * 41
"""As wide as the head of a line."""
_NARROWEST = 20
_WORD = re.compile(r"\b(APPLIED|healthy)\b|\b(FAILED|unhealthy|malformed|error \w+)\b")
_SIGNS = {1: "+", 2: "-"}


def _wrapped(text: str, width: int | None) -> str:
    """Text that stays behind the head of its line, on a terminal of this width."""
    if width is None or width - len(INDENT) < _NARROWEST or len(INDENT) + len(text) <= width:
        return text
    return f"\n{INDENT}".join(textwrap.wrap(text, width - len(INDENT)))


def _broken_line(broken: Broken, painter: Painter) -> str:
    one = broken.rule
    sign = "-" if one.level is Level.MUST else "~"
    who = _WORDS[broken.side]
    text = f"! {who} breaks {one.level.value} {one.number}: {printable(broken.evidence)}"
    return INDENT + painter.paint(_wrapped(text, painter.width), sign)


def _broken_document(broken: Broken) -> dict[str, Any]:
    return {
        "number": broken.rule.number,
        "level": broken.rule.level.value,
        "side": _WORDS[broken.side],
        "evidence": broken.evidence,
        "rule": broken.rule.sentence,
    }
