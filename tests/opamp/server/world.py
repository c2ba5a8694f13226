"""A fleet with a clock of its own and agents that speak to it by hand."""

from dataclasses import dataclass, field
from typing import Any

from otx.opamp.capabilities import AgentCapability, ServerFlag
from otx.opamp.opamp_pb2 import (
    AgentConfigFile,
    AgentConfigMap,
    AgentDescription,
    AgentToServer,
    AnyValue,
    ComponentHealth,
    ConnectionSettingsStatus,
    EffectiveConfig,
    KeyValue,
    RemoteConfigStatus,
    ServerToAgent,
)
from otx.opamp.server.agent import Agent, Progress
from otx.opamp.server.authority import Authority
from otx.opamp.server.configuration import config_map
from otx.opamp.server.fleet import Fleet
from otx.opamp.server.identity import Link
from otx.opamp.server.journal import Entry, Row
from otx.opamp.server.operator import Operator
from otx.opamp.server.pushes import EVERYONE, Push, PushState, Stage
from otx.opamp.server.rollouts import Rollouts, Wish
from otx.opamp.server.selector import parse_selector

SECOND = 1_000_000_000
USUAL = (
    AgentCapability.REPORTS_STATUS
    | AgentCapability.ACCEPTS_REMOTE_CONFIG
    | AgentCapability.REPORTS_EFFECTIVE_CONFIG
    | AgentCapability.REPORTS_HEALTH
    | AgentCapability.REPORTS_REMOTE_CONFIG
)


class MemoryJournal:
    """A journal that can be looked at."""

    def __init__(self) -> None:
        self.length = 0
        self.entries: list[Entry] = []
        self.agents: dict[bytes, dict[str, Any]] = {}
        self.failures: dict[tuple[bytes, bytes], str] = {}
        self.pushes: dict[int, dict[str, Any]] = {}

    def agent(self, uid: bytes, row: Row) -> None:
        self.length += 1
        self.agents.setdefault(uid, {}).update(row)

    def forget_agent(self, uid: bytes) -> None:
        self.length += 1
        self.agents.pop(uid, None)

    def failure(self, uid: bytes, hash_: bytes, reason: str, at_ns: int) -> None:
        self.length += 1
        self.failures[uid, hash_] = reason

    def push(self, number: int, row: Row) -> None:
        self.length += 1
        self.pushes.setdefault(number, {}).update(row)

    def released(self, number: int, uid: bytes, stage: int) -> None:
        self.length += 1

    def configuration(self, hash_: bytes, row: Row) -> None:
        self.length += 1

    def settings(self, number: int, row: Row) -> None:
        self.length += 1

    def audit(self, entry: Entry) -> None:
        self.length += 1
        self.entries.append(entry)

    def said(self, what: str) -> list[str]:
        """The outcomes of the audit log's lines of a kind."""
        return [entry.outcome for entry in self.entries if entry.what == what]


@dataclass
class World:
    """A fleet, and the time."""

    now_ns: int = 1_000 * SECOND
    journal: MemoryJournal = field(default_factory=MemoryJournal)
    fleet: Fleet = field(init=False)
    authority: Authority | None = None
    _links: int = 0
    _made: int = 0

    def __post_init__(self) -> None:
        self.fleet = Fleet(
            self.journal,
            Rollouts(self.journal),
            make_uid=self._new_uid,
            authority=self.authority,
        )

    def link(self) -> Link:
        """A new WebSocket."""
        self._links += 1
        return Link(self._links, "ws", f"10.0.0.1:{self._links}", "ws://server/v1/opamp")

    def poll_link(self, port: int = 1) -> Link:
        """A request from an address."""
        return Link(0, "http", f"10.0.0.2:{port}", "http://server/v1/opamp")

    def push(
        self,
        selector: str = "",
        body: str = "a: 1",
        stages: tuple[Stage, ...] = (EVERYONE,),
        is_retry: bool = False,
    ) -> Push:
        """Push a configuration."""
        wish = Wish(
            objects=config_map({"": (body.encode(), "text/yaml")}),
            name="config.yaml",
            selector=parse_selector(selector),
            stages=stages,
            who="me",
            is_retry=is_retry,
        )
        number = Operator(self.fleet).push(wish, self.now_ns)
        return self.fleet.rollouts.pushes[number]

    def wait(self, seconds: float) -> None:
        """Let time pass, with the ticks in it."""
        self.now_ns += int(seconds * SECOND)
        self.fleet.tick(self.now_ns)

    def _new_uid(self, milliseconds: int) -> bytes:
        self._made += 1
        return b"given" + self._made.to_bytes(11, "big")


