"""otx's own agent and server cores in one process, moved by the actions of spec/search/cfgsync.py.

The client core, the configuration machine with a disk, and the fleet are the real ones; between
them are two queues that a lost connection empties. A monitor sees each message as it is sent, and
both sides are held against a connection's session type: the client's, and its dual.
"""

from collections.abc import Callable

from otx.opamp.automaton import after_hearing, after_saying
from otx.opamp.capabilities import AgentCapability
from otx.opamp.client.core import Client, ClientOptions
from otx.opamp.client.core import Effects as ClientEffects
from otx.opamp.client.effects import ConfigOffered, Send
from otx.opamp.config_machine import BASELINE, Action, Actions, ConfigMachine, Record
from otx.opamp.config_table import Act, Status
from otx.opamp.instance_uid import InstanceUid
from otx.opamp.monitor import Broken, Watch
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
    ServerToAgent,
)
from otx.opamp.opamp_pb2 import ServerErrorResponseType as ErrorType
from otx.opamp.protocol import CONNECTION, HTTP, Label, Type, dual
from otx.opamp.rules import Transport
from otx.opamp.server.agent import Progress
from otx.opamp.server.identity import Link
from otx.opamp.watcher import Watcher
from tests.opamp.server.world import SECOND, World

UID = InstanceUid(b"agent-----------")
BITS = (
    AgentCapability.REPORTS_STATUS
    | AgentCapability.ACCEPTS_REMOTE_CONFIG
    | AgentCapability.REPORTS_EFFECTIVE_CONFIG
    | AgentCapability.REPORTS_HEALTH
    | AgentCapability.REPORTS_REMOTE_CONFIG
    | AgentCapability.REPORTS_HEARTBEAT
)
GOOD, BAD = "receivers: [otlp]", "receivers: [none]"
"""Bodies; the second cannot start."""
STEP_NS = SECOND // 20


