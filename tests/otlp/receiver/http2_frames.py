"""HTTP/2 as a client writes it who keeps to no rule: frames, one by one (RFC 9113, 4.1 and 6)."""

import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY = 0, 1, 3, 4, 6, 7
ACK, END_STREAM, END_HEADERS = 1, 1, 4
CANCEL, ENHANCE_YOUR_CALM = 8, 11
HEAD_BYTES = 9


@dataclass(frozen=True)
class Frame:
    kind: int
    stream: int
    payload: bytes

    @property
    def goodbye_code(self) -> int:
        """The error code of GOAWAY, which stands behind a stream's number."""
        return int.from_bytes(self.payload[4:8])


def frame(kind: int, stream: int = 0, payload: bytes = b"", flags: int = 0) -> bytes:
    head = struct.pack(">I", len(payload))[1:] + bytes([kind, flags])
    return head + struct.pack(">I", stream) + payload


def headers(stream: int, path: str, authority: str, **more: str) -> bytes:
    """HEADERS of a gRPC call, none of its names or values from a table (RFC 7541, 6.2.2)."""
    names = {
        ":method": "POST",
        ":scheme": "http",
        ":path": path,
        ":authority": authority,
        "te": "trailers",
        "content-type": "application/grpc",
        **more,
    }
    block = b"".join(b"\x00" + _text(name) + _text(value) for name, value in names.items())
    return frame(HEADERS, stream, block, END_HEADERS)


def message(size: int, content: bytes) -> bytes:
    """A message of gRPC that is said to have a size, whatever follows."""
    return struct.pack(">BI", 0, size) + content


def frames(connection: socket.socket) -> Iterator[Frame]:
    """What the server sends until it closes."""
    received = b""
    with suppress(ConnectionError):
        while True:
            while len(received) >= HEAD_BYTES:
                size = int.from_bytes(received[:3])
                if len(received) < HEAD_BYTES + size:
                    break
                stream = int.from_bytes(received[5:HEAD_BYTES])
                yield Frame(received[3], stream, received[HEAD_BYTES : HEAD_BYTES + size])
                received = received[HEAD_BYTES + size :]
            part = connection.recv(1 << 16)
            if not part:
                return
            received += part


def _text(text: str) -> bytes:
    """A string of HPACK, whose length is below 127 here (RFC 7541, 5.2)."""
    encoded = text.encode()
    assert len(encoded) < 127
    return bytes([len(encoded)]) + encoded
