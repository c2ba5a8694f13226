"""Files in pieces: what one piece is, and that a file is never read whole where it need not be."""

import gzip
import io
import struct
from collections.abc import Callable

import orjson
import pytest
import zstandard
from opentelemetry.proto.collector.profiles.v1development.profiles_service_pb2 import (
    ExportProfilesServiceRequest,
)

from otx.errors import UsageError
from otx.model.signal import Signal
from otx.otlp.files import read_stream
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


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize("dictionary_first", [False, True])
def test_profiles_stay_with_their_dictionary_whatever_its_place_and_size(
    pack: Callable[[bytes], bytes], dictionary_first: bool
) -> None:
    request = ExportProfilesServiceRequest()
    request.dictionary.string_table.extend(["", "x" * (3 << 20)])
    dictionary = request.SerializeToString()
    request.Clear()
    for number in range(3):
        scope = request.resource_profiles.add().scope_profiles.add()
        profile = scope.profiles.add(time_unix_nano=number + 1, original_payload=bytes(900_000))
        profile.samples.add(stack_index=0)
    profiles = request.SerializeToString()
    content = dictionary + profiles if dictionary_first else profiles + dictionary
    (found,) = read_stream(io.BytesIO(pack(content)), "f")
    assert (found.signal, found.records, found.body) == (Signal.PROFILES, 3, content)


def test_a_dictionary_alone_is_nothing_to_read() -> None:
    with pytest.raises(UsageError, match="f is no OTLP"):
        list(read_stream(io.BytesIO(b"\x12\x02\x2a\x00"), "f"))


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
        (gzip.compress(b"{}", mtime=0)[:-9], "gzip stream is corrupt"),
        (b"\x28\xb5\x2f\xfdxxxx", "zstd stream is corrupt"),
    ],
)
def test_what_is_cut_off_or_corrupt_is_said(content: bytes, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        pieces(content)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_byte_order_mark_is_passed_over(pack: "type[bytes]") -> None:
    assert pieces(pack(b'\xef\xbb\xbf{"a":1}\n{"b":2}\n')) == [
        ("json", b'{"a":1}\n', "f:1"),
        ("json", b'{"b":2}\n', "f:2"),
    ]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_json_in_another_encoding_is_named(encoding: str) -> None:
    with pytest.raises(UsageError, match="f is JSON in UTF-16") as caught:
        pieces('{"resourceSpans": []}'.encode(encoding))
    assert caught.value.hint.split()[2] == encoding.upper().replace("-LE", "LE").replace(
        "-BE", "BE"
    )


@pytest.mark.parametrize(
    "content",
    [b" " * 3000, b"{\n" + b" " * 3000, b'{"a":1}\n' + b"x" * 3000, framed(b"{}", b"x" * 3000)],
    ids=["line", "document", "later line", "record"],
)
def test_a_piece_that_is_too_large_is_refused_while_it_is_read(
    content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("otx.otlp.pieces.MAX_PIECE_BYTES", 2000)
    monkeypatch.setattr("otx.otlp.pieces._STEP_BYTES", 100)
    with pytest.raises(UsageError, match="one request is larger than"):
        pieces(content)


def test_long_lines_are_read_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("otx.otlp.pieces._STEP_BYTES", 10)
    lines = [orjson.dumps({"a": "x" * size}) + b"\n" for size in range(30)]
    assert [data for _, data, _ in pieces(b"".join(lines))] == lines


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
