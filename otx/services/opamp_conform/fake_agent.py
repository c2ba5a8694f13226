"""An agent that exists on the wire only: its identity, its numbers, its reports."""

import contextlib
import secrets
import time

from otx.errors import PeerError
from otx.opamp.capabilities import AgentCapability
from otx.opamp.instance_uid import new_uid, uid_text
from otx.opamp.opamp_pb2 import (
    AgentToServer,
    ComponentHealth,
    KeyValue,
    RemoteConfigStatus,
    RemoteConfigStatuses,
    RemoteConfigStatuses_UNSET,
    ServerToAgent,
)
from otx.services.opamp_conform.lines import Line, Refused, Silence, SocketLine
from otx.services.opamp_conform.outcome import Failed

NAME = "otx-conform"
UID_END = b"otx-cf"
"""How the uids of all fake agents end, so that they are known where they never said a name."""
_PLAIN = AgentCapability.REPORTS_STATUS | AgentCapability.REPORTS_HEALTH
CONFIGURABLE = (
    _PLAIN | AgentCapability.ACCEPTS_REMOTE_CONFIG | AgentCapability.REPORTS_REMOTE_CONFIG
)


class FakeAgent:
    """Speaks over a line; the numbers count up by themselves.

    Attributes:
        name: Its service.name, which no other agent has.
        has_spoken: Whether it made a report; who did not is not known to the server.
    """

    def __init__(self, line: Line, capabilities: AgentCapability = _PLAIN) -> None:
        self.line = line
        self.capabilities = capabilities
        self.uid: bytes = new_uid(time.time_ns() // 1_000_000)[: -len(UID_END)] + UID_END
        self.has_spoken = False
        self.number = secrets.randbits(32)
        self.name = f"{NAME}-{secrets.token_hex(4)}"
        self.status = RemoteConfigStatus(status=RemoteConfigStatuses_UNSET)

    def full(self) -> AgentToServer:
        """The next report, with everything that it supports."""
        report = self.compressed()
        identifying = report.agent_description.identifying_attributes
        identifying.append(_attribute("service.name", self.name))
        identifying.append(_attribute("service.instance.id", uid_text(self.uid)))
        if self.capabilities & AgentCapability.REPORTS_HEALTH:
            now_ns = time.time_ns()
            report.health.CopyFrom(ComponentHealth(healthy=True, start_time_unix_nano=now_ns))
        if self.capabilities & AgentCapability.REPORTS_REMOTE_CONFIG:
            report.remote_config_status.CopyFrom(self.status)
        return report

    def compressed(self) -> AgentToServer:
        """The next report, with nothing that may be left out."""
        self.number += 1
        self.has_spoken = True
        return AgentToServer(
            instance_uid=self.uid, sequence_num=self.number, capabilities=int(self.capabilities)
        )

    def join(self) -> ServerToAgent:
        """Report everything; the server's answer."""
        return self.line.ask(self.full())

    def beat(self) -> ServerToAgent:
        """Report nothing new; the server's answer."""
        return self.line.ask(self.compressed())

    def beat_with_health(self) -> ServerToAgent:
        """Report health alone, which is more than a heartbeat and not all; the answer."""
        report = self.compressed()
        report.health.CopyFrom(ComponentHealth(healthy=True, status="running"))
        return self.line.ask(report)

    def leave(self) -> None:
        """Say goodbye, as far as the server still listens."""
        report = self.compressed()
        report.agent_disconnect.SetInParent()
        with contextlib.suppress(Refused, Silence, Failed, PeerError):
            if isinstance(self.line, SocketLine):
                self.line.send(report)
            else:
                self.line.ask(report)

    def tell(self, hash_: bytes, status: int, error: str = "") -> ServerToAgent:
        """Report what became of a configuration; the server's answer."""
        self.status = RemoteConfigStatus(
            last_remote_config_hash=hash_,
            status=RemoteConfigStatuses.Name(status),
            error_message=error,
        )
        report = self.compressed()
        report.remote_config_status.CopyFrom(self.status)
        return self.line.ask(report)


def _attribute(key: str, text: str) -> KeyValue:
    attribute = KeyValue(key=key)
    attribute.value.string_value = text
    return attribute
