"""Telemetry files and pipes, piece by piece: each piece is one request, as it was written.

What a file is, is found from its first bytes: gzip or zstd is taken off, then it is OTLP JSON (a
document, an array of them, or one a line) or protobuf (messages behind 4-byte big-endian lengths,
as the Collector's file exporter writes, or one bare message). Lines, records behind lengths and the
resources of a bare message are read as they come, so that a file may be larger than memory.
"""

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Literal

from otx.errors import UsageError, missing_extra
from otx.model.signal import Signal
from otx.otlp.any_value import fields
from otx.otlp.json_text import (
    BYTE_ORDER_MARK,
    InvalidText,
    is_empty_object,
    other_encoding,
    parse_text,
)

MAX_PIECE_BYTES = 256 << 20
"""The most that one piece may hold, also after decompression: a few kilobytes may inflate to all of
this machine's memory."""
BARE_PIECE_BYTES = 1 << 20
"""About how much of a bare message makes one piece."""

_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_MAX_ZSTD_WINDOW = 128 << 20
"""What `zstd --long` uses; a larger window is memory that the file makes us spend."""
_STEP_BYTES = 1 << 20
"""How much is read at a time, so that what is too large is refused before it is put together."""
_LENGTH = struct.Struct(">I")
_FIRST_FIELD, _DICTIONARY = 0x0A, 0x12
"""How every bare request begins: field 1, a message, or the dictionary of profiles, field 2.

Lengths of 4 bytes that begin so are 160 MiB, and beyond what a piece may hold.
"""
_RESOURCE_TAG = bytes([_FIRST_FIELD])
_FIRST_RECORD = (1, 2, 2)
"""Fields that lead to the first record: a resource, a scope, a span or whatever the signal has."""
_TIME_OF_PROFILE = 3 << 3 | 1
"""The tag of `time_unix_nano` of a profile: field 3 is a text in spans, log records and metrics."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One request as it was written.

    Attributes:
        encoding: `json` is a text, `protobuf` bytes.
        place: Where it stands, for messages: `file.jsonl:3`.
        signal: What it is known to be; None where only its content says it.
    """

    encoding: Literal["json", "protobuf"]
    data: bytes
    place: str
    signal: Signal | None = None


def read_pieces(stream: BinaryIO, name: str) -> Iterator[Piece]:
    """The pieces of a stream; an empty OTLP/JSON document has none.

    Args:
        stream: Where to read.
        name: What places call it.

    Raises:
        UsageError: A piece is cut off or too large, or the compression is corrupt.
    """
    try:
        for piece in _pieces(_opened(_peekable(stream)), name):
            if not (piece.encoding == "json" and is_empty_object(piece.data)):
                yield piece
    except (zlib.error, EOFError, gzip_error()) as error:
        raise UsageError(f"{name}: the gzip stream is corrupt: {error}") from None
    except Exception as error:
        if type(error).__name__ != "ZstdError":
            raise
        raise UsageError(f"{name}: the zstd stream is corrupt: {error}") from None


def gzip_error() -> type[Exception]:
    """What `gzip` raises for a stream that is none."""
    import gzip  # 2 ms

    return gzip.BadGzipFile


def _peekable(stream: BinaryIO) -> io.BufferedReader:
    if isinstance(stream, io.BufferedReader):
        return stream
    return io.BufferedReader(stream)  # type: ignore[arg-type]  # any binary stream will do


def _opened(stream: io.BufferedReader) -> io.BufferedReader:
    """The stream with compression taken off."""
    head = stream.peek(4)[:4]
    if head.startswith(_GZIP):
        import gzip  # 2 ms

        return io.BufferedReader(gzip.GzipFile(fileobj=stream))
    if head.startswith(_ZSTD):
        try:
            import zstandard
        except ImportError:
            raise missing_extra("zstandard", "receive") from None
        unpacker = zstandard.ZstdDecompressor(max_window_size=_MAX_ZSTD_WINDOW)
        return io.BufferedReader(unpacker.stream_reader(stream, read_across_frames=True))
    return stream


def _pieces(stream: io.BufferedReader, name: str) -> Iterator[Piece]:
    head = stream.peek(64)[:64]
    if not head:
        return
    if encoding := other_encoding(head):
        raise UsageError(
            f"{name} is JSON in {encoding}: OTLP/JSON is UTF-8",
            hint=f"iconv -f {encoding} -t UTF-8",
        )
    if head.startswith(BYTE_ORDER_MARK):
        stream.read(len(BYTE_ORDER_MARK))
        head = head[len(BYTE_ORDER_MARK) :]
    start = head.lstrip()[:1]
    if start in (b"{", b"[", b""):  # a line's end is how protobuf begins too, but not many of them
        yield from _json(stream, name)
    elif head[0] in (_FIRST_FIELD, _DICTIONARY):
        yield from _bare(stream, name)
    else:
        yield from _behind_lengths(stream, name)


