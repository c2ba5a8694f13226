"""OTLP over HTTP/1.1: an event loop on a thread of its own, with httptools for the parsing.

Not a general server: what OTLP needs of one is bodies under a limit, answers in order, deadlines
and a google.rpc.Status in every error, parser errors included, which general servers answer in
their own words. benchmarks/receive_speed.py has what it costs.
"""

import asyncio
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from otx.otlp.address import Address, bind
from otx.otlp.receiver.door import Door
from otx.otlp.receiver.http_connection import HttpConnection, HttpLimits
from otx.otlp.receiver.intake import Intake

_SWEEP_S = 0.5
_INLINE_BYTES = 1 << 20
"""Bodies up to this are decoded on the loop (about 1 ms); others would hold up every client."""
_INLINE_SLOW_BYTES = 16 << 10
"""The same for JSON and for compressed bodies."""


class HttpServer:
    """An HTTP server for the four signals."""

    def __init__(self, intake: Intake, limits: HttpLimits, door: Door | None = None) -> None:
        self.intake = intake
        self.limits = limits
        self.door = door or Door()
        self.now_s = time.monotonic
        self._held = 0
        self._connections: set[HttpConnection] = set()
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(self._failed)
        # One thread: more would only share the interpreter. Its queue holds a body a connection,
        # all of them within `held_bytes`.
        self._decoder = ThreadPoolExecutor(1, thread_name_prefix="http-decode")
        self._thread = threading.Thread(target=self._loop.run_forever, name="http", daemon=True)
        self._server: asyncio.Server | None = None
        self._socket_path = ""

    def start(self, address: Address) -> Address:
        """Listen and serve; the address with the port that was picked.

        Raises:
            OSError: The address cannot be had.
        """
        listener = bind(address)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(listener), self._loop).result()
        return address if address.path else address.with_port(listener.getsockname()[1])

    def stop(self, grace_s: float) -> None:
        """Take no more connections, let requests in hand be answered within the grace, close."""
        if self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._end(grace_s), self._loop).result()
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
        self._decoder.shutdown()
        self._loop.close()

    def hold(self, size: int) -> bool:
        """Account for bytes of a body; False when all bodies together are too large."""
        if self._held + size > self.limits.held_bytes:
            return False
        self._held += size
        return True

    def release(self, size: int) -> None:
        """Give back what `hold` took."""
        self._held -= size

    def opened(self, connection: HttpConnection) -> bool:
        """Register a connection; False when there are too many."""
        self._connections.add(connection)
        return len(self._connections) <= self.limits.connections

    def closed(self, connection: HttpConnection) -> None:
        """Forget a connection."""
        self._connections.discard(connection)

    def decode(
        self,
        body_size: int,
        is_slow: bool,
        work: Callable[[], "Future[None]"],
        then: Callable[["Future[None]"], None],
    ) -> None:
        """Run `work`, at once or on a thread, and `then` on the loop when its future is done."""

        def run() -> None:
            try:
                kept = work()
            except Exception as error:
                kept = Future()
                kept.set_exception(error)
            kept.add_done_callback(lambda done: self._loop.call_soon_threadsafe(then, done))

        if body_size <= (_INLINE_SLOW_BYTES if is_slow else _INLINE_BYTES):
            run()
        else:
            self._decoder.submit(run)

    async def _listen(self, listener: socket.socket) -> None:
        factory = self._connection
        tls: dict[str, Any] = {}
        if self.door.tls is not None:
            tls["ssl"] = self.door.tls.listening_context(self.intake.noticed)
            tls["ssl_handshake_timeout"] = self.limits.head_s
            tls["ssl_shutdown_timeout"] = self.limits.linger_s
        if listener.family == socket.AF_UNIX:
            self._socket_path = listener.getsockname()
            self._server = await self._loop.create_unix_server(factory, sock=listener, **tls)
        else:
            self._server = await self._loop.create_server(factory, sock=listener, **tls)
        self._loop.call_later(_SWEEP_S, self._sweep)

    def _connection(self) -> HttpConnection:
        return HttpConnection(self)

    def _failed(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Count what went wrong in a callback; asyncio would write its traceback to stderr."""
        error = context.get("exception")
        what = f"{type(error).__name__}: {error}" if error else context["message"]
        self.intake.noticed(f"a fault of otx: {what}")

    def _sweep(self) -> None:
        now = self.now_s()
        for connection in [it for it in self._connections if it.deadline_s <= now]:
            connection.expire()
        self._loop.call_later(_SWEEP_S, self._sweep)

    async def _end(self, grace_s: float) -> None:
        if self._server is not None:
            self._server.close()
            if self._socket_path:
                Path(self._socket_path).unlink(missing_ok=True)
        for connection in list(self._connections):
            connection.finish()
        deadline = self.now_s() + grace_s
        while self._connections and self.now_s() < deadline:
            await asyncio.sleep(0.01)
