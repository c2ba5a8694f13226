"""Places in a log, and how a writer tells others how far they may read.

The file `committed` holds the position up to which the writer has acknowledged, its complement,
and the id of the boot that the writer runs in. The position is overwritten in place: a reader
that catches it half-written sees that the halves do not agree and looks again. It is never
synced: what a dead writer left there is right as long as the machine has not gone down since,
which the boot's id tells.
"""

import struct
import uuid
from dataclasses import dataclass
from pathlib import Path

from otx.store.log_format import FILE_SUFFIX

COMMITTED_NAME = "committed"
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_POSITION_BYTES = 16
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


@dataclass(frozen=True, slots=True)
class Committed:
    """What a writer says of itself.

    Attributes:
        position: Up to where it has acknowledged.
        boot: The boot it runs in, 16 bytes.
    """

    position: LogPosition
    boot: bytes


COMMITTED_BYTES = _POSITION_BYTES + 16


def current_boot() -> bytes:
    """What tells this boot of the machine from every other, 16 bytes (random(4))."""
    return uuid.UUID(BOOT_ID.read_text().strip()).bytes


def encode_committed(committed: Committed) -> bytes:
    """What the file `committed` holds."""
    return encode_position(committed.position) + committed.boot


def encode_position(position: LogPosition) -> bytes:
    """The part of it that changes, at its start."""
    value = position.number << _OFFSET_BITS | position.offset
    return struct.pack("<QQ", value, value ^ _ALL)


def decode_committed(data: bytes) -> Committed | None:
    """What a `committed` file says; None where it was caught half-written."""
    if len(data) < COMMITTED_BYTES:
        return None
    value, complement = struct.unpack_from("<QQ", data)
    if value ^ _ALL != complement:
        return None
    position = LogPosition(value >> _OFFSET_BITS, value & ((1 << _OFFSET_BITS) - 1))
    return Committed(position, data[_POSITION_BYTES:COMMITTED_BYTES])
