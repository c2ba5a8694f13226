"""What the agent's core asks of whoever drives it; each comes in a `Once` and is done once."""

from dataclasses import dataclass
from typing import TypeAlias

from otx.opamp.config_machine import Offer
from otx.opamp.effect import Once
from otx.opamp.instance_uid import InstanceUid
from otx.opamp.opamp_pb2 import (
    AgentToServer,
    CustomMessage,
    OpAMPConnectionSettings,
    TelemetryConnectionSettings,
)


@dataclass(frozen=True, slots=True)
class Send:
    """Put this message on the wire, once: its sequence number is used up."""

    message: AgentToServer


@dataclass(frozen=True, slots=True)
class ConfigOffered:
    """The server assigns a configuration; the envelope goes to the `ConfigMachine` unopened."""

    envelope: Once[Offer]


@dataclass(frozen=True, slots=True)
class SettingsOffer:
    """New settings for this very connection: to be tried before the old ones are given up."""

    settings_hash: bytes
    settings: OpAMPConnectionSettings


@dataclass(frozen=True, slots=True)
class TelemetryOffer:
    """Where the agent's own telemetry goes; `signal` is own_metrics, own_traces or own_logs."""

    signal: str
    settings: TelemetryConnectionSettings


@dataclass(frozen=True, slots=True)
class RestartOrder:
    """The server orders a restart; nothing else of its message counts."""


@dataclass(frozen=True, slots=True)
class NewIdentity:
    """The server gave this agent another uid: to be kept on disk; the core uses it already."""

    uid: InstanceUid


@dataclass(frozen=True, slots=True)
class Leave:
    """Close this connection and come back, not before `wait_ns` where the server named a time."""

    reason: str
    wait_ns: int | None


@dataclass(frozen=True, slots=True)
class CustomArrived:
    """A custom message of a capability that this agent declared."""

    message: CustomMessage


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that the user should be able to read: what was ignored, dropped or refused."""

    text: str


Effect: TypeAlias = (
    Send
    | ConfigOffered
    | SettingsOffer
    | TelemetryOffer
    | RestartOrder
    | NewIdentity
    | Leave
    | CustomArrived
    | Remark
)
