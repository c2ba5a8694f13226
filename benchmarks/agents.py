"""Simulated OpAMP agents over WebSocket, ten thousand in one process.

Each is a protocol object on one event loop: no client library, so that the load costs less than
what it measures. Frames are masked with a key of zeros, which RFC 6455 allows and which costs
nothing. An agent reports in full when it connects, sends heartbeats, answers an offer with APPLIED
and comes back with jitter when its connection ends.
"""

import asyncio
import random
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from otx.opamp.capabilities import AgentCapability, ServerFlag
from otx.opamp.instance_uid import new_uid
from otx.opamp.opamp_pb2 import (
    AgentConfigFile,
    AgentConfigMap,
    AgentDescription,
    AgentToServer,
    AnyValue,
    ComponentHealth,
    EffectiveConfig,
    KeyValue,
    RemoteConfigStatus,
    RemoteConfigStatuses,
    ServerToAgent,
)

CAPABILITIES = (
    AgentCapability.REPORTS_STATUS
    | AgentCapability.ACCEPTS_REMOTE_CONFIG
    | AgentCapability.REPORTS_EFFECTIVE_CONFIG
    | AgentCapability.REPORTS_HEALTH
    | AgentCapability.REPORTS_REMOTE_CONFIG
    | AgentCapability.REPORTS_HEARTBEAT
)
EFFECTIVE_BYTES = 2_000
"""About what a small Collector's configuration has."""
LONGEST_RETRY_S = 20.0


@dataclass
class Seen:
    """What the simulated agents saw together, and how long they wait to come back.

    Attributes:
        latencies_s: From each report to its answer.
        connected: How many are connected and were answered.
        applied: How often a configuration was applied.
        retry_s: The longest time until one that was cut off comes back.
    """

    latencies_s: list[float] = field(default_factory=list)
    connected: int = 0
    applied: int = 0
    offers: int = 0
    full_asks: int = 0
    refused: int = 0
    errors: int = 0
    retry_s: float = LONGEST_RETRY_S
    changed: asyncio.Event = field(default_factory=asyncio.Event)


