"""An agent that keeps the rules is never accused, whatever it is asked and however it is named."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from otx.opamp.capabilities import AgentCapability as Bit
from otx.opamp.client.core import Client, ClientOptions, Effects
from otx.opamp.client.effects import NewIdentity, Send
from otx.opamp.instance_uid import InstanceUid
from otx.opamp.monitor import Monitor, Watch
from otx.opamp.opamp_pb2 import (
    AgentDescription,
    AgentToServer,
    ComponentHealth,
    EffectiveConfig,
    ServerToAgent,
)

SECOND = 1_000_000_000
BITS = (
    Bit.REPORTS_STATUS | Bit.REPORTS_HEALTH | Bit.REPORTS_EFFECTIVE_CONFIG | Bit.REPORTS_HEARTBEAT
)
ANSWERS = st.tuples(st.booleans(), st.sampled_from([b"", b"", b"u" * 16, b"v" * 16, b"w" * 16]))
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["answer", "answer", "health", "tick", "lost"]),
        ANSWERS,
        st.sampled_from([1, 1_000_000, SECOND, 30 * SECOND]),
    ),
    max_size=40,
)


class Watched:
    """The agent's own core over a connection that a monitor watches."""

    def __init__(self) -> None:
        self.watch = Watch(agents=4)
        self.client = Client(InstanceUid(b"u" * 16), ClientOptions(BITS, first_sequence=7))
        self.now_ns = 1_000 * SECOND
        self.health = 0
        self.accusations: list[str] = []
        self.waiting: list[AgentToServer] = []
        self.describe()
        self.change_health()
        self.client.set_effective_config(EffectiveConfig())
        self.monitor = self.connect()

    def connect(self) -> Monitor:
        self.monitor = self.watch.connection()
        self.waiting = []
        self.carry_out(self.client.connected(self.now_ns))
        return self.monitor

    def describe(self) -> None:
        description = AgentDescription()
        attribute = description.identifying_attributes.add(key="service.instance.id")
        attribute.value.string_value = self.client.uid.hex()
        self.client.set_description(description)

    def change_health(self) -> None:
        self.health += 1
        self.client.set_health(ComponentHealth(start_time_unix_nano=self.health))

    def carry_out(self, effects: Effects) -> None:
        for envelope in effects:
            effect: Any = envelope.take()
            if isinstance(effect, NewIdentity):
                self.describe()
            elif isinstance(effect, Send):
                self.waiting.append(effect.message)
                broken = self.monitor.client_sent(effect.message, self.now_ns)
                self.accusations += [str(one) for one in broken]

    def answer(self, asks: bool, new_uid: bytes) -> None:
        """The server answers the oldest report."""
        if not self.waiting:
            return
        uid = self.waiting.pop(0).instance_uid
        message = ServerToAgent(instance_uid=uid, capabilities=7, flags=int(asks))
        if new_uid:
            message.agent_identification.new_instance_uid = new_uid
        self.monitor.server_sent(message, self.now_ns)
        self.carry_out(self.client.received(message, self.now_ns))
        self.carry_out(self.client.tick(self.now_ns))

    def step(self, what: str, answer: tuple[bool, bytes], pause_ns: int) -> None:
        self.now_ns += pause_ns
        if what == "answer":
            self.answer(*answer)
        elif what == "lost":
            self.client.lost()
            self.connect()
        else:
            if what == "health":
                self.change_health()
            self.carry_out(self.client.tick(self.now_ns))


@given(STEPS)
@settings(max_examples=300)
def test_the_agents_own_core_is_never_accused(
    steps: list[tuple[str, tuple[bool, bytes], int]],
) -> None:
    watched = Watched()
    for step in steps:
        watched.step(*step)
    assert watched.accusations == []


def test_full_state_under_a_new_uid_is_right_also_when_it_was_asked_for_before() -> None:
    watched = Watched()
    watched.answer(asks=True, new_uid=b"")
    watched.answer(asks=True, new_uid=b"v" * 16)
    watched.step("lost", (False, b""), SECOND)
    watched.answer(asks=False, new_uid=b"w" * 16)
    for _ in range(4):
        watched.step("tick", (False, b""), 15 * SECOND)
    assert watched.accusations == []


def test_the_first_report_under_a_new_uid_describes_the_agent_by_it() -> None:
    watched = Watched()
    watched.answer(asks=False, new_uid=b"v" * 16)
    (attribute,) = watched.waiting[-1].agent_description.identifying_attributes
    assert attribute.value.string_value == (b"v" * 16).hex()
    assert watched.waiting[-1].HasField("health")
