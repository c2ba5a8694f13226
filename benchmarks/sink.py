"""A destination that takes everything and does nothing, so that a sender is what is measured.

python benchmarks/sink.py        prints its port, and what it took when its stdin is closed
"""

import asyncio
import sys

_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n"
_HEAD_END = b"\r\n\r\n"


class Sink(asyncio.Protocol):
    """Reads requests by their Content-Length; bodies are counted and dropped as they come."""

    requests = 0
    taken_bytes = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin with a request's head."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._head = b""
        self._missing = 0

    def data_received(self, data: bytes) -> None:
        """Take what came, and answer where a request ends with it."""
        while data:
            if self._missing:
                taken = min(self._missing, len(data))
                self._missing -= taken
                data = data[taken:]
            else:
                self._head += data
                head, end, data = self._head.partition(_HEAD_END)
                if not end:
                    return
                self._head = b""
                self._missing = length(head)
                Sink.taken_bytes += self._missing
            if not self._missing:
                Sink.requests += 1
                self._transport.write(_ANSWER)


def length(head: bytes) -> int:
    """What Content-Length says."""
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


async def serve() -> None:
    """Serve until stdin is closed."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Sink, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()
    print(Sink.requests, Sink.taken_bytes, flush=True)


if __name__ == "__main__":
    asyncio.run(serve())
