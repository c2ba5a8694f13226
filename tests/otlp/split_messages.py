"""Requests in which messages are there in several pieces: legal, and protobuf merges them."""

import random
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

LENGTH_DELIMITED = 2


def split(message: Message, chance: random.Random) -> bytes:
    """A message's bytes, with each single message inside it in one, two or three pieces."""
    encoded = b""
    for field, value in message.ListFields():
        if field.type != FieldDescriptor.TYPE_MESSAGE:
            encoded += _alone(message, field)
        elif field.is_repeated:
            encoded += b"".join(_tagged(field, split(one, chance)) for one in value)
        else:
            encoded += b"".join(_tagged(field, piece) for piece in _pieces(value, chance))
    return encoded


def _pieces(message: Message, chance: random.Random) -> list[bytes]:
    """Bytes that merge into the message: each field, and each of what is repeated, in one."""
    pieces = [type(message)() for _ in range(chance.choice([1, 2, 3]))]
    for field, value in message.ListFields():
        for one in value if field.is_repeated else [value]:
            # In order, or lists would change theirs; what is single may be anywhere.
            place = pieces[-1] if field.is_repeated else chance.choice(pieces)
            _put(place, field, one)
    if pieces[-1].ListFields() and len(pieces) > 1:
        _halve(pieces, chance)
    return [split(piece, chance) for piece in pieces]


def _halve(pieces: list[Any], chance: random.Random) -> None:
    """Move the first of what the last piece repeats into the piece before it."""
    for field, values in pieces[-1].ListFields():
        if field.is_repeated:
            cut = chance.randint(0, len(values))
            getattr(pieces[-2], field.name).extend(values[:cut])
            del getattr(pieces[-1], field.name)[:cut]


def _put(message: Any, field: FieldDescriptor, value: Any) -> None:
    if field.is_repeated:
        getattr(message, field.name).append(value)
    elif field.type == FieldDescriptor.TYPE_MESSAGE:
        getattr(message, field.name).CopyFrom(value)
    else:
        setattr(message, field.name, value)


def _alone(message: Any, field: FieldDescriptor) -> bytes:
    """One field of a message as it is encoded."""
    only = type(message)()
    value = getattr(message, field.name)
    if field.is_repeated:
        getattr(only, field.name).extend(value)
    else:
        setattr(only, field.name, value)
    encoded: bytes = only.SerializeToString()
    return encoded


def _tagged(field: FieldDescriptor, content: bytes) -> bytes:
    return _varint(field.number << 3 | LENGTH_DELIMITED) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    encoded = b""
    while number > 0x7F:
        encoded += bytes([number & 0x7F | 0x80])
        number >>= 7
    return encoded + bytes([number])
