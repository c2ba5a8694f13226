"""Two agents with one uid, as spec/search/identity.py moves them, against the real cores."""

import random
from dataclasses import dataclass, field

import pytest

from otx.opamp.client.core import Client, ClientOptions, Effects
from otx.opamp.client.effects import NewIdentity, Send
from otx.opamp.instance_uid import InstanceUid
from otx.opamp.monitor import Broken, Monitor, Watch
from otx.opamp.opamp_pb2 import (
    AgentDescription,
    AgentToServer,
    AnyValue,
    ComponentHealth,
    KeyValue,
    ServerToAgent,
)
from otx.opamp.server.identity import Link
from spec.search import identity
from tests.opamp.server.world import EFFECTIVE, SECOND, World
from tests.simulation.opamp_session import BITS, UID

STEP_NS = SECOND // 20


@dataclass
class Twin:
    """A process that began with the uid of the other."""

    name: str
    client: Client
    disk: InstanceUid = UID
    link: Link | None = None
    to_server: list[AgentToServer] = field(default_factory=list)
    to_client: list[ServerToAgent] = field(default_factory=list)
    dead: list[Link] = field(default_factory=list)
    monitor: Monitor = field(default_factory=Monitor)


class Twins:
    """Both of them, and their server."""

    def __init__(self) -> None:
        self.world = World()
        self.watch = Watch()
        self.broken: list[Broken] = []
        self._processes = 0
        self.twins = {p: Twin(f"agent {p}", self._client(UID, p)) for p in identity.PROCESSES}

    def run(self, name: str, p: int) -> None:
        self.world.now_ns += STEP_NS
        action = getattr(self, name.lower(), None)
        if action is not None:
            action(self.twins[p], p)

    def settle(self) -> None:
        """Both are heard, and the server finds which connections are dead."""
        for _ in range(200):
            self.world.wait(1)
            for name in ("Connect", "Serve", "Receive", "Tick", "Notice"):
                for p in identity.PROCESSES:
                    self.run(name, p)

    def connect(self, twin: Twin, p: int) -> None:
        if twin.link is None:
            twin.link = self.world.link()
            twin.monitor = self.watch.connection()
            self._emit(twin, twin.client.connected(self.world.now_ns))

    def serve(self, twin: Twin, p: int) -> None:
        if twin.link is None or not twin.to_server:
            return
        report = twin.to_server.pop(0)
        reply = self.world.fleet.receive(twin.link, report, self.world.now_ns)
        answer = reply.answer.take()
        self.broken += twin.monitor.server_sent(answer, self.world.now_ns)
        twin.to_client.append(answer)
        for other in self.twins.values():
            if other.link is not None and other.link.number in reply.closes:
                self._lose(other)
                self.notice(other, p)

    def receive(self, twin: Twin, p: int) -> None:
        if twin.to_client:
            self._emit(twin, twin.client.received(twin.to_client.pop(0), self.world.now_ns))

    def tick(self, twin: Twin, p: int) -> None:
        self._emit(twin, twin.client.tick(self.world.now_ns))

    def notice(self, twin: Twin, p: int) -> None:
        """The server finds that old connections are dead."""
        for link in twin.dead:
            self.world.fleet.lost(link, self.world.now_ns)
        twin.dead.clear()

    def drop(self, twin: Twin, p: int) -> None:
        self._lose(twin)

    def crash(self, twin: Twin, p: int) -> None:
        self._lose(twin)
        twin.client = self._client(twin.disk, p)

    def _lose(self, twin: Twin) -> None:
        if twin.link is not None:
            twin.dead.append(twin.link)
            twin.client.lost()
            twin.link = None
            twin.to_server.clear()
            twin.to_client.clear()

    def _client(self, uid: InstanceUid, p: int) -> Client:
        self._processes += 1
        first = (self._processes * 0x2468ACE + p) % (1 << 32)
        client = Client(uid, ClientOptions(BITS, first))
        name = KeyValue(key="service.name", value=AnyValue(string_value=f"agent {p}"))
        client.set_description(AgentDescription(identifying_attributes=[name]))
        client.set_health(ComponentHealth(healthy=True, start_time_unix_nano=self._processes))
        client.set_effective_config(EFFECTIVE)
        return client

    def _emit(self, twin: Twin, effects: Effects) -> None:
        for effect in effects:
            value = effect.take()
            if isinstance(value, Send):
                self.broken += twin.monitor.client_sent(value.message, self.world.now_ns)
                self.broken += twin.monitor.tick(self.world.now_ns)
                twin.to_server.append(value.message)
            elif isinstance(value, NewIdentity):
                twin.disk = value.uid


def walk(seed: int, length: int = 50) -> list[tuple[str, int]]:
    """A random order of what the model has; the process is drawn beside it."""
    chosen = random.Random(seed)
    names = [*identity.SYSTEM, *identity.SYSTEM, "Drop", "Crash"]
    return [(chosen.choice(names), chosen.choice(identity.PROCESSES)) for _ in range(length)]


def check(steps: list[tuple[str, int]]) -> None:
    twins = Twins()
    for name, p in steps:
        twins.run(name, p)
    twins.settle()
    fleet = twins.world.fleet
    one, other = twins.twins.values()
    assert one.client.uid != other.client.uid
    for twin in (one, other):
        agent = fleet.agents[twin.client.uid]
        assert twin.link is not None
        assert agent.link == twin.link.number, "it is bound to its own connection"
        assert agent.labels["service.name"] == twin.name, "it is known as itself"
        assert twin.disk == twin.client.uid
    bound = [agent.link for agent in fleet.agents.values() if agent.link is not None]
    assert len(bound) == len(set(bound)) == 2
    assert [str(one) for one in twins.broken] == []


@pytest.mark.parametrize("seed", range(25))
def test_two_agents_with_one_uid_end_as_two(seed: int) -> None:
    check(walk(seed))


@pytest.mark.long
@pytest.mark.parametrize("seed", range(1_000, 2_000))
def test_two_agents_with_one_uid_end_as_two_in_many_orders(seed: int) -> None:
    check(walk(seed, length=120))


@pytest.mark.parametrize("swallowed", [0, 1, 5])
def test_a_process_that_comes_back_keeps_its_uid(swallowed: int) -> None:
    """Its old connection is not known to be dead, and took the last reports with it (S8b)."""
    twins = Twins()
    for name in ("Connect", "Serve", "Receive"):
        twins.run(name, 1)
    twin = twins.twins[1]
    for number in range(swallowed):
        twin.client.set_health(ComponentHealth(healthy=bool(number % 2)))
        twins.run("Tick", 1)
    for name in ("Drop", "Connect", "Serve", "Receive"):
        twins.run(name, 1)
    assert twin.client.uid == UID
    assert list(twins.world.fleet.agents) == [UID]
