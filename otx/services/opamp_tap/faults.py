"""What a tap breaks on purpose: `drop=3,delay=200ms,server:dup@10%,503@2`, parsed and decided.

A fault is `[agent:|server:]NAME[=VALUE][@WHEN]`. Nothing here waits or sends: each message is put
before the faults and gets an `Order`. Counters and a seeded random number a fault make a run
repeatable: the same messages in the same order meet the same faults.
"""

import random
import re
from dataclasses import dataclass, field
from enum import Enum

from otx.errors import UsageError
from otx.model.units import format_duration, format_size, parse_duration_ns, parse_size
from otx.opamp.framing import DEFAULT_LIMIT
from otx.opamp.protocol import Side
from otx.services.opamp_tap.frames import Opcode
from otx.services.opamp_tap.observer import Fate

NAMES = (
    "drop", "delay", "dup", "reorder", "truncate", "pad", "header", "text", "oversize",
    "half-open", "close",
)  # fmt: skip
_ENDS = ("half-open", "close")
_ONLY_WEBSOCKET = ("reorder", "pad", "header", "text")
_HINT = (
    "one of drop, delay=TIME, dup, reorder, truncate, pad, header=N, text, oversize[=SIZE], "
    "half-open, close, a close code (1009) or a status (503); each may end in @N, @Nth or @P%"
)
_ORDINAL = re.compile(r"(\d+)(?:st|nd|rd|th)")
KEPT_BYTES = 1 << 20
"""Bytes of a changed message that a record keeps at most."""
_FIELD_NUMBER = 2_000
"""Of the field that fills an oversized message: one that nobody knows, so that it stays valid."""


