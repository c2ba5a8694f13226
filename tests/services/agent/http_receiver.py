"""An HTTP server that keeps what it is sent."""

import gzip
import http.server
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def http_receiver(
    *statuses: int, answer: Callable[[bytes], bytes] = lambda body: b""
) -> Iterator[tuple[str, list[bytes]]]:
    """Answers requests with these statuses in turn, the last for ever; its URL, and the bodies."""
    bodies: list[bytes] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            bodies.append(body)
            reply = answer(body)
            self.send_response([200, *statuses][min(len(bodies), len(statuses))])
            self.send_header("Content-Length", str(len(reply)))
            self.end_headers()
            self.wfile.write(reply)

        def log_message(self, *words: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1/x", bodies
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