class Session:
    """One agent and one server, over a WebSocket or by polling.

    Attributes:
        launched: Each hash that was started as a candidate, in order.
        broken: What the monitor named.
    """

    def __init__(self, is_http: bool = False) -> None:
        self.is_http = is_http
        self.kind = HTTP if is_http else CONNECTION
        self.world = World()
        self.watch = Watch()
        self.monitor = self.watch.connection(Transport.HTTP if is_http else Transport.WEBSOCKET)
        self.assigned = b""
        self.bad: set[bytes] = set()
        self.broken: list[Broken] = []
        self.launched: list[bytes] = []
        self.disk = Record()
        self.link: Link | None = None
        self.messages = 0
        self.wishes = 0
        self._process_number = 0
        self._boot()
        self.run(["Connect", "Serve", "Assign", "Crash"])
        self.broken.clear()

    @property
    def actions(self) -> dict[str, Callable[[], None]]:
        """By the names that the searcher has for them."""
        return {
            "Connect": self.connect,
            "Send": self.send,
            "Receive": self.receive,
            "Launch": self.launch,
            "Verdict": self.verdict,
            "Serve": self.serve,
            "Push": self.push,
            "Drop": self.drop,
            "Crash": self.crash,
            "Restart": self.restart,
            "Assign": self.assign,
            "Reorder": self.reorder,
        }

    def run(self, names: list[str]) -> None:
        """Does what can be done of these; each takes a little time."""
        for name in names:
            self.world.now_ns += STEP_NS
            if name in self.actions:
                self.actions[name]()

    def settle(self, seconds: int = 240) -> None:
        """Until long after nothing was disturbed."""
        system = ["Connect", "Serve", "Push", "Receive", "Launch", "Verdict", "Send"]
        for _ in range(seconds):
            self.world.wait(1)
            for _ in range(3):
                self.run(system)

    # The client.

    def _boot(self) -> None:
        self._process_number += 1
        self.to_server: list[AgentToServer] = []
        self.to_client: list[ServerToAgent] = []
        self.due: list[Action] = []
        self.running: bytes | None = None
        first = (self._process_number * 0x1234567) % (1 << 32)
        self.client = Client(UID, ClientOptions(BITS, first, half_duplex=self.is_http))
        self.client.set_description(
            AgentDescription(
                identifying_attributes=[
                    KeyValue(key="service.name", value=AnyValue(string_value="agent"))
                ]
            )
        )
        self.client.set_health(ComponentHealth(healthy=True, start_time_unix_nano=5))
        self.machine = ConfigMachine(self.disk)
        self._report(self.disk)
        self._do(self.machine.start())

    def connect(self) -> None:
        if self.link is None:
            self.link = self.world.poll_link() if self.is_http else self.world.link()
            if not self.is_http:
                self.monitor = self.watch.connection()
            self.client_state: Type = self.kind
            self.server_watcher = Watcher(dual(self.kind), patience_ns=240 * SECOND)
            self._emit(self.client.connected(self.world.now_ns))

    def send(self) -> None:
        if self.link is not None:
            self._emit(self.client.tick(self.world.now_ns))
            self.broken += self.monitor.tick(self.world.now_ns)

    def receive(self) -> None:
        if self.to_client:
            message = self.to_client.pop(0)
            self._client(after_hearing(self.client_state, server_label(message)))
            self._emit(self.client.received(message, self.world.now_ns))

    def launch(self) -> None:
        """Whatever waits for validation or for a process comes up."""
        self._happen(Act.VALIDATE)
        self._happen(Act.RUN_CANDIDATE, Act.RUN_GOOD, Act.RETRY_GOOD)

    def verdict(self) -> None:
        self._happen(Act.WATCH)
        self._happen(Act.OBSERVE)

    def crash(self) -> None:
        """The agent is killed; its disk is left."""
        self.drop()
        self._boot()

    # The server.

    def serve(self) -> None:
        if self.link is not None and self.to_server:
            report = self.to_server.pop(0)
            reply = self.world.fleet.receive(self.link, report, self.world.now_ns)
            self._answer(reply.answer.take())
            while self.wishes:
                self.wishes -= 1
                self.assign()

    def push(self) -> None:
        fleet = self.world.fleet
        if self.link is not None and UID in fleet.due and not self.is_http:
            fleet.due.discard(UID)
            made = fleet.push_message(self.link, UID, self.world.now_ns)
            if made is not None:
                self._answer(made.take())

    def restart(self) -> None:
        """The server is started anew, and knows no agent."""
        self.drop()
        self.world.fleet.agents.clear()

    def assign(self) -> None:
        """The operator assigns the other configuration, as soon as there is anybody to."""
        if not self.world.fleet.agents:
            self.wishes += 1
            return
        is_bad = self.assigned not in self.bad and bool(self.assigned)
        pushed = self.world.push(body=BAD if is_bad else GOOD)
        self.assigned = pushed.config_hash
        if is_bad:
            self.bad.add(self.assigned)

    # Between them.

    def drop(self) -> None:
        if self.link is not None:
            if self.is_http:
                self.monitor.refused(UID, 0, self.world.now_ns)  # no answer came
            else:
                self.world.fleet.lost(self.link, self.world.now_ns)
            self.client.lost()
            self.link = None
            self.to_server.clear()
            self.to_client.clear()

    def reorder(self) -> None:
        """A push overtakes an answer, before it is sent."""
        self.to_client[:2] = self.to_client[1::-1]

    def _emit(self, effects: ClientEffects) -> None:
        for effect in effects:
            value = effect.take()
            if isinstance(value, Send):
                self.messages += 1
                label = client_label(value.message, self.is_http)
                self._client(after_saying(self.client_state, label))
                self.server_watcher.hears(label, self.world.now_ns)
                self.broken += self.monitor.client_sent(value.message, self.world.now_ns)
                self.to_server.append(value.message)
            elif isinstance(value, ConfigOffered):
                self._do(self.machine.offered(value.envelope))

    def _client(self, then: Type | None) -> None:
        assert then is not None, "the client's session type has no such message here"
        self.client_state = then

    def _answer(self, message: ServerToAgent) -> None:
        self.messages += 1
        assert self.server_watcher.says(server_label(message), self.world.now_ns)
        self.broken += self.monitor.server_sent(message, self.world.now_ns)
        self.to_client.append(message)

    def _do(self, actions: Actions) -> None:
        for envelope in actions:
            action = envelope.take()
            if action.act is Act.SAVE:
                self.disk = action.record
            elif action.act is Act.REPORT:
                self._report(action.record)
            else:
                if action.act in (Act.RUN_CANDIDATE, Act.RUN_GOOD, Act.RETRY_GOOD):
                    self.running = None
                    self.due = [one for one in self.due if one.act is Act.VALIDATE]
                if action.act is Act.RUN_CANDIDATE:
                    self.launched.append(action.hash)
                self.due.append(action)

    def _happen(self, *acts: Act) -> None:
        for action in [one for one in self.due if one.act in acts]:
            if action in self.due:
                self.due.remove(action)
                self._do(self._outcome(action))

    def _outcome(self, action: Action) -> Actions:
        machine = self.machine
        if action.act is Act.VALIDATE:
            return machine.validated(action.hash)
        if action.act is Act.OBSERVE:
            return machine.survived(action.launch)
        if action.act is Act.WATCH:
            if action.hash in self.bad:
                return machine.down(action.launch, "it has no such receiver")
            return machine.healthy(action.launch)
        self.running = action.hash
        return machine.up(action.launch)

    def _report(self, record: Record) -> None:
        if record.received:
            self.client.set_remote_config_status(
                RemoteConfigStatus(
                    last_remote_config_hash=record.received,
                    status=record.status.value,  # type: ignore[arg-type]
                    error_message=record.reason,
                )
            )
        body = (self.running or BASELINE) + b"; local"
        self.client.set_effective_config(
            EffectiveConfig(config_map=AgentConfigMap(config_map={"": AgentConfigFile(body=body)}))
        )