def _json(stream: io.BufferedReader, name: str) -> Iterator[Piece]:
    """Lines where the first one is a whole object, else the document or the array of them."""
    blank = b""
    number = 1
    first = _line(stream, name)
    while first and not first.strip():
        blank += b"\n"  # so that the document's errors name the right line
        number, first = number + 1, _line(stream, name)
    if not first:
        return
    if not stream.peek(1):
        yield from _documents(blank + first, name)
        return
    try:
        is_lines = isinstance(parse_text(first), dict)
    except InvalidText:
        is_lines = False
    if not is_lines:
        yield from _documents(_rest(stream, name, blank + first), name)
        return
    yield Piece("json", first, f"{name}:{number}")
    while line := _line(stream, name):
        number += 1
        if line.strip():
            yield Piece("json", line, f"{name}:{number}")


def _documents(content: bytes, name: str) -> Iterator[Piece]:
    if not content.lstrip().startswith(b"["):
        yield Piece("json", content, name)
        return
    import orjson  # 1 ms

    try:
        items = parse_text(content)
    except InvalidText as error:
        raise no_json(name, error) from None
    for number, item in enumerate(items if isinstance(items, list) else []):
        yield Piece("json", orjson.dumps(item), f"{name}[{number}]")


def _behind_lengths(stream: io.BufferedReader, name: str) -> Iterator[Piece]:
    """Records behind 4-byte lengths; each may be JSON or protobuf, and compressed on its own."""
    number = 0
    while head := stream.read(_LENGTH.size):
        number += 1
        place = f"{name}, record {number}"
        size = _LENGTH.unpack(head)[0] if len(head) == _LENGTH.size else 0
        if number == 1 and (size == 0 or size > MAX_PIECE_BYTES):
            raise not_otlp(name)
        if size > MAX_PIECE_BYTES:
            raise _too_large(place)
        record = _exactly(stream, size, place)
        opened = _opened(_peekable(io.BytesIO(record)))
        data = _rest(opened, place)
        yield Piece("json" if data.startswith(b"{") else "protobuf", data, place)


def _bare(stream: io.BufferedReader, name: str) -> Iterator[Piece]:
    """A bare message by its resources; whole where it has anything else, as profiles do."""
    piece = bytearray()
    is_first = True
    while (tag := stream.peek(1)[:1]) == _RESOURCE_TAG:
        stream.read(1)
        size, encoded = _size(stream, name)
        if size > MAX_PIECE_BYTES:
            raise _too_large(name)
        piece += tag + encoded + _exactly(stream, size, name)
        if len(piece) >= BARE_PIECE_BYTES and stream.peek(1)[:1] == _RESOURCE_TAG:
            if is_first and _is_of_profiles(bytes(piece)):
                break  # their dictionary may come last, and all of them need it
            yield Piece("protobuf", bytes(piece), name)
            piece, is_first = bytearray(), False
    if is_first:
        whole = _rest(stream, name, bytes(piece))
        if whole:
            yield Piece("protobuf", whole, name)
        return
    if stream.peek(1)[:1]:
        raise UsageError(
            f"{name}: the message holds more than resources, and is too large to be read whole"
        )
    if piece:
        yield Piece("protobuf", bytes(piece), name)


def _is_of_profiles(message: bytes) -> bool:
    """Whether the first record of a request is a profile, by the wire type of its time."""
    try:
        for number in _FIRST_RECORD:
            found = (content for tag, content in fields(message) if tag == number << 3 | 2)
            message = next(found, b"")
        return any(tag == _TIME_OF_PROFILE for tag, _ in fields(message))
    except ValueError:
        return False  # for the parser to say


def _size(stream: io.BufferedReader, name: str) -> tuple[int, bytes]:
    """A varint, and how it was written."""
    encoded = bytearray()
    value = 0
    while len(encoded) < 10:
        byte = _exactly(stream, 1, name)
        value |= (byte[0] & 0x7F) << (7 * len(encoded))
        encoded += byte
        if byte[0] < 0x80:
            return value, bytes(encoded)
    raise not_otlp(name)


def _line(stream: io.BufferedReader, name: str) -> bytes:
    line = stream.readline(_STEP_BYTES)
    if len(line) < _STEP_BYTES:
        return line
    parts, size = [line], len(line)
    while not parts[-1].endswith(b"\n") and (more := stream.readline(_STEP_BYTES)):
        parts.append(more)
        size += len(more)
        if size > MAX_PIECE_BYTES:
            raise _too_large(name)
    return b"".join(parts)


def _exactly(stream: io.BufferedReader, size: int, place: str) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise UsageError(f"{place} is cut off: {size - len(data)} bytes are missing")
    return data


def _rest(stream: io.BufferedReader, name: str, begin: bytes = b"") -> bytes:
    """What is left of a stream, behind what was read of it before."""
    parts, size = [begin], len(begin)
    while more := stream.read(_STEP_BYTES):
        parts.append(more)
        size += len(more)
        if size > MAX_PIECE_BYTES:
            raise _too_large(name)
    return b"".join(parts)


def _too_large(name: str) -> UsageError:
    return UsageError(
        f"{name}: one request is larger than {MAX_PIECE_BYTES >> 20} MiB",
        hint="write a request a line, as `--format jsonl` and the Collector's file exporter do",
    )


def no_json(place: str, error: InvalidText) -> UsageError:
    """The error for a text that is no JSON."""
    return UsageError(f"{place} is no JSON: {error}")


def not_otlp(place: str) -> UsageError:
    """The error for what is no telemetry."""
    return UsageError(
        f"{place} is no OTLP",
        hint="it may be OTLP protobuf, JSON or JSON lines, as they are or in gzip or zstd",
    )
