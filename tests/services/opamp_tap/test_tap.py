"""What is tapped and how: the target, TLS on either side, a screen that is stopped."""

import asyncio
import ssl
import threading
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

from otx.errors import UsageError
from otx.opamp.framing import decode_frame, frame
from otx.opamp.opamp_pb2 import AgentToServer
from otx.opamp.protocol import Side
from otx.opamp.transport.endpoint import Tls
from otx.otlp.address import Address
from otx.services.opamp_tap.heads import Head
from otx.services.opamp_tap.tap import TapOptions, server_context, target_of
from tests.opamp.transport.certificates import Authority
from tests.services.opamp_tap.tapping import answer, report, tapped
from tests.services.opamp_tap.test_websocket import Answering, ask, between

LISTEN = Address("127.0.0.1", 0)
REQUEST = Head.parse(b"GET /a?b=1 HTTP/1.1\r\nHost: tap:1\r\n\r\n")


@pytest.mark.parametrize(
    ("to", "place", "target", "host"),
    [
        ("ws://127.0.0.1:5", ("127.0.0.1", 5), "/a?b=1", "tap:1"),
        ("http://localhost", ("localhost", 80), "/a?b=1", "tap:1"),
        ("wss://opamp.example.com/x/", ("opamp.example.com", 443), "/x?b=1", "opamp.example.com"),
        ("https://h:8443", ("h", 8443), "/a?b=1", "h:8443"),
    ],
)
def test_where_requests_go(to: str, place: tuple[str, int], target: str, host: str) -> None:
    found = target_of(TapOptions(LISTEN, to))
    assert (found.host, found.port) == place
    assert (found.context is not None) == to.startswith(("wss", "https"))
    passed_on = found.passed_on(REQUEST)
    assert passed_on.start[1] == target
    assert passed_on.get("host") == host


@pytest.mark.parametrize("to", ["server:4320", "ftp://x", "ws://u:p@h", "ws://h?x=1", "ws://"])
def test_what_is_no_target_is_refused(to: str) -> None:
    with pytest.raises(UsageError):
        target_of(TapOptions(LISTEN, to))


def test_certificates_that_cannot_be_used_are_refused(tmp_path: Path) -> None:
    (tmp_path / "bad.pem").write_text("no certificate")
    with pytest.raises(UsageError, match="cannot be used"):
        server_context(TapOptions(LISTEN, "ws://h", tls_cert=tmp_path / "bad.pem"))
    with pytest.raises(UsageError, match="need --tls-cert"):
        server_context(TapOptions(LISTEN, "ws://h", client_ca=tmp_path / "bad.pem"))


async def test_tls_is_spoken_on_either_side_with_certificates_of_clients() -> None:
    authority = Authority()
    behind = authority.server_context("127.0.0.1")
    behind.verify_mode = ssl.CERT_REQUIRED
    certificate, key = authority.issue("tap")
    trust = ssl.create_default_context(cadata=authority.pem)
    async with (
        serve(Answering(), "127.0.0.1", 0, ssl=behind) as server,
        tapped(
            f"wss://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}",
            context=authority.server_context("127.0.0.1"),
            tls=Tls(ca_pem=authority.pem, certificate_pem=certificate, key_pem=key),
        ) as tap,
        connect(f"wss://127.0.0.1:{tap.port}", ssl=trust) as agent,
    ):
        assert await ask(agent, 1) == frame(answer())
    assert len(tap.says(side=Side.CLIENT)) >= 1


async def test_a_server_that_is_not_trusted_is_named_and_gets_nothing() -> None:
    authority = Authority()
    server = Answering()
    async with (
        serve(server, "127.0.0.1", 0, ssl=authority.server_context("127.0.0.1")) as behind,
        tapped(f"wss://127.0.0.1:{next(iter(behind.sockets)).getsockname()[1]}") as tap,
    ):
        with pytest.raises(Exception, match="502"):
            await connect(f"ws://127.0.0.1:{tap.port}")
        await tap.told("its certificate is not trusted")
    assert server.headers == {}


async def test_an_agent_that_does_not_speak_tls_is_named() -> None:
    context = Authority().server_context("127.0.0.1")
    async with tapped("ws://127.0.0.1:1", context=context) as tap:
        reader, writer = await asyncio.open_connection("127.0.0.1", tap.port)
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        await tap.told("TLS fails")
        writer.close()
        assert await reader.read() is not None


async def test_an_offer_that_leads_past_the_tap_is_told() -> None:
    away = answer()
    away.connection_settings.opamp.destination_endpoint = "ws://elsewhere:1/v1/opamp"

    class Leading(Answering):
        async def __call__(self, connection: ServerConnection) -> None:
            async for _ in connection:
                await connection.send(frame(away))

    async with between(Leading()) as (tap, agent):
        await ask(agent, 1)
    assert tap.says(side=Side.SERVER)[0].endswith("the agent is led past this tap")


async def test_more_connections_than_there_may_be_are_turned_away() -> None:
    async with (
        serve(Answering(), "127.0.0.1", 0) as server,
        tapped(f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}", most=1) as tap,
    ):
        async with connect(f"ws://127.0.0.1:{tap.port}") as agent:
            await ask(agent, 1)
            reader, writer = await asyncio.open_connection("127.0.0.1", tap.port)
            assert await reader.read() == b""
            writer.close()
            await ask(agent, 2)
        await tap.told("a connection is turned away: too many")
        await tap.until(lambda: not tap.observer.open)
        async with connect(f"ws://127.0.0.1:{tap.port}") as again:
            await ask(again, 3)


async def test_many_agents_at_once() -> None:
    async def answering(connection: ServerConnection) -> None:
        async for data in connection:
            uid = decode_frame(AgentToServer, bytes(data)).instance_uid  # type: ignore[arg-type]
            await connection.send(frame(answer(uid)))

    async with (
        serve(answering, "127.0.0.1", 0) as behind,
        tapped(f"ws://127.0.0.1:{next(iter(behind.sockets)).getsockname()[1]}") as tap,
    ):

        async def one(number: int) -> None:
            uid = number.to_bytes(16, "big")
            async with connect(f"ws://127.0.0.1:{tap.port}") as agent:
                for sequence in range(1, 6):
                    await agent.send(frame(report(sequence, uid)))
                    await agent.recv()

        await asyncio.gather(*(one(number) for number in range(50)))
    summary = tap.observer.summary
    assert summary.counts["reports"] == summary.counts["answers"] == 250
    assert len(summary.agents) == 50
    assert threading.active_count() < 20
