"""One side of a tapped connection: a stream whose writer waits for its reader, and bodies of HTTP.

What is read is passed on before more is read, so a slow side holds the other one back and nothing
piles up here. A peer that vanished without a word is found by the kernel: see `watch`.
"""

import asyncio
import errno
import os
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from otx.opamp.transport.channel import why_not
from otx.services.opamp_tap.heads import LONGEST_HEAD, BadHead, Head, chunk_size

PIECE = 64 << 10
HANDSHAKE_S = 15.0
CONNECT_S = 15.0
KEEPALIVE_IDLE_S, KEEPALIVE_EVERY_S, KEEPALIVE_PROBES = 15, 5, 3
UNACKNOWLEDGED_MS = 30_000
"""A peer that acknowledges nothing for so long is gone: half-open (RFC 5482)."""


class Link:
    """A stream to one side."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        watch(writer.get_extra_info("socket"))

    @classmethod
    async def accepted(cls, connection: socket.socket, context: ssl.SSLContext | None) -> "Link":
        """The stream of a connection that came in.

        Raises:
            OSError: The TLS handshake failed, or the peer is gone.
        """
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=LONGEST_HEAD, loop=loop)
        protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
        timeout_s = HANDSHAKE_S if context else None
        transport, _ = await loop.connect_accepted_socket(
            lambda: protocol, connection, ssl=context, ssl_handshake_timeout=timeout_s
        )
        return cls(reader, asyncio.StreamWriter(transport, protocol, reader, loop))

    @classmethod
    async def to(cls, host: str, port: int, context: ssl.SSLContext | None) -> "Link":
        """A connection that goes out.

        Raises:
            OSError: There is none.
        """
        async with asyncio.timeout(CONNECT_S):
            reader, writer = await asyncio.open_connection(
                host,
                port,
                ssl=context,
                limit=LONGEST_HEAD,
                server_hostname=host if context else None,
            )
        return cls(reader, writer)

    async def send(self, data: bytes) -> None:
        """Write, and wait until there is room for more."""
        self.writer.write(data)
        await self.writer.drain()

    async def head(self) -> bytes:
        """The next head, with the empty line; b"" where the connection ends before it.

        Raises:
            BadHead: It is too long, or cut off.
        """
        try:
            return await self.reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError as error:
            if error.partial.strip():
                raise BadHead(f"a head that is cut off: {error.partial[:60]!r}") from None
            return b""
        except asyncio.LimitOverrunError:
            raise BadHead(f"a head of more than {LONGEST_HEAD} bytes") from None

    def end_writing(self) -> None:
        """Pass on that nothing more comes; TLS can only end both directions."""
        with suppress(OSError, RuntimeError):
            if self.writer.can_write_eof():
                self.writer.write_eof()
            else:
                self.writer.close()

    def abort(self) -> None:
        """Cut the connection, with what waits to be sent."""
        self.writer.transport.abort()

    def reset(self) -> None:
        """Cut the connection so that the peer sees an error, not an end."""
        connection = self.writer.get_extra_info("socket")
        with suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.abort()

    async def close(self) -> None:
        """End the connection once what waits is sent; a peer that takes nothing is cut."""
        self.writer.close()
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(1.0):
                await self.writer.wait_closed()
            return
        self.abort()


@dataclass(frozen=True, slots=True)
class Body:
    """A body that passed.

    Attributes:
        raw: Its bytes with the framing of chunks, as far as they were held.
        payload: What it holds; None where it was over the limit and has gone by.
    """

    raw: bytes
    payload: bytes | None


async def read_body(
    link: Link, length: int | None, limit: int, spill: Callable[[bytes], Awaitable[None]]
) -> Body:
    """Read a body of this length (see `heads.body_length`); over the limit it goes to `spill`."""
    held, payload = bytearray(), bytearray()
    is_over = False
    async for raw, part in _pieces(link.reader, length):
        if not is_over and len(held) + len(raw) > limit + PIECE:
            is_over = True
            await spill(bytes(held))
            held.clear()
            payload.clear()
        if is_over:
            await spill(raw)
        else:
            held += raw
            payload += part
    return Body(bytes(held), None if is_over else bytes(payload))


async def _pieces(
    reader: asyncio.StreamReader, length: int | None
) -> AsyncIterator[tuple[bytes, bytes]]:
    if length == -1:
        async for piece in _chunks(reader):
            yield piece
        return
    left = length
    while left is None or left > 0:
        data = await reader.read(PIECE if left is None else min(PIECE, left))
        if not data:
            if left is None:
                return
            raise asyncio.IncompleteReadError(b"", left)
        left = left if left is None else left - len(data)
        yield data, data


async def _chunks(reader: asyncio.StreamReader) -> AsyncIterator[tuple[bytes, bytes]]:
    while True:
        line = await _line(reader)
        left = chunk_size(line)
        yield line, b""
        if not left:
            break
        while left:
            data = await reader.readexactly(min(PIECE, left))
            left -= len(data)
            yield data, data
        yield await _line(reader), b""
    while (line := await _line(reader)).strip():
        yield line, b""
    yield line, b""


async def _line(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\n")
    except asyncio.LimitOverrunError:
        raise BadHead("a line of more than 64 KiB between chunks") from None


def watch(connection: socket.socket | None) -> None:
    """Let the kernel find out that a peer is gone that never said so."""
    if connection is None or connection.family not in (socket.AF_INET, socket.AF_INET6):
        return
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, KEEPALIVE_IDLE_S)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, KEEPALIVE_EVERY_S)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, KEEPALIVE_PROBES)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKNOWLEDGED_MS)


def why_gone(error: Exception) -> str:
    """Why a connection ended, for people."""
    if isinstance(error, asyncio.IncompleteReadError):
        return "ends in the middle of a body"
    if isinstance(error, OSError) and error.errno == errno.ETIMEDOUT:
        return "is gone without a word: half-open"
    if isinstance(error, ConnectionResetError):
        return "resets the connection"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"TLS fails: {getattr(error, 'reason', None) or error}"
    if isinstance(error, OSError) and error.errno is not None and error.errno > 0:
        return os.strerror(error.errno).lower()
    return why_not(error)


def described(head: Head) -> str:
    """A request in a few words."""
    return f"{head.start[0]} {head.start[1].partition('?')[0]}"
