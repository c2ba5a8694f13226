"""Plain HTTP through the tap, by a client and a server of another make."""

import asyncio
import gzip
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from otx.opamp.instance_uid import uid_text
from otx.opamp.opamp_pb2 import AgentToServer, ServerToAgent
from otx.opamp.protocol import Side
from otx.services.opamp_tap.events import Kind
from tests.services.opamp_tap.tapping import UID, Tapped, answer, free_port, report, tapped

PROTOBUF = {"Content-Type": "application/x-protobuf"}


class Handler(BaseHTTPRequestHandler):
    """Answers each report; the server says how."""

    protocol_version = "HTTP/1.1"
    server: "Answering"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.got.append((self.path, dict(self.headers.items()), body))
        status = self.server.statuses.pop(0) if self.server.statuses else 200
        content = answer().SerializeToString() if status == 200 else b"no"
        self.send_response(status)
        if status == 503:
            self.send_header("Retry-After", "4")
        if self.server.packs:
            content = gzip.compress(content)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_GET(self) -> None:
        self.send_error(404)

    def log_message(self, *_: object) -> None:
        pass


class Answering(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.got: list[tuple[str, dict[str, str], bytes]] = []
        self.statuses: list[int] = []
        self.packs = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def numbers(self) -> list[int]:
        return [AgentToServer.FromString(body).sequence_num for _, _, body in self.got]


@pytest.fixture
def server() -> Iterator[Answering]:
    with Answering() as one:
        thread = threading.Thread(target=one.serve_forever, args=(0.01,))
        thread.start()
        yield one
        one.shutdown()
        thread.join()


@asynccontextmanager
async def between(
    server: Answering, fault: str = "", limit: int = 64 << 20
) -> AsyncIterator[tuple[Tapped, httpx.AsyncClient]]:
    async with (
        tapped(server.url, fault, limit=limit) as tap,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{tap.port}", trust_env=False) as client,
    ):
        yield tap, client


async def poll(client: httpx.AsyncClient, number: int = 1, **headers: str) -> httpx.Response:
    return await client.post(
        "/v1/opamp?x=1",
        content=report(number).SerializeToString(),
        headers={**PROTOBUF, "OpAMP-Instance-UID": uid_text(UID), **headers},
    )


async def test_requests_pass_with_headers_path_and_query(server: Answering) -> None:
    async with between(server) as (tap, client):
        for number in (1, 2):
            response = await poll(client, number, Authorization="Basic secret")
            assert ServerToAgent.FromString(response.content) == answer()
    path, headers, body = server.got[0]
    assert path == "/v1/opamp?x=1"
    assert headers["Authorization"] == "Basic secret"
    assert headers["Host"] == f"127.0.0.1:{tap.port}"
    assert body == report(1).SerializeToString()
    first, second = [event for event in tap.events if event.side is Side.SERVER]
    assert first.latency_ns is not None
    assert first.is_exact
    assert second.phrases == ["ok"]


async def test_compressed_bodies_pass_packed_and_are_read(server: Answering) -> None:
    server.packs = True
    async with between(server) as (tap, client):
        packed = gzip.compress(report(1).SerializeToString())
        headers = {**PROTOBUF, "Content-Encoding": "gzip"}
        response = await client.post("/", content=packed, headers=headers)
    assert server.got[0][2] == packed
    assert response.headers["Content-Encoding"] == "gzip"
    assert tap.says(side=Side.CLIENT)[0].endswith("is shop; can reports_status")
    assert tap.says(side=Side.SERVER) == ["can accepts_status"]


async def test_a_body_in_chunks_is_read(server: Answering) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield report(1).SerializeToString()[:5]
        yield report(1).SerializeToString()[5:]

    async with between(server) as (tap, client):
        request = asyncio.ensure_future(client.post("/", content=pieces(), headers=PROTOBUF))
        event = await tap.told("is shop")
        assert event.sequence == 1
        await request


async def test_statuses_are_told_with_what_they_ask_for(server: Answering) -> None:
    server.statuses = [401, 503, 413]
    async with between(server) as (tap, client):
        for number in (1, 2, 3):
            await poll(client, number)
    assert tap.says(Kind.REFUSED) == [
        "401 Unauthorized",
        "503 Service Unavailable; retry after 4 s",
        "413 Request Entity Too Large",
    ]
    # The third came before the time was over.
    assert 35 in tap.rules


async def test_what_is_no_report_passes_and_is_named(server: Answering) -> None:
    async with between(server) as (tap, client):
        assert (await client.get("/v1/opamp")).status_code == 404
        await client.post("/v1/opamp", content=b"{}", headers={"Content-Type": "text/json"})
        await client.post("/v1/opamp", content=b"\xff\xff", headers=PROTOBUF)
        await poll(client, 1, **{"OpAMP-Instance-UID": uid_text(bytes(16))})
    assert tap.says(Kind.NOTE) == [
        "GET /v1/opamp: no report of OpAMP",
        "POST /v1/opamp with Content-Type text/json: no report of OpAMP",
    ]
    malformed, misnamed = tap.says(side=Side.CLIENT)[-2:]
    assert malformed.startswith("malformed: no AgentToServer")
    assert misnamed.endswith("the header OpAMP-Instance-UID names another uid")


async def test_a_body_over_the_limit_passes_unread(server: Answering) -> None:
    body = bytes(300_000)
    async with between(server, limit=1000) as (tap, client):
        await client.post("/", content=body, headers=PROTOBUF)
    assert server.got[0][2] == body
    assert tap.says(side=Side.CLIENT)[0].startswith("malformed: it is over the limit")


async def test_a_server_that_is_away_is_said_to_both() -> None:
    async with (
        tapped(f"http://127.0.0.1:{free_port()}") as tap,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{tap.port}", trust_env=False) as client,
    ):
        response = await poll(client)
        assert response.status_code == 502
        assert "cannot be reached: connection refused" in response.text
        await tap.told("cannot be reached")


async def test_a_lost_request_never_reaches_the_server(server: Answering) -> None:
    async with between(server, "agent:drop@1st") as (tap, client):
        with pytest.raises(httpx.RemoteProtocolError):
            await poll(client, 1)
        await poll(client, 2)
    assert server.numbers == [2]
    # It asks again without having had a response, and may.
    assert 30 not in tap.rules


async def test_a_lost_answer_reached_the_server(server: Answering) -> None:
    async with between(server, "server:drop@1st") as (tap, client):
        with pytest.raises(httpx.RemoteProtocolError):
            await poll(client, 1)
        await poll(client, 2)
    assert server.numbers == [1, 2]
    assert 30 not in tap.rules


async def test_a_request_comes_twice_and_is_answered_once(server: Answering) -> None:
    async with between(server, "agent:dup") as (tap, client):
        response = await poll(client, 1)
    assert response.status_code == 200
    assert server.numbers == [1, 1]
    assert len(tap.says(side=Side.SERVER)) == 2


async def test_a_late_request_is_as_it_was_sent(server: Answering) -> None:
    packed = gzip.compress(report(1).SerializeToString())
    async with between(server, "agent:delay=1ms,agent:dup") as (_, client):
        headers = {**PROTOBUF, "Content-Encoding": "gzip"}
        await client.post("/", content=packed, headers=headers)
    assert [(body, head["Content-Encoding"]) for _, head, body in server.got] == [
        (packed, "gzip")
    ] * 2


async def test_a_spoilt_request_has_the_length_that_it_has(server: Answering) -> None:
    async with between(server, "agent:truncate,server:oversize=2KiB") as (_, client):
        response = await poll(client, 1)
    assert len(server.got[0][2]) == len(report(1).SerializeToString()) // 2
    assert len(response.content) >= 2048
    assert ServerToAgent.FromString(response.content).capabilities == 1


async def test_requests_are_refused_with_a_status(server: Answering) -> None:
    async with between(server, "429=2,retry-after=3s") as (tap, client):
        codes = [(await poll(client, number)).status_code for number in (1, 2, 3, 4)]
    assert codes == [200, 429, 200, 429]
    assert tap.says(Kind.FAULT) == ["429: the request is refused, Retry-After 3"] * 2
    assert server.numbers == [1, 3]


async def test_silence_lasts_until_the_agent_gives_up(server: Answering) -> None:
    async with between(server, "agent:half-open@1st") as (_, client):
        patience = httpx.Timeout(20, read=0.2)
        with pytest.raises(httpx.ReadTimeout):
            await client.post("/", content=b"", headers=PROTOBUF, timeout=patience)
    assert server.got == []


async def test_a_path_in_the_target_replaces_the_agents_path(server: Answering) -> None:
    async with (
        tapped(f"{server.url}/tenant/7") as tap,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{tap.port}", trust_env=False) as client,
    ):
        await poll(client)
    assert server.got[0][0] == "/tenant/7?x=1"


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (b"\x16\x03\x01\x02\x00\r\n\r\n", "no HTTP"),
        (b"PRI * HTTP/2.0\r\n\r\n", "HTTP/2"),
        (b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n", "no Content-Length"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "no size of a chunk"),
        (b"GET / HTTP/1.1\r\n" + b"x" * 70_000, "a head of more than"),
        (b"GET /", "a head that is cut off"),
    ],
    ids=["TLS", "HTTP/2", "length", "chunk", "long", "cut"],
)
async def test_bytes_of_another_kind_are_named(server: Answering, sent: bytes, told: str) -> None:
    async with tapped(server.url) as tap:
        reader, writer = await asyncio.open_connection("127.0.0.1", tap.port)
        writer.write(sent)
        writer.write_eof()
        async with asyncio.timeout(20):
            await reader.read()
        writer.close()
        await tap.told(told)
        assert not [text for text in tap.says(Kind.NOTE) if "fault of otx" in text]