class SimulatedAgent(asyncio.Protocol):
    """One agent.

    Attributes:
        is_up: Whether it is connected and its first report was answered.
    """

    def __init__(
        self, number: int, address: tuple[str, int], seen: Seen, heartbeat_s: float
    ) -> None:
        self.number = number
        self.uid = new_uid(time.time_ns() // 1_000_000)
        self.config_hash = b""
        self.is_up = False
        self.stops = False
        self._address = address
        self._seen = seen
        self._heartbeat_s = heartbeat_s
        self._sequence_num = random.getrandbits(32)
        self._buffer = bytearray()
        self._is_open = False
        self._sent_s: list[float] = []
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._tries = 0

    async def connect(self) -> None:
        """Open the connection; try again later where it fails."""
        loop = asyncio.get_running_loop()
        try:
            await loop.create_connection(lambda: self, *self._address)
        except OSError:
            self._again()

    def close(self) -> None:
        """Go for good."""
        self.stops = True
        if self._timer is not None:
            self._timer.cancel()
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for a WebSocket."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._buffer.clear()
        self._sent_s.clear()
        host, port = self._address
        transport.write(
            f"GET /v1/opamp HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
        )

    def connection_lost(self, error: Exception | None) -> None:
        """Come back, unless it is to go."""
        if self.is_up:
            self._seen.connected -= 1
        self.is_up = self._is_open = False
        self._transport = None
        if self._timer is not None:
            self._timer.cancel()
        self._again()

    def data_received(self, data: bytes) -> None:
        """Take in what the server says."""
        self._buffer += data
        if not self._is_open and not self._opened():
            return
        while (message := self._next_message()) is not None:
            self._take(message)

    def report(self, full: bool = False, status: RemoteConfigStatus | None = None) -> None:
        """Send a report: a heartbeat where nothing is said."""
        self._sequence_num += 1
        message = AgentToServer(
            instance_uid=self.uid, sequence_num=self._sequence_num, capabilities=CAPABILITIES
        )
        if full:
            message.MergeFrom(_everything(self.number))
            status = status or RemoteConfigStatus(
                last_remote_config_hash=self.config_hash,
                status=RemoteConfigStatuses.RemoteConfigStatuses_APPLIED
                if self.config_hash
                else RemoteConfigStatuses.RemoteConfigStatuses_UNSET,
            )
        if status is not None:
            message.remote_config_status.CopyFrom(status)
        self._sent_s.append(time.perf_counter())
        self._write(b"\x00" + message.SerializeToString())
        self._schedule()

    def _again(self) -> None:
        if self.stops:
            return
        # At once is for one lost connection; a server that is gone is gone for all of them.
        self._tries += 1
        longest_s = self._seen.retry_s
        delay_s = random.uniform(0, min(longest_s, longest_s / 10 * 2 ** min(self._tries, 5)))
        loop = asyncio.get_running_loop()
        loop.call_later(delay_s, lambda: self._come_back(loop))

    def _come_back(self, loop: asyncio.AbstractEventLoop) -> None:
        _RUNNING.add(task := loop.create_task(self.connect()))
        task.add_done_callback(_RUNNING.discard)

    def _opened(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return False
        if not self._buffer.startswith(b"HTTP/1.1 101"):
            self._seen.refused += 1
            if self._transport is not None:
                self._transport.abort()
            return False
        del self._buffer[: end + 4]
        self._is_open = True
        self.report(full=True)
        return True

    def _next_message(self) -> bytes | None:
        """The next binary message; pings are answered."""
        buffer = self._buffer
        while len(buffer) >= 2:
            size, place = buffer[1], 2
            if size == 126:
                if len(buffer) < 4:
                    return None
                size, place = struct.unpack_from("!H", buffer, 2)[0], 4
            elif size == 127:
                if len(buffer) < 10:
                    return None
                size, place = struct.unpack_from("!Q", buffer, 2)[0], 10
            if len(buffer) < place + size:
                return None
            kind, payload = buffer[0] & 0x0F, bytes(buffer[place : place + size])
            del buffer[: place + size]
            if kind == 2:
                return payload
            if kind == 9:
                self._write(payload, 10)
            elif kind == 8 and self._transport is not None:
                self._transport.close()
        return None

    def _write(self, payload: bytes, kind: int = 2) -> None:
        if self._transport is None:
            return
        size = len(payload)
        if size < 126:
            head = bytes((0x80 | kind, 0x80 | size))
        elif size < 1 << 16:
            head = bytes((0x80 | kind, 0xFE)) + size.to_bytes(2, "big")
        else:
            head = bytes((0x80 | kind, 0xFF)) + size.to_bytes(8, "big")
        self._transport.write(head + b"\x00\x00\x00\x00" + payload)

    def _take(self, data: bytes) -> None:
        message = ServerToAgent.FromString(data[1:])
        if self._sent_s:
            self._seen.latencies_s.append(time.perf_counter() - self._sent_s.pop(0))
        if message.HasField("error_response"):
            self._seen.errors += 1
            return
        if not self.is_up:
            self.is_up, self._tries = True, 0
            self._seen.connected += 1
            self._seen.changed.set()
        if message.flags & ServerFlag.REPORT_FULL_STATE:
            self._seen.full_asks += 1
            self.report(full=True)
        if message.HasField("remote_config"):
            self._apply(message.remote_config.config_hash)

    def _apply(self, hash_: bytes) -> None:
        self._seen.offers += 1
        if hash_ == self.config_hash:
            return
        self.config_hash = hash_
        self._seen.applied += 1
        self.report(
            status=RemoteConfigStatus(
                last_remote_config_hash=hash_,
                status=RemoteConfigStatuses.RemoteConfigStatuses_APPLIED,
            )
        )
        self._seen.changed.set()

    def _schedule(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        delay_s = self._heartbeat_s * random.uniform(0.9, 1.0)
        self._timer = asyncio.get_running_loop().call_later(delay_s, self.report)


class Crowd:
    """Many simulated agents."""

    def __init__(
        self,
        count: int,
        address: tuple[str, int],
        heartbeat_s: float = 30.0,
        retry_s: float = LONGEST_RETRY_S,
    ) -> None:
        self.seen = Seen(retry_s=retry_s)
        self.agents = [
            SimulatedAgent(number, address, self.seen, heartbeat_s) for number in range(count)
        ]

    async def connect(self, rate_per_s: float) -> None:
        """Connect all of them, so many a second at most."""
        started_s = time.perf_counter()
        for number, agent in enumerate(self.agents):
            await agent.connect()
            ahead_s = number / rate_per_s - (time.perf_counter() - started_s)
            if ahead_s > 0:
                await asyncio.sleep(ahead_s)

    async def until_connected(self, count: int, timeout_s: float) -> float:
        """Seconds until so many are connected."""
        return await self._until(lambda: self.seen.connected >= count, timeout_s)

    async def until_applied(self, count: int, timeout_s: float) -> float:
        """Seconds until configurations were applied so often."""
        return await self._until(lambda: self.seen.applied >= count, timeout_s)

    def close(self) -> None:
        """Have all of them go."""
        for agent in self.agents:
            agent.close()

    async def _until(self, holds: Callable[[], bool], timeout_s: float) -> float:
        started_s = time.perf_counter()
        async with asyncio.timeout(timeout_s):
            while not holds():
                self.seen.changed.clear()
                await self.seen.changed.wait()
        return time.perf_counter() - started_s


_RUNNING: set["asyncio.Task[None]"] = set()


def _everything(number: int) -> AgentToServer:
    """The parts of a full report that do not change."""

    def pair(key: str, text: str) -> KeyValue:
        return KeyValue(key=key, value=AnyValue(string_value=text))

    body = f"# agent {number}\n".encode().ljust(EFFECTIVE_BYTES, b"#")
    return AgentToServer(
        agent_description=AgentDescription(
            identifying_attributes=[
                pair("service.name", "simulated"),
                pair("service.version", "1.0.0"),
                pair("service.instance.id", f"simulated-{number}"),
            ],
            non_identifying_attributes=[
                pair("os.type", "linux"),
                pair("host.name", f"host-{number}"),
                pair("group", str(number // 1000)),
                pair("env", "prod" if number % 10 else "test"),
            ],
        ),
        health=ComponentHealth(healthy=True, start_time_unix_nano=_STARTED_NS, status="StatusOK"),
        effective_config=EffectiveConfig(
            config_map=AgentConfigMap(
                config_map={"": AgentConfigFile(body=body, content_type="text/yaml")}
            )
        ),
    )


_STARTED_NS = time.time_ns()
