import asyncio
import errno
import os
import socket
import ssl

import pytest

from otx.services.opamp_tap.heads import BadHead
from otx.services.opamp_tap.link import UNACKNOWLEDGED_MS, Link, read_body, why_gone


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (TimeoutError(errno.ETIMEDOUT, "x"), "is gone without a word: half-open"),
        (ConnectionResetError(errno.ECONNRESET, "x"), "resets the connection"),
        (OSError(errno.EHOSTUNREACH, "x"), os.strerror(errno.EHOSTUNREACH).lower()),
        (socket.gaierror(-2, "Name or service not known"), "its host is unknown"),
        (TimeoutError(), "no answer in time"),
        (asyncio.IncompleteReadError(b"", 5), "ends in the middle of a body"),
        (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong"), "TLS fails"),
        (BadHead("a head of more than 65536 bytes"), "a head of more than 65536 bytes"),
    ],
)
def test_why_a_connection_ended_is_said_in_words(error: Exception, why: str) -> None:
    assert why in why_gone(error)


async def test_the_kernel_looks_after_peers_that_vanish() -> None:
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        link = await Link.to("127.0.0.1", server.sockets[0].getsockname()[1], None)
        connection = link.writer.get_extra_info("socket")
        assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        timeout_ms = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
        assert timeout_ms == UNACKNOWLEDGED_MS
        await link.close()


async def body(data: bytes, length: int | None, limit: int = 1000) -> tuple[bytes, bytes, bool]:
    """What a body is on the wire, what it holds, and whether it was over the limit."""
    left, right = socket.socketpair()
    link = await Link.accepted(left, None)
    spilled = bytearray()

    async def spill(piece: bytes) -> None:
        spilled.extend(piece)

    right.sendall(data)
    right.shutdown(socket.SHUT_WR)
    try:
        found = await read_body(link, length, limit, spill)
    finally:
        right.close()
        await link.close()
    return bytes(spilled) or found.raw, found.payload or b"", found.payload is None


async def test_bodies_of_each_kind_are_read() -> None:
    assert await body(b"helloREST", 5) == (b"hello", b"hello", False)
    assert await body(b"hello", None) == (b"hello", b"hello", False)
    chunks = b"3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\nTrailer: x\r\n\r\n"
    assert await body(chunks, -1) == (chunks, b"hello", False)
    assert await body(b"", 0) == (b"", b"", False)


async def test_a_body_over_the_limit_goes_by() -> None:
    large = bytes(200_000)
    assert await body(large, len(large)) == (large, b"", True)


async def test_a_body_that_is_cut_off_is_an_error() -> None:
    with pytest.raises(asyncio.IncompleteReadError):
        await body(b"hel", 5)
    with pytest.raises(asyncio.IncompleteReadError):
        await body(b"5\r\nhel", -1)
