"""How far a destination of `otx receive --forward` came in the logs, as a small durable file.

    <crc32 of the rest, 8 hex digits>
    {"format": 1, "destination": URL, "positions": {LOG: [FILE, OFFSET]}}

It is replaced as a whole, so a crash leaves the old position or the new one. One that fails its
checksum all the same is taken for none: what is kept is then sent again, rather than left out.
"""

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from otx.store.durable import replace_durably
from otx.store.errors import StoreDamaged
from otx.store.log_position import LogPosition

SUFFIX = ".position"
_FORMAT = 1
_OFFSET_LIMIT = 1 << 40


@dataclass(frozen=True, slots=True)
class ForwardPosition:
    """How far one destination came.

    Attributes:
        destination: What it is called.
        positions: Behind the last request that has its final answer, for each log.
    """

    destination: str
    positions: Mapping[str, LogPosition] = field(default_factory=dict)


def encode_forward_position(position: ForwardPosition) -> bytes:
    """What the file holds."""
    document = {
        "format": _FORMAT,
        "destination": position.destination,
        "positions": {log: [at.number, at.offset] for log, at in position.positions.items()},
    }
    content = json.dumps(document).encode() + b"\n"
    return b"%08x\n" % zlib.crc32(content) + content


def decode_forward_position(data: bytes) -> ForwardPosition:
    """What a file says.

    Raises:
        ValueError: It is torn, was changed, or is of another format.
    """
    checksum, _, content = data.partition(b"\n")
    if checksum != b"%08x" % zlib.crc32(content):
        raise ValueError("its checksum fails")
    try:
        document = json.loads(content)
        if document["format"] != _FORMAT:
            raise ValueError(f"its format is {document['format']}")
        positions = {
            str(log): LogPosition(int(number), int(offset))
            for log, (number, offset) in document["positions"].items()
        }
        destination = str(document["destination"])
    except (KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise ValueError(f"it is no position: {error!r}") from None
    if not all(at.number >= 0 and 0 <= at.offset < _OFFSET_LIMIT for at in positions.values()):
        raise ValueError("a position is out of range")
    return ForwardPosition(destination, positions)


def read_forward_position(path: Path) -> ForwardPosition | None:
    """The position that a file holds; None where there is no file.

    Raises:
        StoreDamaged: The file holds none.
    """
    try:
        return decode_forward_position(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise StoreDamaged(f"{path} is no position in a log: {error}") from None


def write_forward_position(path: Path, position: ForwardPosition) -> None:
    """Make a position the one that a file holds, durably.

    Raises:
        OSError: The disk failed or is full; the file is as it was.
    """
    replace_durably(path, encode_forward_position(position))
