"""Where a receiver forwards to: a server that remembers what it took, and answers as it is told."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.services.odd_servers import Answer

Judge = Callable[[int], Answer | None]
"""The answer to the nth try, from 0; None for none until the server ends."""


def take(number: int) -> Answer:
    """Accept everything."""
    return Answer()


class FarEnd:
    """One destination over HTTP.

    Attributes:
        tries: Path and body of each request.
        taken: Bodies of those that were accepted.
    """

    def __init__(self, judge: Judge, port: int) -> None:
        self.tries: list[tuple[str, bytes]] = []
        self.taken: list[bytes] = []
        self.ending = threading.Event()
        self._lock = threading.Lock()
        end = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                size = int(self.headers["Content-Length"])
                body = self.rfile.read(size)
                if len(body) < size:
                    return  # who sent it was killed in the middle
                with end._lock:
                    answer = judge(len(end.tries))
                    end.tries.append((self.path, body))
                    if answer is not None and answer.status == 200:
                        end.taken.append(body)
                if answer is None:
                    end.ending.wait()
                    return
                self.send_response(answer.status)
                for name, value in answer.headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            allow_reuse_address = True

            def handle_error(self, request: object, client_address: object) -> None:
                """A forwarder that is killed in the middle is what this is for."""

        self._server = Server(("127.0.0.1", port), Handler)
        self.port: int = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    @property
    def url(self) -> str:
        """Its URL."""
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        """Be away; connections that are open end with their next request."""
        self.ending.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextmanager
def far_end(judge: Judge = take, port: int = 0) -> Iterator[FarEnd]:
    """A destination for a while."""
    end = FarEnd(judge, port)
    try:
        yield end
    finally:
        end.close()
