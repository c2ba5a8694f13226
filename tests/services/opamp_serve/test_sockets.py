"""A peer that does not read costs a bounded amount of memory, and then its connection."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from otx.opamp.framing import Limits, frame
from otx.opamp.server.fleet import Fleet
from otx.opamp.server.operator import Operator, read_wish
from otx.opamp.server.rollouts import Rollouts
from otx.services.opamp_serve import sockets
from otx.services.opamp_serve.app import NOBODY, Event
from otx.services.opamp_serve.database import open_to_write
from otx.services.opamp_serve.keeper import Keeper
from otx.services.opamp_serve.sockets import Sockets
from otx.services.opamp_serve.station import Station
from tests.services.opamp_serve.messages import FIRST, full, status, uid_of

SCOPE = {
    "type": "websocket",
    "scheme": "ws",
    "path": "/v1/opamp",
    "headers": [(b"host", b"server")],
    "client": ("10.0.0.1", 5),
}


class Peer:
    """The far end of a WebSocket that uvicorn would hold."""

    def __init__(self) -> None:
        self.events: asyncio.Queue[Event] = asyncio.Queue()
        self.events.put_nowait({"type": "websocket.connect"})
        self.sent: list[Event] = []
        self.reads = asyncio.Event()
        self.reads.set()
        self.blocked = 0

    async def receive(self) -> Event:
        return await self.events.get()

    async def send(self, event: Event) -> None:
        self.blocked += 1
        await self.reads.wait()
        self.blocked -= 1
        self.sent.append(event)

    def report(self, data: bytes) -> None:
        self.events.put_nowait({"type": "websocket.receive", "bytes": data})


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    keeper = Keeper(open_to_write(tmp_path / "fleet.db"))
    yield Station(Fleet(keeper, Rollouts(keeper)), keeper, Limits())
    keeper.close()


def push(station: Station, body: str) -> None:
    wish = {"selector": "", "objects": {"": {"body": body}}}
    Operator(station.fleet).push(read_wish(wish, "me"), station.clock())
    station.wake_due()


async def until_sent(peer: Peer, count: int) -> None:
    async with asyncio.timeout(20):
        while len(peer.sent) < count:
            await asyncio.sleep(0.005)


async def test_one_message_waits_for_a_slow_reader_and_it_is_the_newest(station: Station) -> None:
    peer = Peer()
    async with asyncio.TaskGroup() as tasks:
        handler = Sockets(station, tasks)
        running = tasks.create_task(handler(SCOPE, peer.receive, peer.send, NOBODY))
        peer.report(frame(full(1)))
        await until_sent(peer, 2)
        peer.reads.clear()
        for number in range(50):
            push(station, f"v: {number}")
            await asyncio.sleep(0)
        async with asyncio.timeout(20):
            while peer.blocked == 0:
                await asyncio.sleep(0.005)
        for number in range(50, 100):
            push(station, f"v: {number}")
        assert peer.blocked == 1
        peer.reads.set()
        await until_sent(peer, 4)
        peer.events.put_nowait({"type": "websocket.disconnect", "code": 1000})
        await running
    assert len(peer.sent) == 4, "accepted, answered, one offer under way, the newest one"
    assert b"v: 99" in peer.sent[-1]["bytes"]
    assert station.fleet.agents[uid_of(1)].link is None


async def test_a_peer_that_never_reads_is_given_up(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "SEND_S", 0.05)
    dropped: list[str] = []
    station.abort = dropped.append
    peer = Peer()
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(Sockets(station, tasks)(SCOPE, peer.receive, peer.send, NOBODY))
        peer.report(frame(full(1)))
        await until_sent(peer, 2)
        peer.reads.clear()
        peer.report(frame(status(1, FIRST + 1, "UNSET", b"")))
        await running
    assert dropped == ["10.0.0.1:5"]
    assert station.counts["slow_peers"] == 1
    assert not station.links


async def test_a_connection_without_a_report_is_closed(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "FIRST_S", 0.05)
    peer = Peer()
    async with asyncio.TaskGroup() as tasks:
        await Sockets(station, tasks)(SCOPE, peer.receive, peer.send, NOBODY)
    assert [event["type"] for event in peer.sent] == ["websocket.accept", "websocket.close"]
    assert peer.sent[-1]["code"] == 1008


async def test_a_fault_in_a_push_is_counted_and_ends_nothing(station: Station) -> None:
    said: list[str] = []
    station.warn = said.append

    async def fails() -> None:
        raise RuntimeError("boom")

    await station.guarded(fails())
    assert station.counts["faults"] == 1
    assert "boom" in said[0]
