"""WebSocket frames read from a stream of bytes as they pass, and made (RFC 6455, 5; RFC 7692).

What is read is never refused: a tap passes on what it does not understand, and says so. Memory is
bounded: a message over the limit goes by in pieces and is not put together.
"""

import os
import zlib
from dataclasses import dataclass
from enum import IntEnum

MOST_INFLATED = 4
"""How many times the limit a message may inflate to before its connection is no longer inflated."""
_PIECE = 1 << 16
_TAIL = b"\x00\x00\xff\xff"
"""What a sender leaves off the end of a compressed message (RFC 7692, 7.2.1)."""


class Opcode(IntEnum):
    """What a frame is."""

    CONTINUATION = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


@dataclass(frozen=True, slots=True)
class Passing:
    """Bytes of which there is nothing to be told yet: pieces of a message over the limit."""

    raw: bytes


@dataclass(frozen=True, slots=True)
class Control:
    """A ping, a pong or a close; `odd` says what is wrong with a frame, or is ""."""

    raw: bytes
    opcode: int
    payload: bytes
    odd: str = ""

    @property
    def close_code(self) -> int:
        """The code of a close; 1005 where it has none (RFC 6455, 7.1.5)."""
        return int.from_bytes(self.payload[:2], "big") if len(self.payload) >= 2 else 1005


@dataclass(frozen=True, slots=True)
class Data:
    """A whole message.

    Attributes:
        raw: All its frames as they came; b"" for one over the limit, which went by as `Passing`.
        payload: What it holds, inflated; None where that is not known.
        size: Bytes of what it holds, as far as they were counted.
        fragments: In how many frames it came.
    """

    raw: bytes
    opcode: int
    payload: bytes | None
    size: int
    fragments: int = 1
    is_compressed: bool = False


Seen = Passing | Control | Data


class Inflater:
    """Follows the compression of one direction."""

    def __init__(self, keeps_context: bool, limit: int) -> None:
        self._keeps_context = keeps_context
        self._limit = limit
        self._stream = zlib.decompressobj(-zlib.MAX_WBITS)
        self._is_lost = False

    def inflate(self, payload: bytes) -> tuple[bytes | None, int]:
        """What a message holds, or None, and its size as far as it was counted."""
        if self._is_lost:
            return None, len(payload)
        if not self._keeps_context:
            self._stream = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            whole = self._stream.decompress(payload + _TAIL, self._limit + 1)
            if len(whole) <= self._limit:
                return whole, len(whole)
            return None, self._skip(len(whole))
        except zlib.error:
            self._is_lost = True
            return None, len(payload)

    def _skip(self, size: int) -> int:
        """Inflate the rest for the sake of what comes after it, and keep nothing."""
        while rest := self._stream.unconsumed_tail:
            size += len(self._stream.decompress(rest, 1 << 20))
            if size > MOST_INFLATED * self._limit:
                self._is_lost = True
                break
        return size