def client_label(message: AgentToServer, is_http: bool) -> Label:
    """What a report is for the type of a connection."""
    if message.HasField("agent_disconnect"):
        return Label.POST_DISCONNECT if is_http else Label.DISCONNECT
    return Label.POST_REPORT if is_http else Label.REPORT


def server_label(message: ServerToAgent) -> Label:
    """What a message is for the type of a connection."""
    if not message.HasField("error_response"):
        return Label.ANSWER
    is_away = message.error_response.type == ErrorType.ServerErrorResponseType_Unavailable
    return Label.UNAVAILABLE if is_away else Label.ERROR


def unreached(session: Session) -> list[str]:
    """What the goal of CfgSync asks for and is not so."""
    agent = session.world.fleet.agents.get(UID)
    if agent is None or session.link is None:
        return ["the server does not know the agent"]
    wrong: list[str] = []
    known = (agent.config.hash, agent.config.progress)
    is_bad = session.assigned in session.bad
    if agent.needs_full:
        wrong.append("the server still needs full state")
    is_told = known == (session.assigned, Progress.FAILED) or session.assigned in agent.failures
    if is_bad and not is_told:
        wrong.append(f"the server does not know that it failed: {known}")
    if not is_bad and known != (session.assigned, Progress.APPLIED):
        wrong.append(f"the server does not know that it is applied: {known}")
    if session.running != session.disk.good or session.running in session.bad:
        wrong.append(f"{session.running!r} runs, last good is {session.disk.good!r}")
    if not is_bad and session.running != session.assigned:
        wrong.append(f"{session.running!r} runs, {session.assigned!r} is assigned")
    if session.disk.status is Status.APPLIED and session.disk.received != session.running:
        wrong.append("it says APPLIED of what does not run")
    return wrong
