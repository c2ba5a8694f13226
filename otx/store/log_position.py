"""Places in a log, and how a living writer tells others how far they may read.

The file `committed` is 16 bytes, the position and its complement, overwritten in place: a reader
that catches it half-written sees that the halves do not agree and looks again. It is never
synced. After a power cut it may be behind the log, but then its writer is dead, and a dead
writer's log is read to its end whatever the file says.
"""

import struct
from dataclasses import dataclass

from otx.store.log_format import FILE_SUFFIX

COMMITTED_NAME = "committed"
COMMITTED_BYTES = 16
_OFFSET_BITS = 40
_ALL = (1 << 64) - 1


@dataclass(frozen=True, slots=True, order=True)
class LogPosition:
    """An offset in a numbered file of one log. Files are numbered from 1."""

    number: int
    offset: int


LOG_START = LogPosition(0, 0)
"""Before everything."""


def log_file_name(number: int) -> str:
    """The name of a log's file; names sort as their numbers do."""
    return f"{number:012d}{FILE_SUFFIX}"


def encode_committed(position: LogPosition) -> bytes:
    """What the file `committed` holds for a position."""
    value = position.number << _OFFSET_BITS | position.offset
    return struct.pack("<QQ", value, value ^ _ALL)


def decode_committed(data: bytes) -> LogPosition | None:
    """The position in a `committed` file; None where it was caught half-written."""
    if len(data) < COMMITTED_BYTES:
        return None
    value, complement = struct.unpack_from("<QQ", data)
    if value ^ _ALL != complement:
        return None
    return LogPosition(value >> _OFFSET_BITS, value & ((1 << _OFFSET_BITS) - 1))
