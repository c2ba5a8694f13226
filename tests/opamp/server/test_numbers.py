"""Whatever is lost and whoever restarts: the server believes no state that is not the agent's."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from otx.opamp.opamp_pb2 import ComponentHealth, RemoteConfigStatus
from otx.opamp.server.agent import Progress
from tests.opamp.server.world import Speaker, World, asks_full, config_status


class Believing(RuleBasedStateMachine):
    """An agent that counts from 0 or far away, and a network that loses what it likes."""

    transport = "ws"

    @initialize(is_far=st.booleans())
    def start(self, is_far: bool) -> None:
        self.world = World()
        self.port = 0
        self.link = self.world.link()
        self.start_process(is_far)

    def start_process(self, is_far: bool) -> None:
        self.number = (1 << 31) + self.port * 1_000 if is_far else -1
        self.owes_full = True
        self.healthy = True
        self.error = ""
        self.config = b""
        self.connect()

    def connect(self) -> None:
        self.world.fleet.lost(self.link, self.world.now_ns)
        self.port += 1
        is_ws = self.transport == "ws"
        self.link = self.world.link() if is_ws else self.world.poll_link(self.port)
        self.speaker = Speaker(self.world, link=self.link, number=self.number)

    def send(self, arrives: bool, **fields: object) -> None:
        """Send a report; over a WebSocket one that does not arrive means a dead connection."""
        if self.owes_full:
            fields = {
                "agent_description": self.speaker.description(),
                "health": self.health(),
                "effective_config": {},
                "remote_config_status": self.status(),
            }
        self.number += 1
        self.speaker.number = self.number
        self.owes_full = False
        if not arrives:
            if self.transport == "ws":
                self.connect()
            return
        answer = self.speaker.again(**fields)
        assert answer.instance_uid == self.speaker.uid
        self.owes_full = asks_full(answer)
        self.check()

    def health(self) -> ComponentHealth:
        return ComponentHealth(healthy=self.healthy, last_error=self.error)

    def status(self) -> RemoteConfigStatus:
        progress = Progress.APPLIED if self.config else Progress.UNSET
        return config_status(progress, self.config)

    @rule(arrives=st.booleans(), error=st.sampled_from(["", "port in use", "out of memory"]))
    def health_changes(self, arrives: bool, error: str) -> None:
        self.healthy, self.error = not error, error
        self.send(arrives, health=self.health())

    @rule(arrives=st.booleans(), config=st.sampled_from([b"one", b"two"]))
    def config_changes(self, arrives: bool, config: bytes) -> None:
        self.config = config
        self.send(arrives, remote_config_status=self.status())

    @rule(arrives=st.booleans())
    def heartbeat(self, arrives: bool) -> None:
        self.send(arrives)

    @rule()
    def connection_breaks(self) -> None:
        self.connect()

    @rule(is_far=st.booleans())
    def process_restarts(self, is_far: bool) -> None:
        self.start_process(is_far)
        self.world.wait(100)  # long enough not to be taken for a second agent

    @rule()
    def answer_is_lost(self) -> None:
        """The request for full state is lost with the connection: the agent owes nothing."""
        self.owes_full = False
        self.connect()

    def check(self) -> None:
        """After a report arrived: what is believed is so, or it is known to be open."""
        agent = self.world.fleet.agents[self.speaker.uid]
        if agent.needs_full:
            return
        assert agent.health is not None
        assert (agent.health.healthy, agent.health.error) == (self.healthy, self.error)
        assert agent.config.hash == self.config

    @invariant()
    def there_is_one_agent(self) -> None:
        if hasattr(self, "world"):
            assert len(self.world.fleet.agents) <= 1


class BelievingOverHttp(Believing):
    """The same over HTTP, where a lost request breaks no connection."""

    transport = "http"


TestWebSocket = Believing.TestCase
TestHttp = BelievingOverHttp.TestCase
TestWebSocket.settings = settings(max_examples=60, stateful_step_count=30)
TestHttp.settings = settings(max_examples=60, stateful_step_count=12)
