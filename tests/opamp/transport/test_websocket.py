"""The WebSocket transport against a real server of the same library, on loopback."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from otx.opamp.framing import Limits, Malformed
from otx.opamp.opamp_pb2 import AgentToServer, ServerToAgent
from otx.opamp.transport.channel import ChannelError, Why
from otx.opamp.transport.endpoint import Endpoint, Tls
from otx.opamp.transport.websocket import open_websocket
from tests.opamp.transport.certificates import Authority

Talk = Callable[[ServerConnection], Awaitable[None]]
SMALL = Limits(message_bytes=1 << 16)
HELLO = ServerToAgent(capabilities=1)


@asynccontextmanager
async def serving(talk: Talk, **settings: Any) -> AsyncIterator[str]:
    async with serve(talk, "127.0.0.1", 0, **settings) as server:
        scheme = "wss" if "ssl" in settings else "ws"
        yield f"{scheme}://127.0.0.1:{port_of(server)}/v1/opamp"


def port_of(server: Server) -> int:
    return int(server.sockets[0].getsockname()[1])


async def idle(connection: ServerConnection) -> None:
    await connection.wait_closed()


def saying(*messages: bytes | str) -> Talk:
    async def talk(connection: ServerConnection) -> None:
        for message in messages:
            await connection.send(message)
        await connection.wait_closed()

    return talk


def answering(status: HTTPStatus, **headers: str) -> Callable[[Any, Request], Response]:
    def answer(connection: Any, request: Request) -> Response:
        fields = Headers({name.replace("_", "-"): value for name, value in headers.items()})
        return Response(int(status), status.phrase, fields, b"")

    return answer


async def test_messages_go_both_ways_each_with_its_header() -> None:
    heard: list[bytes | str] = []

    async def talk(connection: ServerConnection) -> None:
        heard.append(await connection.recv())
        await connection.send(b"\x00" + HELLO.SerializeToString())
        await connection.send(b"\x80\x00" + HELLO.SerializeToString())
        await connection.send(b"\x00")
        await connection.wait_closed()

    async with serving(talk) as url:
        channel = await open_websocket(Endpoint.of(url), SMALL)
        await channel.send(AgentToServer(sequence_num=3))
        assert [await channel.receive() for _ in range(3)] == [HELLO, HELLO, ServerToAgent()]
        await channel.close()
    assert heard == [b"\x00" + AgentToServer(sequence_num=3).SerializeToString()]


@pytest.mark.parametrize(
    "message",
    ["text", b"", b"\x01" + HELLO.SerializeToString(), b"\xac\x02", b"\x00\xff\xff", b"\x80" * 11],
)
async def test_a_malformed_message_is_told_and_the_connection_stands(message: bytes | str) -> None:
    async with serving(saying(message, b"\x00" + HELLO.SerializeToString())) as url:
        channel = await open_websocket(Endpoint.of(url), SMALL)
        with pytest.raises(Malformed):
            await channel.receive()
        assert await channel.receive() == HELLO
        await channel.close()


@pytest.mark.parametrize("compression", [None, "deflate"])
async def test_a_message_over_the_limit_closes_with_1009(compression: str | None) -> None:
    closed: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()

    async def talk(connection: ServerConnection) -> None:
        await connection.send(b"\x00" + bytes(SMALL.message_bytes))
        await connection.wait_closed()
        closed.set_result(connection.close_code)

    async with serving(talk, compression=compression) as url:
        channel = await open_websocket(Endpoint.of(url), SMALL)
        with pytest.raises(ChannelError, match="1009") as told:
            await channel.receive()
        assert told.value.why is Why.BROKEN
        assert await closed == 1009


@pytest.mark.parametrize(
    ("status", "why"),
    [
        (HTTPStatus.UNAUTHORIZED, Why.UNAUTHORIZED),
        (HTTPStatus.SERVICE_UNAVAILABLE, Why.THROTTLED),
        (HTTPStatus.TOO_MANY_REQUESTS, Why.THROTTLED),
        (HTTPStatus.NOT_FOUND, Why.REFUSED),
        (HTTPStatus.BAD_GATEWAY, Why.BROKEN),
    ],
)
async def test_a_refused_opening_says_why(status: HTTPStatus, why: Why) -> None:
    async with serving(idle, process_request=answering(status, Retry_After="7")) as url:
        with pytest.raises(ChannelError, match=str(int(status))) as told:
            await open_websocket(Endpoint.of(url), SMALL)
    assert (told.value.why, told.value.wait_ns) == (why, 7_000_000_000)


async def test_a_server_that_is_not_there_is_told() -> None:
    async with serving(idle) as url:
        pass
    with pytest.raises(ChannelError, match="refused") as told:
        await open_websocket(Endpoint.of(url), SMALL)
    assert told.value.why is Why.BROKEN


async def test_headers_are_sent_and_go_to_no_other_server_by_a_redirect() -> None:
    seen: list[tuple[str, str | None]] = []

    def note(name: str) -> Callable[[Any, Request], None]:
        def look(connection: Any, request: Request) -> None:
            seen.append((name, request.headers.get("X-Token")))

        return look

    async with serving(idle, process_request=note("other")) as other:

        def redirect(connection: Any, request: Request) -> Response:
            note("first")(connection, request)
            return Response(307, "Temporary Redirect", Headers({"Location": other}), b"")

        async with serving(idle, process_request=redirect) as url:
            channel = await open_websocket(Endpoint.of(url, (("X-Token", "t"),)), SMALL)
            await channel.close()
    assert seen == [("first", "t"), ("other", None)]


async def test_a_connection_that_breaks_is_told() -> None:
    async def talk(connection: ServerConnection) -> None:
        connection.transport.abort()

    async with serving(talk) as url:
        channel = await open_websocket(Endpoint.of(url), SMALL)
        with pytest.raises(ChannelError):
            await channel.receive()
        with pytest.raises(ChannelError):
            await channel.send(AgentToServer())


async def test_tls_fails_closed_and_mutual_tls_works(tmp_path: Path) -> None:
    authority = Authority()
    settings = authority.server_context("127.0.0.1")
    settings.verify_mode = ssl.CERT_REQUIRED
    async with serving(saying(b"\x00"), ssl=settings) as url:
        with pytest.raises(ChannelError, match="not trusted") as told:
            await open_websocket(Endpoint.of(url), SMALL)
        assert told.value.why is Why.UNTRUSTED
        certificate, key = authority.issue("agent")
        tls = Tls(ca_pem=authority.pem, certificate_pem=certificate, key_pem=key)
        channel = await open_websocket(Endpoint.of(url, (), tls), SMALL)
        assert await channel.receive() == ServerToAgent()
        await channel.close()
        with pytest.raises(ChannelError):
            nameless = await open_websocket(Endpoint.of(url, (), Tls(ca_pem=authority.pem)), SMALL)
            await nameless.receive()
