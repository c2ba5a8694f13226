"""A shop with OpenTelemetry for Python whose tasks take turns in one thread.

asyncio_shop.py NAME [URL]: serves on a free port, calls the service at URL, and writes the true
times of its spans, by the machine's monotonic clock, to $TRUTH when stdin closes. With $THREADS its
spans name the thread that they began in.
"""

import asyncio
import json
import os
import socket
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.propagate import extract, inject
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, StatusCode, get_current_span, use_span

NAME, *NEXT = sys.argv[1:]


class Truth(SpanProcessor):
    """Keeps when spans began and ended."""

    def __init__(self) -> None:
        self.times: dict[str, list[str]] = {}

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        self.times[f"{span.get_span_context().span_id:016x}"] = [str(time.monotonic_ns())]
        if os.environ.get("THREADS"):
            span.set_attribute("thread.id", threading.get_native_id())

    def on_end(self, span: ReadableSpan) -> None:
        self.times[f"{span.context.span_id:016x}"].append(str(time.monotonic_ns()))


host: dict[str, str | int] = {
    "service.name": NAME,
    "host.name": socket.gethostname(),
    "process.pid": os.getpid(),
}
truth = Truth()
provider = TracerProvider(resource=Resource.create(host), shutdown_on_exit=False)
provider.add_span_processor(truth)
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
tracer = provider.get_tracer("shop")


async def get(path: str) -> int:
    """The status of another service's answer."""
    address = urlsplit(NEXT[0])
    with tracer.start_as_current_span("GET", kind=SpanKind.CLIENT) as span:
        span.set_attributes({"http.request.method": "GET", "url.full": NEXT[0] + path})
        span.set_attribute("server.address", str(address.hostname))
        headers: dict[str, str] = {}
        inject(headers)
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        sent = "".join(f"{name}: {text}\r\n" for name, text in headers.items())
        writer.write(f"GET {path} HTTP/1.1\r\n{sent}\r\n".encode())
        status = int((await reader.read()).split()[1])
        writer.close()
        span.set_attribute("http.response.status_code", status)
        if status >= 400:
            span.set_status(StatusCode.ERROR)
        return status


async def need(path: str) -> None:
    status = await get(path)
    if status != 200:
        raise LookupError(f"{path} answered {status}")


async def walk(side: str) -> None:
    with tracer.start_as_current_span(f"walk {side}"):
        for nth in range(3):
            await need(f"/item?side={side}&nth={nth}")


async def loop() -> None:
    for nth in range(7):
        await need(f"/item?nth={nth}")


async def interleaved() -> None:
    await asyncio.gather(walk("left"), walk("right"))


async def slow() -> None:
    with tracer.start_as_current_span("search shelves"):
        await asyncio.sleep(0.25)


async def broken() -> None:
    with tracer.start_as_current_span("count shelf"):
        raise KeyError("shelf 7 is gone")


async def take_stock() -> None:
    with tracer.start_as_current_span("take stock"):
        await need("/broken")


async def parallel() -> None:
    await asyncio.gather(need("/item?"), need("/slow?"), need("/item?"))


async def retry() -> None:
    for _ in range(3):
        if await get("/flaky?") == 200:
            return
        await asyncio.sleep(0.02)


tries = 0


async def flaky() -> None:
    global tries
    tries += 1
    await asyncio.sleep(0.003)
    if tries % 3:
        raise ValueError("not yet")


async def cancelled() -> None:
    """One task of two fails, and the other is stopped."""
    async with asyncio.TaskGroup() as group:
        group.create_task(need("/slow?"))
        group.create_task(take_stock())


async def forgets() -> None:
    """Work that outlives the request."""
    running.add(asyncio.create_task(slow()))  # noqa: TID251 - without an owner on purpose
    await asyncio.sleep(0.002)


running: set[asyncio.Task[None]] = set()
ROUTES: dict[str, Callable[[], Awaitable[None]]] = {
    "/item": lambda: asyncio.sleep(0.008),
    "/slow": slow,
    "/broken": broken,
    "/flaky": flaky,
    "/loop": loop,
    "/interleaved": interleaved,
    "/parallel": parallel,
    "/waits": lambda: need("/slow"),
    "/fails": take_stock,
    "/retry": retry,
    "/cancelled": cancelled,
    "/forgets": forgets,
}


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    begin, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines if line)
    path = begin.split()[1].split("?")[0]
    status = 200
    # The span is closed behind the answer, as ASGI middleware does.
    span = tracer.start_span(f"GET {path}", extract(headers), SpanKind.SERVER)
    with use_span(span, end_on_exit=True):
        trace_id = f"{get_current_span().get_span_context().trace_id:032x}"
        span.set_attributes({"http.request.method": "GET", "url.path": path})
        try:
            await ROUTES[path]()
        except (Exception, BaseExceptionGroup):
            status = 500
            span.set_status(StatusCode.ERROR)
        span.set_attribute("http.response.status_code", status)
        writer.write(f"HTTP/1.1 {status} Told\r\nConnection: close\r\n\r\n{trace_id}".encode())
        await writer.drain()
        writer.close()
        await writer.wait_closed()


async def main() -> None:
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    sys.stdout.write(f"ready {port}\n")  # noqa: TID251 - a program of its own
    sys.stdout.flush()  # noqa: TID251
    await asyncio.to_thread(sys.stdin.read)
    await asyncio.gather(*running)
    provider.shutdown()
    Path(os.environ["TRUTH"]).write_text(json.dumps(truth.times))


asyncio.run(main())