class FrameReader:
    """One direction of one WebSocket.

    Args:
        limit: Bytes of a message that are held at most.
        is_masked: Whether this direction has to be masked: the client's.
        inflater: Where permessage-deflate was agreed upon.
        keeps_raw: Whether messages come out with their frames; without it only `Passing` and
            controls do, for whoever has sent all bytes on already.
    """

    def __init__(
        self,
        limit: int,
        is_masked: bool,
        inflater: Inflater | None = None,
        keeps_raw: bool = True,
    ) -> None:
        self._keeps_raw = keeps_raw
        self._limit = limit
        self._is_masked = is_masked
        self._inflater = inflater
        self._buffer = bytearray()
        self._message = _Message()
        self._passing_bytes = 0
        self._passing_is_last = False

    def feed(self, data: bytes) -> list[Seen]:
        """What is complete with these bytes, in order; all bytes come out as some `raw`."""
        self._buffer += data
        seen: list[Seen] = []
        while True:
            if self._passing_bytes:
                if not self._buffer:
                    return seen
                seen += self._pass()
            elif (frame := self._frame()) is not None:
                seen += frame
            else:
                return seen

    def rest(self) -> bytes:
        """Bytes of a message that never came to its end."""
        rest = bytes(self._message.raw) + bytes(self._buffer)
        self._message, self._buffer = _Message(), bytearray()
        return rest

    def _pass(self) -> list[Seen]:
        part = bytes(self._buffer[: self._passing_bytes])
        del self._buffer[: len(part)]
        self._passing_bytes -= len(part)
        seen: list[Seen] = [Passing(part)]
        if not self._passing_bytes and self._passing_is_last:
            seen.append(self._message.whole(None))
            self._message = _Message()
        return seen

    def _frame(self) -> list[Seen] | None:
        """The next frame, or None where it is not all there."""
        head = _head(self._buffer)
        if head is None:
            return None
        size, length, mask = head
        first = self._buffer[0]
        if not first & 0x08 and self._message.size + length > self._limit:
            return self._begin_passing(size + length, length, first)
        if first & 0x08 and length > self._limit:
            self._passing_bytes, self._passing_is_last = size + length, False
            return [Control(b"", first & 0x0F, b"", "a control frame over the limit")]
        if len(self._buffer) < size + length:
            return None
        is_control = bool(first & 0x08)
        end = size + length
        raw = bytes(self._buffer[:end]) if self._keeps_raw or is_control else b""
        payload = _masked(self._buffer[size:end], mask)
        del self._buffer[:end]
        odd = self._odd(first, length, has_mask=bool(mask))
        if is_control:
            return [Control(raw, first & 0x0F, payload, odd)]
        return self._data(first, raw, payload, odd)

    def _begin_passing(self, bytes_left: int, length: int, first: int) -> list[Seen]:
        message = self._message
        held = bytes(message.raw)
        message.raw.clear()
        message.payload = b""
        message.takes(first)
        message.size += length
        message.is_passing = True
        self._passing_bytes = bytes_left
        self._passing_is_last = bool(first & 0x80)
        return [Passing(held)] if held else []

    def _data(self, first: int, raw: bytes, payload: bytes, odd: str) -> list[Seen]:
        message = self._message
        seen: list[Seen] = [Control(b"", first & 0x0F, b"", odd)] if odd else []
        message.takes(first)
        message.size += len(payload)
        if message.is_passing:
            seen.append(Passing(raw))
        else:
            message.raw += raw
            if message.fragments > 1:
                message.payload = bytearray(message.payload)
                message.payload += payload
            else:
                message.payload = payload
        if first & 0x80:
            self._message = _Message()
            seen.append(message.whole(self._inflater))
        return seen

    def _odd(self, first: int, length: int, has_mask: bool) -> str:
        opcode = first & 0x0F
        if opcode not in set(Opcode):
            return f"a frame with the unknown opcode {opcode}"
        if first & 0x30 or (first & 0x40 and self._inflater is None):
            return f"a frame with reserved bits {first & 0x70:#x}"
        if opcode & 0x08 and (length > 125 or not first & 0x80):
            return "a control frame that is too long or in fragments"
        if has_mask != self._is_masked:
            return "a frame with a mask" if has_mask else "a frame without a mask"
        if opcode == Opcode.CONTINUATION and not self._message.fragments:
            return "a continuation of nothing"
        if opcode in (Opcode.TEXT, Opcode.BINARY) and self._message.fragments:
            return "a message within another"
        return ""


class _Message:
    """A message that is put together."""

    def __init__(self) -> None:
        self.raw = bytearray()
        self.payload: bytes | bytearray = b""
        self.opcode = int(Opcode.BINARY)
        self.size = 0
        self.fragments = 0
        self.is_compressed = False
        self.is_passing = False

    def takes(self, first: int) -> None:
        """One more frame, known by its first byte."""
        if not self.fragments:
            self.opcode = first & 0x0F
            self.is_compressed = bool(first & 0x40)
        self.fragments += 1

    def whole(self, inflater: Inflater | None) -> Data:
        payload: bytes | None = None if self.is_passing else bytes(self.payload)
        size = self.size
        if payload is not None and self.is_compressed:
            payload, size = inflater.inflate(payload) if inflater else (None, size)
        return Data(bytes(self.raw), self.opcode, payload, size, self.fragments, self.is_compressed)


def make_frame(opcode: int, payload: bytes, is_masked: bool) -> bytes:
    """One frame that is a whole message."""
    length = len(payload)
    mask_bit = 0x80 if is_masked else 0
    if length < 126:
        head = bytes([0x80 | opcode, mask_bit | length])
    elif length < 1 << 16:
        head = bytes([0x80 | opcode, mask_bit | 126]) + length.to_bytes(2, "big")
    else:
        head = bytes([0x80 | opcode, mask_bit | 127]) + length.to_bytes(8, "big")
    if not is_masked:
        return head + payload
    mask = os.urandom(4)
    return head + mask + _masked(payload, mask)


def _head(buffer: bytearray) -> tuple[int, int, bytes] | None:
    """Bytes of the head, length of the payload and the mask (b"": none) of a frame."""
    if len(buffer) < 2:
        return None
    length = buffer[1] & 0x7F
    size = 2 + {126: 2, 127: 8}.get(length, 0)
    mask_size = 4 if buffer[1] & 0x80 else 0
    if len(buffer) < size + mask_size:
        return None
    if length >= 126:
        length = int.from_bytes(buffer[2:size], "big")
    return size + mask_size, length, bytes(buffer[size : size + mask_size])


def _masked(payload: bytes | bytearray, mask: bytes) -> bytes:
    """Put a mask on, or take it off; piece by piece, since a message may be large."""
    if not mask:
        return bytes(payload)
    out = bytearray(payload)
    key = int.from_bytes(mask * (_PIECE // 4), "big")
    for at in range(0, len(out), _PIECE):
        piece = out[at : at + _PIECE]
        short = len(piece)
        number = int.from_bytes(piece, "big") ^ (key >> 8 * (_PIECE - short))
        out[at : at + short] = number.to_bytes(short, "big")
    return bytes(out)
