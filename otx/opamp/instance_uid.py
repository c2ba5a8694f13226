"""The identity of a running agent: 16 bytes, a UUID of version 7 where otx makes it (RFC 9562)."""

import secrets
import uuid
from collections.abc import Callable
from typing import NewType

InstanceUid = NewType("InstanceUid", bytes)
"""Exactly 16 bytes; the specification advises UUIDv7."""

SIZE = 16


def new_uid(
    now_unix_ms: int, random_bytes: Callable[[int], bytes] = secrets.token_bytes
) -> InstanceUid:
    """A UUIDv7 of this millisecond: 48 bits of time, then version, variant and 74 random bits."""
    time = now_unix_ms & (1 << 48) - 1
    noise = bytearray(random_bytes(10))
    noise[0] = 0x70 | noise[0] & 0x0F
    noise[2] = 0x80 | noise[2] & 0x3F
    return InstanceUid(time.to_bytes(6, "big") + bytes(noise))


def uid_text(uid: bytes) -> str:
    """The uid as people and the header OpAMP-Instance-UID write it; other lengths as plain hex."""
    return str(uuid.UUID(bytes=uid)) if len(uid) == SIZE else uid.hex()


def parse_uid(text: str) -> InstanceUid:
    """The uid of its canonical text or of 32 hexadecimal digits.

    Raises:
        ValueError: the text is neither.
    """
    return InstanceUid(uuid.UUID(text).bytes)