@dataclass(frozen=True, slots=True)
class When:
    """Which of the messages that a fault concerns it meets.

    Attributes:
        every: Each so many-th; 0: by `chance`.
        only: This one, counted from 1; 0: no such limit.
    """

    every: int = 1
    only: int = 0
    chance: float = 0.0

    @classmethod
    def parse(cls, text: str) -> "When":
        """Read `3` (every third), `3rd` (the third alone) or `10%`.

        Raises:
            UsageError: The text is none of these.
        """
        if text.isascii() and text.isdigit() and int(text) > 0:
            return cls(every=int(text))
        if (match := _ORDINAL.fullmatch(text)) and int(match[1]) > 0:
            return cls(every=0, only=int(match[1]))
        if text.endswith("%"):
            try:
                share = float(text[:-1]) / 100
            except ValueError:
                share = -1.0
            if 0 < share <= 1:
                return cls(every=0, chance=share)
        raise UsageError(f"{text!r} is no choice of messages", hint="3, 3rd or 10%")


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault as it was asked for.

    Attributes:
        name: One of `NAMES`, or the number of a close code or a status.
        side: Whose messages it meets; None: both sides'.
        value: Nanoseconds of a delay (the least), the number of a header, bytes of an oversize.
        most: The longest delay, where it is a range.
    """

    name: str
    side: Side | None = None
    when: When = When()
    value: int = 0
    most: int = 0

    @property
    def number(self) -> int:
        """The close code or status that its name is; 0 for a name in words."""
        return int(self.name) if self.name.isdigit() else 0

    @property
    def is_status(self) -> bool:
        """Whether requests and openings are answered with it."""
        return 0 < self.number < 1000


@dataclass(frozen=True, slots=True)
class Faults:
    """Everything that was asked for."""

    faults: tuple[Fault, ...] = ()
    retry_after_s: int | None = None

    def __bool__(self) -> bool:
        return bool(self.faults)

    @property
    def touch_messages(self) -> bool:
        """Whether single messages are held, changed or counted."""
        return any(not fault.is_status for fault in self.faults)

    @classmethod
    def parse(cls, text: str) -> "Faults":
        """Read a list of faults with commas between them; `retry-after=TIME` goes with statuses.

        Raises:
            UsageError: One of them is none.
        """
        faults, retry_after_s = [], None
        for part in filter(None, (one.strip() for one in text.split(","))):
            if part.startswith("retry-after="):
                wait_ns = parse_duration_ns(part.removeprefix("retry-after="))
                retry_after_s = -(-wait_ns // 1_000_000_000)
            else:
                faults.append(_parse(part))
        return cls(tuple(faults), retry_after_s)


def _parse(text: str) -> Fault:
    side, rest = None, text
    for word, one in (("agent:", Side.CLIENT), ("server:", Side.SERVER)):
        if text.startswith(word):
            side, rest = one, text.removeprefix(word)
    rest, at, when = rest.partition("@")
    name, equals, value = rest.partition("=")
    is_number = name.isascii() and name.isdigit()
    if name not in NAMES and not (
        is_number and (400 <= int(name) <= 599 or 1000 <= int(name) <= 4999)
    ):
        raise UsageError(f"{text!r} is no fault", hint=_HINT)
    if name in ("delay", "header", "oversize"):
        return _valued(text, Fault(name, side, When.parse(when) if at else When()), value)
    if at and equals:
        raise UsageError(f"{text!r} says twice when", hint=f"{name}={value}, or {name}@{when}")
    is_end = name in _ENDS or (is_number and int(name) >= 1000)
    asked = when or value
    if (at or equals) and not asked:
        raise UsageError(f"{text!r} does not say when", hint="3, 3rd or 10%")
    return Fault(name, side, When.parse(asked) if asked else When(every=3 if is_end else 1))


def _valued(text: str, fault: Fault, value: str) -> Fault:
    if fault.name == "delay":
        least, dash, most = value.partition("-")
        if not value:
            raise UsageError(f"{text!r} says no time", hint="delay=200ms, or delay=50ms-200ms")
        low = parse_duration_ns(least)
        high = parse_duration_ns(most) if dash else low
        return Fault(fault.name, fault.side, fault.when, low, max(low, high))
    if fault.name == "header":
        if not value.isascii() or not value.isdigit() or int(value) >= 1 << 64:
            raise UsageError(f"{text!r} says no number", hint="header=1")
        return Fault(fault.name, fault.side, fault.when, int(value))
    size = parse_size(value) if value else DEFAULT_LIMIT + 1
    return Fault(fault.name, fault.side, fault.when, size)


class End(Enum):
    """How a connection ends by a fault."""

    CUT = "cut"
    """Both connections are reset."""
    SILENT = "half-open"
    """Nothing passes any more, and nobody is told."""


@dataclass(slots=True)
class Order:
    """What becomes of one message.

    Attributes:
        data: What is sent, the whole WebSocket message or body.
        told: The faults it met, in words.
        is_spoilt: Whether `data` or `opcode` is another than what was sent.
        end: What becomes of the connection instead; a number is a close code.
    """

    data: bytes
    opcode: int = Opcode.BINARY
    told: list[str] = field(default_factory=list)
    copies: int = 1
    delay_ns: int = 0
    is_held: bool = False
    is_spoilt: bool = False
    end: End | int | None = None

    def fate(self, data: bytes, is_text: bool) -> Fate:
        """What the receiver gets, given what was sent."""
        if self.end is not None or not self.copies:
            return Fate(0)
        has_text = self.opcode == Opcode.TEXT
        if not self.is_spoilt or (self.data == data and has_text == is_text):
            return Fate(self.copies)
        return Fate(0, self.data if len(self.data) <= KEPT_BYTES else None, has_text)


class Injector:
    """Puts messages, requests and openings before the faults."""

    def __init__(self, faults: Faults, seed: int = 0) -> None:
        self.faults = faults
        self._counts = [0] * len(faults.faults)
        self._random = [random.Random(f"{seed}/{at}") for at in range(len(faults.faults))]

    def status(self) -> int:
        """The status that a request or an opening is answered with; 0 lets it pass."""
        for at, fault in enumerate(self.faults.faults):
            if fault.is_status and self._meets(at, fault.when):
                return fault.number
        return 0

    def message(self, side: Side, data: bytes, is_websocket: bool, opcode: int) -> Order:
        """What becomes of a message of this side."""
        order = Order(data, opcode)
        for at, fault in enumerate(self.faults.faults):
            if fault.is_status or fault.side not in (None, side):
                continue
            if not is_websocket and (fault.name in _ONLY_WEBSOCKET or fault.number):
                continue
            if self._meets(at, fault.when):
                self._apply(at, fault, order, is_websocket)
            if order.end is not None or order.copies == 0:
                break
        return order

    def _meets(self, at: int, when: When) -> bool:
        self._counts[at] += 1
        if when.chance:
            return self._random[at].random() < when.chance
        if when.only:
            return self._counts[at] == when.only
        return self._counts[at] % when.every == 0

    def _apply(self, at: int, fault: Fault, order: Order, is_websocket: bool) -> None:
        if fault.number:
            order.end = fault.number
            order.told.append(f"closes both sides with {fault.number}")
        elif fault.name in _ENDS:
            order.end = End.CUT if fault.name == "close" else End.SILENT
            order.told.append(_ENDINGS[order.end])
        elif fault.name == "drop":
            order.copies = 0
            order.told.append("drop: it is lost")
        elif fault.name == "dup":
            order.copies += 1
            order.told.append("dup: it is sent twice")
        elif fault.name == "reorder":
            order.is_held = True
            order.told.append("reorder: the next one goes first")
        elif fault.name == "delay":
            wait_ns = self._random[at].randint(fault.value, fault.most)
            order.delay_ns += wait_ns
            order.told.append(f"delay: it waits {format_duration(wait_ns)}")
        else:
            _spoil(fault, order, is_websocket)


_ENDINGS = {
    End.CUT: "close: both connections are cut, without a Close frame",
    End.SILENT: "half-open: nothing passes any more, and nobody is told",
}


def _spoil(fault: Fault, order: Order, is_websocket: bool) -> None:
    order.is_spoilt = True
    if fault.name == "truncate":
        kept = len(order.data) // 2
        order.told.append(f"truncate: {kept} of {len(order.data)} bytes are sent")
        order.data = order.data[:kept]
    elif fault.name == "pad":
        order.data = b"\x80" + order.data
        order.told.append("pad: the header 0 takes two bytes")
    elif fault.name == "header":
        order.data = varint(fault.value) + order.data[1:]
        order.told.append(f"header: it is {fault.value} instead of 0")
    elif fault.name == "text":
        order.opcode = Opcode.TEXT
        order.told.append("text: it is sent as a text message")
    else:
        order.data = oversized(order.data, fault.value, has_header=is_websocket)
        order.told.append(f"oversize: it is filled up to {format_size(len(order.data))}")


def oversized(data: bytes, size: int, has_header: bool) -> bytes:
    """A message filled up to at least `size` bytes with a field that its receiver does not know."""
    if not data and has_header:
        data = b"\x00"
    missing = max(0, size - len(data))
    return data + varint(_FIELD_NUMBER << 3 | 2) + varint(missing) + bytes(missing)


def varint(number: int) -> bytes:
    """A number as protobuf writes it."""
    out = bytearray()
    while number > 0x7F:
        out.append(0x80 | number & 0x7F)
        number >>= 7
    out.append(number)
    return bytes(out)
