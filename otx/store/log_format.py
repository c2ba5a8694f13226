"""The write-ahead log's bytes: what a crash may cut and a reader must survive.

A log is a directory of numbered files. Each file starts with a header that also says where the
file before it ends, so that what a failed fsync left behind there is never read. Records follow
without gaps:

    crc32 u32 | length u32 | received_unix_nano u64 | signal u8, 3 zero bytes | body

all little-endian; the checksum covers everything behind it. A run of zeros, which some file
systems leave after a power cut, is no record: the checksum of zeros is not zero.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from otx.model.signal import Signal
from otx.otlp.checksum import crc32

FILE_SUFFIX = ".otxlog"
_MAGIC = b"OTXLOG\x01\n"
_FILE_HEADER = struct.Struct("<8sQQI4x")
FILE_HEADER_BYTES = _FILE_HEADER.size
_CHECKSUM = struct.Struct("<I")
_FACTS = struct.Struct("<IQB3x")
RECORD_HEADER_BYTES = _CHECKSUM.size + _FACTS.size

_NUMBERS: dict[Signal, int] = {
    Signal.TRACES: 1,
    Signal.METRICS: 2,
    Signal.LOGS: 3,
    Signal.PROFILES: 4,
}
_SIGNALS = {number: signal for signal, number in _NUMBERS.items()}


@dataclass(frozen=True, slots=True)
class FileHeader:
    """What a log file says about itself: its number, and where the file before it ends."""

    number: int
    previous_end: int


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """One request as it lies in a log; `start` and `end` are offsets in its file."""

    signal: Signal
    received_unix_nano: int
    body: bytes
    start: int
    end: int


def encode_file_header(header: FileHeader) -> bytes:
    """The first `FILE_HEADER_BYTES` of a log file."""
    checksum = zlib.crc32(struct.pack("<QQ", header.number, header.previous_end))
    return _FILE_HEADER.pack(_MAGIC, header.number, header.previous_end, checksum)


def decode_file_header(data: bytes) -> FileHeader | None:
    """The header of a log file; None where it is torn or is no log file."""
    if len(data) < FILE_HEADER_BYTES:
        return None
    magic, number, previous_end, checksum = _FILE_HEADER.unpack_from(data)
    if magic != _MAGIC or checksum != zlib.crc32(struct.pack("<QQ", number, previous_end)):
        return None
    return FileHeader(number, previous_end)


def encode_record_header(signal: Signal, body: bytes, received_unix_nano: int) -> bytes:
    """What stands before a body in the log."""
    facts = _FACTS.pack(len(body), received_unix_nano, _NUMBERS[signal])
    return _CHECKSUM.pack(crc32(body, zlib.crc32(facts))) + facts


def decode_records(data: bytes, base: int) -> Iterator[LoggedRequest]:
    """The whole records at the start of `data`, which lies at offset `base` of its file.

    Stops before the first record that is cut short, fails its checksum or has an unknown signal;
    the last record's `end` says how far it came.
    """
    view = memoryview(data)
    position = 0
    while position + RECORD_HEADER_BYTES <= len(data):
        (checksum,) = _CHECKSUM.unpack_from(data, position)
        length, received, number = _FACTS.unpack_from(data, position + _CHECKSUM.size)
        end = position + RECORD_HEADER_BYTES + length
        if end > len(data) or number not in _SIGNALS:
            return
        if crc32(data, begin=position + _CHECKSUM.size, end=end) != checksum:
            return
        body = bytes(view[position + RECORD_HEADER_BYTES : end])
        yield LoggedRequest(_SIGNALS[number], received, body, base + position, base + end)
        position = end


def record_length(data: bytes) -> int | None:
    """How long the record whose header starts `data` claims to be, header included."""
    if len(data) < RECORD_HEADER_BYTES:
        return None
    length: int = _FACTS.unpack_from(data, _CHECKSUM.size)[0]
    return RECORD_HEADER_BYTES + length