class Speaker:
    """An agent that says what a test has it say."""

    def __init__(
        self,
        world: World,
        name: str = "agent",
        capabilities: AgentCapability = USUAL,
        link: Link | None = None,
        number: int = 1 << 20,
        uid: bytes = b"",
        **labels: str,
    ) -> None:
        self.world = world
        self.uid = uid or name.encode().ljust(16, b"-")
        self.name = name
        self.capabilities = capabilities
        self.link = link or world.link()
        self.number = number
        self.labels = labels

    @property
    def agent(self) -> Agent:
        return self.world.fleet.agents[self.uid]

    def full(self, **fields: Any) -> ServerToAgent:
        """A complete report."""
        fields.setdefault("health", ComponentHealth(healthy=True, start_time_unix_nano=5))
        fields.setdefault("effective_config", EFFECTIVE)
        fields.setdefault("remote_config_status", RemoteConfigStatus())
        return self.report(agent_description=self.description(), **fields)

    def description(self) -> AgentDescription:
        return AgentDescription(
            identifying_attributes=[_pair("service.name", self.name)],
            non_identifying_attributes=[_pair(*label) for label in self.labels.items()],
        )

    def report(self, **fields: Any) -> ServerToAgent:
        """A report with the next number."""
        self.number += 1
        return self.again(**fields)

    def again(self, **fields: Any) -> ServerToAgent:
        """A report with the same number as the last one."""
        fields.setdefault("capabilities", self.capabilities)
        message = AgentToServer(instance_uid=self.uid, sequence_num=self.number, **fields)
        reply = self.world.fleet.receive(self.link, message, self.world.now_ns)
        return reply.answer.take()

    def says(self, progress: Progress, hash_: bytes, error: str = "") -> ServerToAgent:
        """A report with a status."""
        return self.report(remote_config_status=config_status(progress, hash_, error))

    def says_settings(self, progress: Progress, hash_: bytes) -> ServerToAgent:
        """A report with a status of connection settings."""
        return self.report(
            connection_settings_status=ConnectionSettingsStatus(
                last_connection_settings_hash=hash_,
                status=f"ConnectionSettingsStatuses_{progress.name}",
            )
        )

    def is_pushed(self) -> ServerToAgent | None:
        """What it is sent without a report."""
        made = self.world.fleet.push_message(self.link, self.uid, self.world.now_ns)
        return made.take() if made else None


def config_status(progress: Progress, hash_: bytes, error: str = "") -> RemoteConfigStatus:
    return RemoteConfigStatus(
        last_remote_config_hash=hash_,
        status=f"RemoteConfigStatuses_{progress.name}",
        error_message=error,
    )


def state_of(push: Push) -> PushState:
    return push.state


def asks_full(answer: ServerToAgent) -> bool:
    return bool(answer.flags & ServerFlag.REPORT_FULL_STATE)


def _pair(key: str, text: str) -> KeyValue:
    return KeyValue(key=key, value=AnyValue(string_value=text))


EFFECTIVE = EffectiveConfig(
    config_map=AgentConfigMap(config_map={"": AgentConfigFile(body=b"mine: 1")})
)
