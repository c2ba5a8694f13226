"""A fake server for one agent: WebSocket and plain HTTP on one port, and it does as it is told."""

import contextlib
import os
import socket
import threading

from otx.errors import MachineError
from otx.services.opamp_conform.script import PATH, Script
from otx.services.opamp_conform.stage_http import serve_http
from otx.services.opamp_conform.stage_socket import serve_websocket

JOIN_S = 5


class Stage(Script):
    """A script with a port, on which each connection is served by a thread of its own."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen.

        Raises:
            MachineError: The port is not free.
        """
        super().__init__()
        try:
            self._listener = socket.create_server((host, port))
        except OSError as error:
            reason = os.strerror(error.errno or 0)
            raise MachineError(f"cannot listen on {host}:{port}: {reason}") from None
        self.host, self.port = self._listener.getsockname()[:2]
        self._threads: list[threading.Thread] = []
        self._sockets: set[socket.socket] = set()
        self._is_closed = False
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def url(self, transport: str) -> str:
        """Where the agent is to go."""
        return f"{transport}://{self.host}:{self.port}{PATH}"

    def close(self) -> None:
        """End everything."""
        self._is_closed = True
        self.hold.set()
        # Closing alone would not wake the thread that waits in accept.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join(JOIN_S)
        with self.changed:
            sockets, threads = list(self._sockets), list(self._threads)
        for one in sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join(JOIN_S)

    def _accept(self) -> None:
        while not self._is_closed:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            with self.changed:
                self._sockets.add(connection)
                self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            first = connection.recv(3, socket.MSG_PEEK)
            (serve_websocket if first == b"GET" else serve_http)(self, connection)
        with self.changed:
            self._sockets.discard(connection)
            self._threads.remove(threading.current_thread())
