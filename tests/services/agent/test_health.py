"""How a process is asked whether it is well."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from otx.services.agent.health import Check, collector_check


@asynccontextmanager
async def answering(answer: bytes) -> AsyncIterator[int]:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", ""),
        (b"HTTP/1.0 204 No Content\r\n\r\n", ""),
        (b"HTTP/1.1 503 Unavailable\r\n\r\n", "its health check answers 503"),
        (b"SSH-2.0 x\r\n", "its health check answers no HTTP"),
        (b"HTTP/1.1 x\r\n", "its health check answers no HTTP"),
        (b"", "its health check answers no HTTP"),
        (b"x" * 100_000, "its health check answers no HTTP"),
    ],
)
async def test_the_status_says_whether_it_is_well(answer: bytes, problem: str) -> None:
    async with answering(answer) as port:
        assert await Check("127.0.0.1", port, "/").problem() == problem


async def test_a_check_that_is_not_there_is_a_problem() -> None:
    async with answering(b"") as port:
        pass
    assert "cannot be reached" in await Check("127.0.0.1", port, "/").problem()


EXTENSION = """
extensions: {{{extensions}}}
service: {{extensions: [{names}]}}
"""


@pytest.mark.parametrize(
    ("extensions", "names", "check"),
    [
        ("health_check: {}", "health_check", Check("localhost", 13133, "/")),
        ("health_check: ", "health_check", Check("localhost", 13133, "/")),
        (
            "health_check/x: {endpoint: '0.0.0.0:1', path: /ok}",
            "pprof, health_check/x",
            Check("127.0.0.1", 1, "/ok"),
        ),
        ("health_check: {endpoint: '[::]:1'}", "health_check", Check("::1", 1, "/")),
        ("health_check: {endpoint: '${env:H}:1'}", "health_check", None),
        ("health_check: {}", "", None),
        ("pprof: {}", "health_check", None),
    ],
)
def test_a_collectors_configuration_says_where(
    extensions: str, names: str, check: Check | None
) -> None:
    assert collector_check(EXTENSION.format(extensions=extensions, names=names).encode()) == check


def test_what_is_no_configuration_names_none() -> None:
    assert collector_check(b"a: [") is None
    with pytest.raises(ValueError, match="no http URL"):
        Check.of_url("https://h")
    assert Check.of_url("http://h:1/p?q") == Check("h", 1, "/p?q")
