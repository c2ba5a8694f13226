"""What a server's message offers, and what of it this agent takes by its own capabilities."""

from dataclasses import dataclass, field

from otx.opamp.capabilities import SETTINGS_NEED, AgentCapability
from otx.opamp.client.effects import (
    ConfigOffered,
    CustomArrived,
    Effect,
    Remark,
    SettingsOffer,
    TelemetryOffer,
)
from otx.opamp.config_machine import Offer
from otx.opamp.effect import Once
from otx.opamp.opamp_pb2 import AgentConfigMap, ConnectionSettingsOffers, ServerToAgent

TELEMETRY = ("own_metrics", "own_traces", "own_logs")


@dataclass
class Taken:
    """What of a message this agent takes.

    Attributes:
        interval_s: The interval of heartbeats that the server wants; None: as it was.
    """

    effects: list[Once[Effect]] = field(default_factory=list)
    interval_s: int | None = None

    def remark(self, text: str) -> None:
        """Say something to the user."""
        self.effects.append(Once(Remark(text)))


class Offers:
    """Reads offers; what the agent's own bits exclude is ignored and said, once a connection."""

    def __init__(self) -> None:
        self.custom_capabilities: frozenset[str] = frozenset()
        self._said: set[str] = set()
        self._settings_hash: bytes | None = None

    def begin_connection(self) -> None:
        """Remarks may be made again."""
        self._said.clear()

    def take(self, message: ServerToAgent, bits: AgentCapability) -> Taken:
        """The offers of one message, which is for this agent and no error."""
        taken = Taken()
        if message.HasField("remote_config"):
            self._take_config(message, bits, taken)
        if message.HasField("connection_settings"):
            self._take_settings(message.connection_settings, bits, taken)
        if message.HasField("packages_available"):
            self._decline("packages_available", "packages are declined: otx installs none", taken)
        if message.HasField("custom_message"):
            self._take_custom(message, taken)
        return taken

    def _take_config(self, message: ServerToAgent, bits: AgentCapability, taken: Taken) -> None:
        if AgentCapability.ACCEPTS_REMOTE_CONFIG not in bits:
            text = "ignored a remote configuration: it is not allowed here"
            self._decline("remote_config", text, taken)
        elif not message.remote_config.config_hash:
            taken.remark("ignored a remote configuration without a hash: it could not be reported")
        else:
            taken.effects.append(Once(ConfigOffered(Once(_offer(message)))))

    def _take_settings(
        self, offers: ConnectionSettingsOffers, bits: AgentCapability, taken: Taken
    ) -> None:
        if offers.hash and offers.hash == self._settings_hash:
            return
        self._settings_hash = offers.hash
        if offers.HasField("opamp"):
            self._take_opamp(offers, bits, taken)
        for signal in TELEMETRY:
            if not offers.HasField(signal):
                continue
            if SETTINGS_NEED[signal] in bits:
                taken.effects.append(Once(TelemetryOffer(signal, getattr(offers, signal))))
            else:
                self._decline(signal, f"ignored an offer of {signal}: it is not reported", taken)
        if offers.other_connections:
            self._decline("other_connections", "ignored settings of other connections", taken)

    def _take_opamp(
        self, offers: ConnectionSettingsOffers, bits: AgentCapability, taken: Taken
    ) -> None:
        takes_settings = AgentCapability.ACCEPTS_OPAMP_CONNECTION_SETTINGS in bits
        if takes_settings:
            # With them the interval: whoever takes or refuses them decides on it (`beat_every`).
            taken.effects.append(Once(SettingsOffer(offers.hash, offers.opamp)))
        elif AgentCapability.REPORTS_HEARTBEAT in bits:
            taken.interval_s = offers.opamp.heartbeat_interval_seconds

    def _take_custom(self, message: ServerToAgent, taken: Taken) -> None:
        name = message.custom_message.capability
        if name in self.custom_capabilities:
            taken.effects.append(Once(CustomArrived(message.custom_message)))
        else:
            self._decline(f"custom {name}", f"ignored a custom message of {name!r}", taken)

    def _decline(self, kind: str, text: str, taken: Taken) -> None:
        if kind not in self._said:
            self._said.add(kind)
            taken.remark(text)


def _offer(message: ServerToAgent) -> Offer:
    """The configuration of a message, apart from it: the message is not kept."""
    config = AgentConfigMap()
    config.CopyFrom(message.remote_config.config)
    return Offer(message.remote_config.config_hash, config)
