"""The HTTP transport against a scripted server, on loopback."""

import asyncio
import gzip
import http.server
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from otx.opamp.framing import Limits, Malformed, TooLarge
from otx.opamp.instance_uid import uid_text
from otx.opamp.opamp_pb2 import AgentToServer, ServerToAgent
from otx.opamp.transport.channel import ChannelError, Why
from otx.opamp.transport.endpoint import Endpoint
from otx.opamp.transport.polling import PollingChannel

SMALL = Limits(message_bytes=1 << 16)
UID = bytes(range(16))
HELLO = ServerToAgent(capabilities=1)


@dataclass
class Answer:
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Seen:
    path: str
    headers: dict[str, str]
    body: bytes


@contextmanager
def serving(*answers: Answer | Callable[[], Answer]) -> Iterator[tuple[str, list[Seen]]]:
    """A server that gives these answers, the last one again and again."""
    seen: list[Seen] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            seen.append(Seen(self.path, dict(self.headers), body))
            answer = answers[min(len(seen), len(answers)) - 1]
            answer = answer if isinstance(answer, Answer) else answer()
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *words: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1/opamp", seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


async def ask(channel: PollingChannel, message: AgentToServer | None = None) -> ServerToAgent:
    await channel.send(message or AgentToServer(instance_uid=UID))
    return await channel.receive()


async def asked(url: str, **headers: str) -> ServerToAgent:
    channel = PollingChannel(Endpoint.of(url, tuple(headers.items())), SMALL)
    try:
        return await ask(channel)
    finally:
        await channel.close()


async def test_a_request_is_what_the_specification_says() -> None:
    with serving(Answer(body=HELLO.SerializeToString())) as (url, seen):
        assert await asked(url, Authorization="Bearer t") == HELLO
    (request,) = seen
    assert request.path == "/v1/opamp"
    assert request.headers["Content-Type"] == "application/x-protobuf"
    assert request.headers["OpAMP-Instance-UID"] == uid_text(UID)
    assert request.headers["Authorization"] == "Bearer t"
    assert AgentToServer.FromString(request.body).instance_uid == UID


async def test_gzip_both_ways() -> None:
    zipped = gzip.compress(HELLO.SerializeToString())
    with serving(Answer(body=zipped, headers={"Content-Encoding": "gzip"})) as (url, seen):
        channel = PollingChannel(Endpoint.of(url), SMALL)
        large = AgentToServer(instance_uid=UID)
        large.effective_config.config_map.config_map[""].body = b"x" * 5000
        assert await ask(channel, large) == HELLO
        await channel.close()
    assert seen[0].headers["Content-Encoding"] == "gzip"
    assert AgentToServer.FromString(gzip.decompress(seen[0].body)) == large


@pytest.mark.parametrize(
    ("status", "why"),
    [
        (400, Why.REFUSED),
        (401, Why.UNAUTHORIZED),
        (413, Why.TOO_LARGE),
        (429, Why.THROTTLED),
        (500, Why.BROKEN),
        (503, Why.THROTTLED),
    ],
)
async def test_a_status_says_why(status: int, why: Why) -> None:
    refusing = serving(Answer(status, headers={"Retry-After": "4"}))
    with refusing as (url, _), pytest.raises(ChannelError, match=str(status)) as told:
        await asked(url)
    assert (told.value.why, told.value.wait_ns) == (why, 4_000_000_000)


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
async def test_an_answer_over_the_limit_is_not_processed(encoding: str) -> None:
    body = bytes(SMALL.message_bytes + 1)
    sent = gzip.compress(body) if encoding == "gzip" else body
    large = serving(Answer(body=sent, headers={"Content-Encoding": encoding}))
    with large as (url, _), pytest.raises(TooLarge):
        await asked(url)


async def test_an_answer_that_is_no_message_is_malformed() -> None:
    with serving(
        Answer(body=b"\xff\xff"), Answer(body=b"x", headers={"Content-Encoding": "gzip"})
    ) as (url, _):
        for _ in range(2):
            with pytest.raises(Malformed):
                await asked(url)


async def test_a_server_that_is_not_there_is_told() -> None:
    with serving(Answer()) as (url, _):
        pass
    with pytest.raises(ChannelError, match="refused"):
        await asked(url)


async def test_requests_share_a_connection_and_survive_its_end() -> None:
    closing = Answer(headers={"Connection": "close"})
    with serving(Answer(), closing, Answer()) as (url, seen):
        channel = PollingChannel(Endpoint.of(url), SMALL)
        for _ in range(3):
            assert await ask(channel) == ServerToAgent()
        await channel.close()
    assert len(seen) == 3


async def test_headers_go_to_no_other_server_by_a_redirect() -> None:
    with serving(Answer(body=HELLO.SerializeToString())) as (other, arrived):
        moved = Answer(307, headers={"Location": other})
        with serving(moved) as (url, seen):
            assert await asked(url, Authorization="t") == HELLO
    assert seen[0].headers["Authorization"] == "t"
    assert "Authorization" not in arrived[0].headers
    assert arrived[0].body == seen[0].body


async def test_redirects_without_end_are_given_up() -> None:
    circular = serving(Answer(307, headers={"Location": "/v1/opamp"}))
    with circular as (url, _), pytest.raises(ChannelError, match="redirects"):
        await asked(url)


async def test_a_proxy_is_used_where_the_environment_names_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with serving(Answer(body=HELLO.SerializeToString())) as (proxy, seen):
        monkeypatch.setenv("http_proxy", proxy.replace("//", "//me:p%40ss@"))
        monkeypatch.setenv("no_proxy", "")
        assert await asked("http://opamp.example/v1/opamp") == HELLO
    assert seen[0].path == "http://opamp.example/v1/opamp"
    assert seen[0].headers["Proxy-Authorization"] == "Basic bWU6cEBzcw=="


async def test_a_request_under_way_ends_with_the_channel() -> None:
    release = threading.Event()

    def late() -> Answer:
        release.wait(10)
        return Answer()

    with serving(late) as (url, _):
        channel = PollingChannel(Endpoint.of(url), SMALL)
        await channel.send(AgentToServer(instance_uid=UID))
        asyncio.get_running_loop().call_later(0.05, release.set)
        await channel.close()
