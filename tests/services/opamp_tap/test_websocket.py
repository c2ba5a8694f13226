"""WebSockets through the tap, between peers of another make."""

import asyncio
import random
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.http11 import Request, Response

from otx.opamp.framing import frame, unframe
from otx.opamp.opamp_pb2 import AgentToServer, ServerToAgent
from otx.opamp.protocol import Side
from otx.services.opamp_tap.events import Kind
from tests.services.opamp_tap.tapping import Tapped, answer, report, tapped

Handler = Callable[[ServerConnection], Awaitable[None]]


class Answering:
    """A server that answers each report, and keeps what it got."""

    def __init__(self) -> None:
        self.got: list[bytes | str] = []
        self.headers: dict[str, str] = {}
        self.closed: list[tuple[int, str]] = []

    async def __call__(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        self.headers = dict(connection.request.headers.raw_items())
        try:
            async for data in connection:
                self.got.append(data)
                await connection.send(frame(answer()))
        except ConnectionClosed:
            pass
        self.closed.append((connection.close_code or 0, connection.close_reason or ""))


@asynccontextmanager
async def between(
    handler: Handler, fault: str = "", limit: int = 64 << 20, compression: str | None = None
) -> AsyncIterator[tuple[Tapped, ClientConnection]]:
    """An agent's connection to a server, through a tap."""
    async with (
        serve(handler, "127.0.0.1", 0, compression=compression, max_size=None) as server,
        tapped(address(server), fault, limit=limit) as tap,
        connect(
            f"ws://127.0.0.1:{tap.port}/v1/opamp?q=1",
            additional_headers={"Authorization": "Bearer secret", "X-Own": "own"},
            compression=compression,
            max_size=None,
        ) as agent,
    ):
        yield tap, agent


def address(server: Server) -> str:
    return f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"


async def ask(agent: ClientConnection, number: int) -> bytes:
    await agent.send(frame(report(number)))
    return await hear(agent)


def cut(agent: ClientConnection) -> None:
    """Reset a connection as a crashed machine that came back does."""
    connection = agent.transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    agent.transport.abort()


async def hear(agent: ClientConnection) -> bytes:
    async with asyncio.timeout(20):
        data = await agent.recv()
    assert isinstance(data, bytes)
    return data


@pytest.mark.parametrize("compression", [None, "deflate"])
async def test_all_passes_as_it_was_sent(compression: str | None) -> None:
    server = Answering()
    async with between(server, compression=compression) as (tap, agent):
        sent = frame(report(1))
        assert await ask(agent, 1) == frame(answer())
        await agent.send([sent[:3], sent[3:9], sent[9:]])  # a message in fragments
        assert await hear(agent) == frame(answer())
        waiter = await agent.ping(b"are you there")
        await waiter
        await agent.close(4001, "enough")
    assert server.got == [sent, sent]
    assert server.headers["Authorization"] == "Bearer secret"
    assert server.headers["X-Own"] == "own"
    assert server.closed == [(4001, "enough")]
    assert [event.latency_ns is not None for event in tap.events if event.side is Side.SERVER][:2]
    assert tap.says(Kind.CLOSE, Side.CLIENT) == ["closes with 4001: enough"]
    opened = next(event for event in tap.events if event.kind is Kind.OPEN)
    assert "secret" not in str(opened.document())
    assert ("compressed" in opened.phrases) == (compression is not None)


async def test_each_message_is_told_and_rules_are_named() -> None:
    async with between(Answering()) as (tap, agent):
        await ask(agent, 1)
        await ask(agent, 3)
        await agent.send("text")
        await hear(agent)
        await agent.send(b"\x01" + frame(report(4))[1:])
        await hear(agent)
    says = tap.says(side=Side.CLIENT)
    assert says[0] == "uid 00010203-0405-0607-0809-0a0b0c0d0e0f; is shop; can reports_status"
    assert says[2:] == [
        "malformed: a text message, not a binary one",
        "malformed: the header is 1, not 0",
    ]
    assert 58 in tap.rules
    assert tap.rules.count(1) == 2


async def test_a_push_is_told_from_an_answer_where_that_can_be() -> None:
    async def pushing(connection: ServerConnection) -> None:
        async for _ in connection:
            await connection.send(frame(answer()))
            await connection.send(frame(answer(flags=1)))

    async with between(pushing) as (tap, agent):
        await ask(agent, 1)
        await hear(agent)
    answers = [event for event in tap.events if event.side is Side.SERVER and event.uid]
    assert answers[0].latency_ns is not None
    assert not answers[0].is_exact
    assert answers[1].phrases == ["push", "flags report_full_state"]


async def test_a_server_that_closes_is_passed_on_with_its_code() -> None:
    async def closing(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.close(1011, "broken")

    async with between(closing) as (tap, agent):
        await agent.send(frame(report()))
        with pytest.raises(ConnectionClosed) as closed:
            await agent.recv()
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1011, "broken")
    assert tap.says(Kind.CLOSE, Side.SERVER) == ["closes with 1011: broken"]


async def test_a_connection_that_breaks_is_broken_on_the_other_side_too() -> None:
    server = Answering()
    async with between(server) as (tap, agent):
        await ask(agent, 1)
        cut(agent)
        await tap.told("resets the connection")
        await tap.until(lambda: server.closed)
    assert server.closed == [(1006, "")]


async def test_an_end_without_a_close_frame_is_told() -> None:
    server = Answering()
    async with between(server) as (tap, agent):
        await ask(agent, 1)
        agent.transport.abort()
        await tap.told("ends the connection without a Close frame")
        await tap.until(lambda: server.closed)
    assert server.closed == [(1006, "")]


async def test_large_messages_pass_and_are_not_decoded() -> None:
    server = Answering()
    async with between(server, limit=10_000) as (tap, agent):
        report_of_size = b"\x00" + bytes(300_000)
        await agent.send(report_of_size)
        await hear(agent)
        await ask(agent, 1)
    assert server.got == [report_of_size, frame(report(1))]
    assert tap.says(side=Side.CLIENT)[0].startswith("not decoded: it is over the limit")


async def test_a_side_that_does_not_read_holds_the_other_back() -> None:
    reading = asyncio.Event()

    async def slow(connection: ServerConnection) -> None:
        await reading.wait()
        async for _ in connection:
            pass

    async with between(slow) as (tap, agent):
        sent = 0
        try:
            async with asyncio.timeout(0.7):
                while True:
                    await agent.send(bytes(1 << 20))
                    sent += 1
        except TimeoutError:
            pass
        passed = len(tap.says(side=Side.CLIENT))
        assert 0 < sent < 200
        assert passed <= sent
        reading.set()


async def test_dropped_messages_are_lost() -> None:
    server = Answering()
    async with between(server, "agent:drop=2") as (tap, agent):
        for number in range(1, 5):
            await agent.send(frame(report(number)))
        await hear(agent)
        await hear(agent)
    numbers = [AgentToServer.FromString(unframe(bytes(one))).sequence_num for one in server.got]  # type: ignore[arg-type]
    assert numbers == [1, 3]
    assert tap.says(Kind.FAULT) == ["drop: it is lost"] * 2
    assert tap.observer.summary.faults == {"drop": 2}


async def test_messages_come_twice_in_another_order_and_late() -> None:
    server = Answering()
    async with between(server, "agent:dup@1st,agent:reorder@2nd") as (_, agent):
        for number in range(1, 5):
            await agent.send(frame(report(number)))
        for _ in range(5):
            await hear(agent)
    numbers = [AgentToServer.FromString(unframe(bytes(one))).sequence_num for one in server.got]  # type: ignore[arg-type]
    assert numbers == [1, 1, 3, 2, 4]


async def test_a_message_that_is_held_back_goes_alone_when_nothing_follows() -> None:
    async with between(Answering(), "agent:reorder") as (_, agent):
        assert await ask(agent, 1) == frame(answer())


async def test_a_delay_is_as_long_as_it_says() -> None:
    async with between(Answering(), "server:delay=300ms") as (tap, agent):
        began_s = asyncio.get_running_loop().time()
        await ask(agent, 1)
        assert asyncio.get_running_loop().time() - began_s >= 0.3
    assert tap.says(Kind.FAULT) == ["delay: it waits 300 ms"]


@pytest.mark.parametrize(
    ("fault", "got"),
    ids=["truncate", "pad", "header"],
    argvalues=[
        ("agent:truncate", frame(report(1))[: len(frame(report(1))) // 2]),
        ("agent:pad", b"\x80\x00" + frame(report(1))[1:]),
        ("agent:header=1", b"\x01" + frame(report(1))[1:]),
    ],
)
async def test_messages_are_spoilt_as_asked(fault: str, got: bytes) -> None:
    server = Answering()
    async with between(server, fault) as (tap, agent):
        await ask(agent, 1)
    assert server.got == [got]
    assert len(tap.says(Kind.FAULT)) == 1
    # What the tap spoils is not held against the agent, which only closes without a goodbye.
    assert tap.rules == [202]


async def test_text_and_oversized_messages() -> None:
    server = Answering()
    async with between(server, "agent:text@1st,agent:oversize=100KiB@2nd") as (_, agent):
        await ask(agent, 1)
        await ask(agent, 2)
    assert isinstance(server.got[0], str)
    assert len(server.got[1]) > 100 << 10
    assert AgentToServer.FromString(unframe(bytes(server.got[1]))).sequence_num == 2  # type: ignore[arg-type]


async def test_both_sides_are_closed_with_a_code() -> None:
    server = Answering()
    async with between(server, "agent:1009@2nd") as (tap, agent):
        await ask(agent, 1)
        await agent.send(frame(report(2)))
        with pytest.raises(ConnectionClosed) as closed:
            await agent.recv()
        await tap.until(lambda: server.closed)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009
    assert server.closed[0][0] == 1009


async def test_both_sides_are_cut() -> None:
    server = Answering()
    async with between(server, "agent:close@2nd") as (tap, agent):
        await ask(agent, 1)
        await agent.send(frame(report(2)))
        with pytest.raises(ConnectionClosed) as closed:
            await agent.recv()
        await tap.until(lambda: server.closed)
    assert closed.value.rcvd is None
    assert server.closed[0][0] == 1006


async def test_half_open_is_silence_until_someone_gives_up() -> None:
    server = Answering()
    async with between(server, "agent:half-open@2nd") as (tap, agent):
        await ask(agent, 1)
        await agent.send(frame(report(2)))
        await agent.send(frame(report(3)))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await agent.recv()
        assert not server.closed
        agent.transport.abort()
        await tap.told("gives the half-open connection up")
        assert not server.closed
    assert len(server.got) == 1


async def test_an_opening_is_refused_with_a_status() -> None:
    async with (
        serve(Answering(), "127.0.0.1", 0) as server,
        tapped(address(server), "503@1st,retry-after=7s") as tap,
    ):
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"ws://127.0.0.1:{tap.port}")
        async with connect(f"ws://127.0.0.1:{tap.port}") as agent:
            await ask(agent, 1)
    assert refused.value.response.status_code == 503
    assert refused.value.response.headers["Retry-After"] == "7"
    assert tap.says(Kind.FAULT) == ["503: the opening is refused, Retry-After 7"]


async def test_what_a_server_refuses_is_passed_on() -> None:
    def refuse(connection: ServerConnection, request: Request) -> Response:
        response = connection.respond(401, "who are you?")
        response.headers["WWW-Authenticate"] = "Bearer realm=x"
        return response

    async with (
        serve(Answering(), "127.0.0.1", 0, process_request=refuse) as server,
        tapped(address(server)) as tap,
    ):
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"ws://127.0.0.1:{tap.port}")
    assert refused.value.response.status_code == 401
    assert refused.value.response.body == b"who are you?"
    assert tap.says(Kind.REFUSED) == ["401 Unauthorized; asks for Bearer"]


async def test_an_answer_of_a_server_is_decoded_for_whom_it_is() -> None:
    async def misnaming(connection: ServerConnection) -> None:
        async for _ in connection:
            await connection.send(frame(ServerToAgent(instance_uid=bytes(16), capabilities=1)))

    async with between(misnaming) as (tap, agent):
        await ask(agent, 1)
    assert 66 in tap.rules


@pytest.mark.parametrize(
    ("response", "body"),
    [
        (b"HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n", b"no"),
        (b"HTTP/1.1 503 Busy\r\nContent-Length: 2\r\nRetry-After: 9\r\n\r\nno", b"no"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", b""),
    ],
    ids=["chunks", "length", "no length"],
)
async def test_refusals_pass_with_their_body_while_the_server_stays(
    response: bytes, body: bytes
) -> None:
    async def raw(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(response)
        await reader.read()
        writer.close()

    opening = (
        b"GET //[?token=secret HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Authorization: secret\r\n\r\n"
    )
    async with await asyncio.start_server(raw, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with tapped(f"ws://127.0.0.1:{port}") as tap:
            reader, writer = await asyncio.open_connection("127.0.0.1", tap.port)
            writer.write(opening)
            async with asyncio.timeout(20):
                got = await reader.read()
            writer.close()
    assert body in got.partition(b"\r\n\r\n")[2]
    assert tap.says(Kind.REFUSED)
    assert "secret" not in str([event.document() for event in tap.events])
    assert not [note for note in tap.says(Kind.NOTE) if "fault of otx" in note]


async def test_a_token_without_a_scheme_is_not_shown() -> None:
    async with (
        serve(Answering(), "127.0.0.1", 0) as server,
        tapped(address(server)) as tap,
        connect(
            f"ws://127.0.0.1:{tap.port}/v1/opamp?token=hush",
            additional_headers={"Authorization": "hush", "X-Vendor-Team": "hush"},
        ) as agent,
    ):
        await ask(agent, 1)
    assert tap.says(Kind.OPEN) == ["opens /v1/opamp; Authorization …; compressed"]
    assert "hush" not in str([event.document() for event in tap.events])


@pytest.mark.parametrize("fault", ["", "drop=1000"])
async def test_hostile_bytes_pass_and_are_named(fault: str) -> None:
    """After the opening anything may come: it reaches the other side, and the tap lives on."""
    sent = random.Random(7).randbytes(50_000)
    got = bytearray()
    ended = asyncio.Event()

    async def raw(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
        while data := await reader.read(1 << 16):
            got.extend(data)
        writer.close()
        ended.set()

    opening = b"GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    async with await asyncio.start_server(raw, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with tapped(f"ws://127.0.0.1:{port}", fault) as tap:
            reader, writer = await asyncio.open_connection("127.0.0.1", tap.port)
            writer.write(opening + sent)
            await writer.drain()
            writer.write_eof()
            async with asyncio.timeout(20):
                await ended.wait()
                await reader.read()
            writer.close()
            notes = tap.says(Kind.NOTE) + tap.says(Kind.CLOSE)
    if not fault:
        assert bytes(got) == sent
    assert any("a frame" in note or "without a Close frame" in note for note in notes)
    assert not [note for note in notes if "fault of otx" in note]
