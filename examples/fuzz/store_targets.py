"""What the store reads: requests to columns, logs, positions of destinations, indexes.

A checksum stands before most of it, which no fuzzer finds: an odd first byte asks for the right
one, so that what lies behind it is reached.
"""

import os
import struct
import zlib
from contextlib import suppress
from pathlib import Path

from otx.model.signal import Signal
from otx.otlp.decode import decode_request
from otx.otlp.refusal import Refusal
from otx.store.decode import decode_requests
from otx.store.errors import StoreDamaged, StoreNewer
from otx.store.forward_position import decode_forward_position, encode_forward_position
from otx.store.index_file import IndexDamaged, IndexFile
from otx.store.log_format import FILE_HEADER_BYTES, LoggedRequest, encode_record_header
from otx.store.log_position import decode_committed
from otx.store.log_reader import Stretch, iterate_requests
from otx.store.manifest import read_manifest
from otx.store.row_tables import ROW_TABLES

SIGNALS = tuple(Signal)
RECEIVED_NS = 1_790_000_000_000_000_000
GOOD_SPAN = bytes.fromhex("0a06120412022a00")
"""A request of one span, which has a name alone."""
LIMIT_BYTES = 64
INDEX_HEAD = struct.Struct("<8sQIQI")


def columns(data: bytes) -> None:
    """The first byte picks the signal; what the receiver takes becomes as many rows as it says.

    What it refuses reaches no log. It is decoded here for the sake of the request behind it, and
    may become rows: ptars passes over a group that never ends, protobuf's own parser does not.
    """
    signal = SIGNALS[data[0] % len(SIGNALS)]
    body = data[1:]
    try:
        records = decode_request(signal, body, "protobuf").records
    except Refusal:
        records = -1
    requests = [
        LoggedRequest(signal, RECEIVED_NS, body, 0, 1),
        LoggedRequest(Signal.TRACES, RECEIVED_NS, GOOD_SPAN, 1, 2),
    ]
    decoded = decode_requests(requests)
    # The indices of profiles are first followed here.
    may_be_bad = records < 0 or signal is Signal.PROFILES
    if decoded.bad and not may_be_bad:
        raise AssertionError(f"{records} records were taken, {len(decoded.bad)} requests are bad")
    for kind, table in ROW_TABLES.items():
        # A sample is a row for each of its observations.
        if table.signal is signal and signal is not Signal.PROFILES:
            rows = decoded.rows[kind].num_rows - (signal is Signal.TRACES)
            if records >= 0 and rows != records:
                raise AssertionError(f"{records} records became {rows} rows")
    if decoded.rows["spans"].num_rows < 1:
        raise AssertionError("a request took another with it")


def log_file(data: bytes) -> None:
    """A log's file as readers take it, some records at a time, and the file `committed`."""
    decode_committed(data)
    if data[0] % 2:
        body = data[1:]
        header = encode_record_header(SIGNALS[data[0] // 2 % 4], body, RECEIVED_NS)
        data = data[:1] + bytes(FILE_HEADER_BYTES) + header + body + data[1:]
    path = _file(data[1:])
    size = len(data) - 1
    stretch = Stretch(path.parent, 1, path, min(FILE_HEADER_BYTES, size), size, is_final=True)
    end = stretch.start
    for portion in iterate_requests(stretch, LIMIT_BYTES):
        for request in portion.requests:
            if request.start != end or request.end > size:
                raise AssertionError("records overlap, leave gaps or end outside their file")
            end = request.end
        if portion.end != end:
            raise AssertionError("a portion ends elsewhere than its last record")


def forward_position(data: bytes) -> None:
    """What is read of a destination's position is written and read again the same."""
    content = data[1:]
    if data[0] % 2:
        content = b"%08x\n" % zlib.crc32(content) + content
    try:
        position = decode_forward_position(content)
    except ValueError:
        return
    if decode_forward_position(encode_forward_position(position)) != position:
        raise AssertionError("a position changes when it is written")


def manifest(data: bytes) -> None:
    """A manifest, which has no checksum."""
    with suppress(StoreDamaged, StoreNewer):
        read_manifest(_file(data))


def index_file(data: bytes) -> None:
    """An index: its front, each of its pages, and what it finds."""
    content = data[1:]
    if data[0] % 2 and len(content) >= INDEX_HEAD.size:
        content = _sealed(content)
    with suppress(IndexDamaged):
        index = IndexFile(_file(content))
        with suppress(IndexDamaged):
            index.check()
        index.blocks_of([(0, 1 << 31), (1 << 31, (1 << 64) - 1)])


def _sealed(content: bytes) -> bytes:
    """An index whose front has its checksum."""
    magic, entries, blocks, pages, _ = INDEX_HEAD.unpack_from(content)
    page_bytes = 16 if magic.startswith(b"otxpck") else 12
    size = -(-(8 * blocks + page_bytes * pages) // 8) * 8
    front = content[INDEX_HEAD.size : INDEX_HEAD.size + size]
    checksum = zlib.crc32(front, zlib.crc32(INDEX_HEAD.pack(magic, entries, blocks, pages, 0)))
    head = INDEX_HEAD.pack(magic, entries, blocks, pages, checksum)
    return head + content[INDEX_HEAD.size :]


_memory = os.memfd_create("fuzz")


def _file(content: bytes) -> Path:
    """A file in memory that holds the content; the one before is gone."""
    os.ftruncate(_memory, 0)
    os.pwrite(_memory, content, 0)
    return Path(f"/proc/self/fd/{_memory}")
