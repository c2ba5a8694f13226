"""A service with OpenTelemetry for Python that calls the addresses in the body of a POST."""

import http.client
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from opentelemetry.context import attach, detach
from opentelemetry.propagate import extract, inject
from opentelemetry.propagators.textmap import Getter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import SpanKind

Headers = dict[str, list[str]]
tracer = TracerProvider(shutdown_on_exit=False).get_tracer("service")


class HeadersGetter(Getter[Headers]):
    def get(self, carrier: Headers, key: str) -> list[str] | None:
        return carrier.get(key.lower())

    def keys(self, carrier: Headers) -> list[str]:
        return list(carrier)


class Service(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers: Headers = {}
        for name, value in self.headers.items():
            headers.setdefault(name.lower(), []).append(value.strip(" \t"))
        parent = extract(headers, getter=HeadersGetter())
        # A span alone would have its parent from there, and the baggage from nowhere.
        token = attach(parent)
        with tracer.start_as_current_span("serve", kind=SpanKind.SERVER):
            for one in json.loads(body or "[]"):
                call(one["url"], one["arguments"])
        detach(token)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
        """Stderr is for what goes wrong."""


def call(url: str, body: Any) -> None:
    parts = urlsplit(url)
    with tracer.start_as_current_span("POST", kind=SpanKind.CLIENT):
        headers = {"Content-Type": "application/json"}
        inject(headers)
        connection = http.client.HTTPConnection(parts.netloc, timeout=10)
        connection.request("POST", parts.path, json.dumps(body), headers)
        connection.getresponse().read()
        connection.close()


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    sys.stdout.write(f"ready {server.server_port}\n")  # noqa: TID251 - a program of its own
    sys.stdout.flush()  # noqa: TID251
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()  # the test's end is the service's
