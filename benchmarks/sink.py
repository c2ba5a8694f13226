"""A destination that takes everything and does nothing, so that a sender is what is measured.

python benchmarks/sink.py [grpc]     prints its port; ends when its stdin is closed
"""

import asyncio
import sys
from concurrent import futures

import grpc

_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n"
_HEAD_END = b"\r\n\r\n"


class Sink(asyncio.Protocol):
    """Reads requests by their Content-Length; bodies are dropped as they come."""

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
            if not self._missing:
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


class GrpcSink(grpc.GenericRpcHandler):
    """Answers every method with an empty message."""

    def service(
        self, handler_call_details: grpc.HandlerCallDetails
    ) -> "grpc.RpcMethodHandler[bytes, bytes]":
        """Take whatever it is."""
        return grpc.unary_unary_rpc_method_handler(lambda request, context: b"")


def serve_grpc() -> None:
    """As `serve`, over gRPC."""
    server = grpc.server(futures.ThreadPoolExecutor(4), handlers=[GrpcSink()])
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    server.start()
    sys.stdin.read()
    server.stop(None).wait()


if __name__ == "__main__":
    if sys.argv[1:] == ["grpc"]:
        serve_grpc()
    else:
        asyncio.run(serve())
