"""A message in one WebSocket message: a varint header, which is 0, then protobuf.

The header may be padded (80 00 is also 0), so it is decoded, never compared. What comes from the
other side is hostile until it is decoded: size and nesting are bounded before protobuf sees it.
"""

from dataclasses import dataclass
from typing import TypeVar

from google.protobuf.message import DecodeError, Message

from otx.opamp.opamp_pb2 import AgentToServer, ServerToAgent

HEADER = b"\x00"
LONGEST_VARINT = 10
DEFAULT_LIMIT = 64 << 20
"""Bytes of one message, header included, before compression and after decompression."""
DEEPEST = 32
"""How deep health, components and values may nest before a message is refused."""

M = TypeVar("M", AgentToServer, ServerToAgent)


class Malformed(ValueError):
    """A message that no receiver can use; `reason` goes into BadRequest's text."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TooLarge(Malformed):
    """A message over the limit: close code 1009, or status 413."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a side takes and sends: each can be set (specification, limits)."""

    message_bytes: int = DEFAULT_LIMIT
    depth: int = DEEPEST


def frame(message: Message) -> bytes:
    """The message as one WebSocket message carries it."""
    return HEADER + message.SerializeToString()


def unframe(data: bytes) -> bytes:
    """The protobuf after the header.

    Raises:
        Malformed: no header, one longer than a varint may be, or another number than 0.
    """
    value = 0
    for place, byte in enumerate(data[:LONGEST_VARINT]):
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            if value:
                raise Malformed(f"the header is {value}, not 0")
            return data[place + 1 :]
    raise Malformed("the header is cut short" if len(data) < LONGEST_VARINT else "no varint header")


def decode(kind: type[M], body: bytes, limits: Limits = Limits()) -> M:
    """The message of a body without header, as HTTP carries it.

    Raises:
        TooLarge: more bytes than the limit.
        Malformed: no protobuf of this kind, text that is not UTF-8, or nested too deep.
    """
    if len(body) > limits.message_bytes:
        raise TooLarge(f"{len(body)} bytes are more than the limit of {limits.message_bytes}")
    message = kind()
    try:
        message.ParseFromString(body)
    except (DecodeError, UnicodeDecodeError) as error:
        raise Malformed(f"no {kind.__name__}: {_plain(error)}") from None
    if _depth_exceeds(message, limits.depth):
        raise Malformed(f"nested deeper than {limits.depth} levels")
    return message


def decode_frame(kind: type[M], data: bytes, limits: Limits = Limits()) -> M:
    """The message of one WebSocket message: `unframe`, then `decode`; the limit counts both.

    Raises:
        TooLarge: more bytes than the limit.
        Malformed: as in `unframe` and `decode`.
    """
    if len(data) > limits.message_bytes:
        raise TooLarge(f"{len(data)} bytes are more than the limit of {limits.message_bytes}")
    return decode(kind, unframe(data), limits)


def _plain(error: Exception) -> str:
    return str(error).splitlines()[0].rstrip(".") if str(error) else "it cannot be decoded"


def _depth_exceeds(message: Message, limit: int) -> bool:
    """Whether messages nest deeper than the limit, without recursion; map entries count as one."""
    waiting: list[tuple[Message, int]] = [(message, 1)]
    while waiting:
        one, depth = waiting.pop()
        if depth > limit:
            return True
        waiting.extend((child, depth + 1) for child in _children(one))
    return False


def _children(message: Message) -> list[Message]:
    children: list[Message] = []
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        if field.message_type.GetOptions().map_entry:
            values = field.message_type.fields_by_name["value"]
            if values.message_type is not None:
                children.extend(value.values())
        elif isinstance(value, Message):
            children.append(value)
        else:
            children.extend(value)
    return children
