"""Files in pieces: what one piece is, and that a file is never read whole where it need not be."""

import gzip
import io
import struct

import orjson
import pytest
import zstandard

from otx.errors import UsageError
from otx.otlp.pieces import BARE_PIECE_BYTES, Piece, read_pieces


def pieces(content: bytes) -> list[tuple[str, bytes, str]]:
    return [(one.encoding, one.data, one.place) for one in read_pieces(io.BytesIO(content), "f")]


def framed(*records: bytes) -> bytes:
    return b"".join(struct.pack(">I", len(one)) + one for one in records)


def test_lines_are_pieces_with_their_numbers() -> None:
    assert pieces(b'\n{"a":1}\n\n{"b":2}') == [
        ("json", b'{"a":1}\n', "f:2"),
        ("json", b'{"b":2}', "f:4"),
    ]


def test_a_document_is_a_piece_and_an_array_several() -> None:
    pretty = b'{\n  "a": 1\n}\n'
    assert pieces(pretty) == [("json", pretty, "f")]
    assert pieces(b'{"a":1}') == [("json", b'{"a":1}', "f")]
    assert pieces(b'[{"a":1}, {"b":2}]') == [
        ("json", b'{"a":1}', "f[0]"),
        ("json", b'{"b":2}', "f[1]"),
    ]


def test_records_behind_lengths_are_pieces() -> None:
    packed = zstandard.ZstdCompressor().compress(b"\x0a\x00")
    assert pieces(framed(b"\x0a\x00", b'{"a":1}', packed)) == [
        ("protobuf", b"\x0a\x00", "f, record 1"),
        ("json", b'{"a":1}', "f, record 2"),
        ("protobuf", b"\x0a\x00", "f, record 3"),
    ]


def test_a_bare_message_is_cut_between_its_resources() -> None:
    resource = b"\x0a\x80\x80\x20" + bytes(512 * 1024)
    found = pieces(resource * 5)
    assert [len(data) for _, data, _ in found] == [
        2 * len(resource),
        2 * len(resource),
        len(resource),
    ]
    assert b"".join(data for _, data, _ in found) == resource * 5
    assert len(resource) < BARE_PIECE_BYTES


def test_a_bare_message_with_more_than_resources_stays_whole() -> None:
    content = b"\x0a\x01x\x12\x01y"
    assert pieces(content) == [("protobuf", content, "f")]


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.ZstdCompressor().compress])
def test_compression_is_taken_off(pack: "type[bytes]") -> None:
    assert pieces(pack(b'{"a":1}\n{"b":2}\n'))[1] == ("json", b'{"b":2}\n', "f:2")


def test_nothing_has_no_pieces() -> None:
    assert pieces(b"") == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"hello world", "f is no OTLP"),
        (b"\x00\x00\x00\x00", "f is no OTLP"),
        (framed(b"\x0a\x00")[:-1], "f, record 1 is cut off: 1 bytes are missing"),
        (b"\x00\x00", "f is no OTLP"),
        (b"\x0a\x05ab", "f is cut off: 3 bytes are missing"),
        (b"\x0a" + b"\xff" * 12, "f is no OTLP"),
        (gzip.compress(b"{}")[:-9], "gzip stream is corrupt"),
        (b"\x28\xb5\x2f\xfdxxxx", "zstd stream is corrupt"),
    ],
)
def test_what_is_cut_off_or_corrupt_is_said(content: bytes, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        pieces(content)


def test_lines_are_read_as_they_come() -> None:
    class Endless(io.RawIOBase):
        """Lines without an end: whoever reads them all never returns."""

        def __init__(self) -> None:
            self.given = 0

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]
            line = orjson.dumps({"n": self.given}) + b"\n"
            self.given += 1
            buffer[: len(line)] = line
            return len(line)

    source = Endless()
    found = read_pieces(io.BufferedReader(source), "f")
    first = [next(found) for _ in range(3)]
    assert first[2] == Piece("json", b'{"n":2}\n', "f:3")
    assert source.given < 10
