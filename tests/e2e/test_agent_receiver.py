"""Senders see a change of an agent's own receiver as something to try again, and lose nothing."""

import asyncio
import http.client
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc

from otx.model.signal import Signal
from otx.otlp.wire import WIRE
from otx.store.reader import Store
from tests.e2e.test_receive_kill import request_of
from tests.services.agent.scripted import APPLIED, RealAgent, hash_of, healthy, scripted_server

CHANGES = 3
TIMEOUT_S = 30
OPTIONS = [("grpc.enable_retries", 0), ("grpc.max_reconnect_backoff_ms", 100)]
RETRYABLE = (429, 502, 503, 504)
"""Statuses of OTLP/HTTP after which a request may be sent again."""
RETRYABLE_CODES = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)
"""The same of OTLP/gRPC, as far as an ending server has them: the library cancels late calls."""


class Sender:
    """Sends requests of one span, each again and again until it is acknowledged.

    Attributes:
        sent: The ids of what was acknowledged.
        others: What it was told beside that and what may be sent again.
    """

    def __init__(self, export: Callable[[bytes], str], first: int) -> None:
        self.sent: set[str] = set()
        self.others: set[str] = set()
        self._export = export
        self._next = first
        self._is_ending = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Have the last request acknowledged and end."""
        self._is_ending.set()
        self._thread.join(TIMEOUT_S)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        while not self._is_ending.wait(0.001):
            self._next += 1
            span_id = f"{self._next:016x}"
            body = request_of([span_id])
            while (told := self._export(body)) == "again":
                self._is_ending.wait(0.001)
            if told:
                self.others.add(told)
            self.sent.add(span_id)


def over_http(connection: http.client.HTTPConnection) -> Callable[[bytes], str]:
    headers = {"Content-Type": "application/x-protobuf"}

    def export(body: bytes) -> str:
        try:
            connection.request("POST", "/v1/traces", body, headers)
            response = connection.getresponse()
            response.read()
        except (ConnectionError, http.client.BadStatusLine):
            connection.close()
            return "again"
        if response.status in RETRYABLE:
            return "again"
        return "" if response.status == 200 else str(response.status)

    return export


def over_grpc(channel: grpc.Channel) -> Callable[[bytes], str]:
    call: Callable[..., bytes] = channel.unary_unary(WIRE[Signal.TRACES].grpc_method)

    def export(body: bytes) -> str:
        try:
            call(body, timeout=TIMEOUT_S)
        except grpc.RpcError as error:
            code = error.code()
            return "again" if code in RETRYABLE_CODES else str(code)
        return ""

    return export


async def test_a_sender_that_tries_again_loses_nothing_when_the_receiver_changes(
    tmp_path: Path, unused_tcp_port_factory: Any
) -> None:
    ports = {"grpc": unused_tcp_port_factory(), "http": unused_tcp_port_factory()}
    places = ", ".join(f"{key}: 127.0.0.1:{port}" for key, port in ports.items())
    store = tmp_path / "store"
    connection = http.client.HTTPConnection("127.0.0.1", ports["http"], timeout=TIMEOUT_S)
    channel = grpc.insecure_channel(f"127.0.0.1:{ports['grpc']}", options=OPTIONS)
    async with scripted_server() as script:
        base = f"receive: {{{places}, store: {store}}}\n"
        agent = RealAgent(tmp_path, script.url, base=base)
        agent.options = replace(agent.options, command=())
        agent.start()
        senders = []
        try:
            await script.until(lambda: healthy(script), "the receiver is well")
            senders = [Sender(over_http(connection), 1 << 32), Sender(over_grpc(channel), 2 << 32)]
            for number in range(CHANGES):
                text = f"receive: {{max-request: {number + 1}MiB}}\n"
                await script.push(text)
                await script.until_status(hash_of(text), APPLIED)
            for sender in senders:
                await asyncio.to_thread(sender.end)
            assert await agent.stop() == 0
        finally:
            agent.end()
            connection.close()
            channel.close()
    sent = {span_id for sender in senders for span_id in sender.sent}
    assert [sender.others for sender in senders] == [set(), set()]
    assert all(sender.sent for sender in senders)
    assert kept_in(store) == sorted(sent)  # each once


def kept_in(store: Path) -> list[str]:
    with closing(Store(store)) as reader:
        rows = reader.query("SELECT span_id FROM spans ORDER BY span_id").rows()
        return [str(row[0]) for row in rows]
