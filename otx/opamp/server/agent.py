"""What the server knows of one agent, by its instance uid.

Knowledge and connection are apart: an agent that is gone keeps its last state, and what the server
still has to ask for (`needs_full`) survives the connection and the restart of the server. A server
that forgot it would believe a state for ever that is not the agent's (two ways to get there are in
docs/opamp-protocol.md).
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Literal, TypeAlias

from otx.opamp.capabilities import AgentCapability
from otx.opamp.instance_uid import uid_text
from otx.opamp.opamp_pb2 import CustomMessage
from otx.opamp.server.attributes import Attributes, label_text

Transport: TypeAlias = Literal["ws", "http"]
Presence: TypeAlias = Literal["connected", "stale", "gone"]

REMEMBERED_STARTS = 8
REMEMBERED_MESSAGES = 16
UID_LABEL = "uid"
NO_CAPABILITY = AgentCapability(0)


class Progress(IntEnum):
    """How far an offer is, by the numbers of the protocol's two enums of statuses."""

    UNSET = 0
    APPLIED = 1
    APPLYING = 2
    FAILED = 3


@dataclass(frozen=True, slots=True)
class OfferStatus:
    """What an agent last said of an offer: of which, how far, and the error's text."""

    hash: bytes = b""
    progress: Progress = Progress.UNSET
    error: str = ""
    since_ns: int = 0


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an agent could not use a configuration."""

    reason: str
    at_ns: int


@dataclass(frozen=True, slots=True)
class Health:
    """The top of an agent's health tree; the tree itself stays on disk.

    Attributes:
        start_ns: When what it manages was started; 0 where that does not run.
        since_ns: When the server first heard this `healthy`.
        running: The hash in hexadecimal of what runs, where the agent says so as otx's own does;
            "" for its local configuration, None where it does not say.
        good: In the same way what has passed its observation and is gone back to.
    """

    healthy: bool
    status: str
    error: str
    start_ns: int
    since_ns: int
    running: str | None = None
    good: str | None = None


@dataclass(slots=True)
class Offer:
    """A configuration that was sent, and what came of it.

    Attributes:
        refusals: Reports that named another configuration after one that it was sent before.
        was_tried: Whether the agent said that it is applying it.
    """

    hash: bytes
    first_ns: int
    last_ns: int
    times: int = 1
    refusals: int = 0
    was_tried: bool = False


@dataclass(slots=True)
class Agent:
    """One agent.

    Attributes:
        sequence_num: The number of its last report.
        needs_full: Whether what is known may be wrong until a complete report is in.
        asks: How often full state was asked for since then.
        capabilities: As last stated; a report with 0 states nothing.
        outbox: Custom messages that are to be sent to it; lost when the server ends.
        link: The connection it is on; None for none.
        credential: The digest of the token it last spoke with; empty for none.
        interval_s: The heartbeat or polling interval this server set; 0 for none.
        failures: Configuration hash -> why it could not be used: never offered again.
        assigned: The number of the push that holds for it.
        starts_ns: The last start times it reported that nothing asked for, for restart loops.
        last_start_ns: The last start time it reported.
        start_heard_ns: When the server first heard that; 0 since before it started.
        was_connected: Whether it was on a connection when this server last ended.
        expected_until_ns: Until when it is expected back for that reason, without being there.
        strangers: Configurations it ran that this server never made, as far as they were counted.
        never_says: Parts its capabilities promise and it leaves out even when asked for all.
        is_confirmed: Whether it was ever heard under this uid; one that was only assigned is not.
    """

    uid: bytes
    first_seen_ns: int
    last_seen_ns: int
    sequence_num: int | None = None
    needs_full: bool = True
    asks: int = 0
    capabilities: AgentCapability = NO_CAPABILITY
    identifying: Attributes = field(default_factory=dict)
    non_identifying: Attributes = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    health: Health | None = None
    config: OfferStatus = OfferStatus()
    settings: OfferStatus = OfferStatus()
    has_effective_config: bool = False
    has_packages: bool = False
    components_hash: bytes = b""
    has_components: bool = False
    custom_capabilities: tuple[str, ...] = ()
    custom_messages: deque[CustomMessage] | None = None
    outbox: deque[CustomMessage] | None = None
    transport: Transport = "ws"
    link: int | None = None
    peer: str = ""
    credential: bytes = b""
    connected_ns: int = 0
    said_goodbye: bool = False
    interval_s: int = 0
    offer: Offer | None = None
    settings_offer: Offer | None = None
    failures: dict[bytes, Failure] = field(default_factory=dict)
    starts_ns: deque[int] = field(default_factory=lambda: deque(maxlen=REMEMBERED_STARTS))
    last_start_ns: int = 0
    start_heard_ns: int = 0
    restart_ordered_ns: int = 0
    restart_sent_ns: int = 0
    assigned: int | None = None
    is_confirmed: bool = True
    was_connected: bool = False
    expected_until_ns: int = 0
    strangers: int = 0
    never_says: frozenset[str] = frozenset()

    def can(self, bit: AgentCapability) -> bool:
        """Whether the agent stated a capability."""
        return bit in self.capabilities

    @property
    def text(self) -> str:
        """The uid in canonical text."""
        return uid_text(self.uid)

    @property
    def name(self) -> str:
        """What people call it: its service name."""
        return self.labels.get("service.name", "") or "?"

    def relabel(self) -> None:
        """Take labels from what it says of itself; identifying attributes win."""
        both = {**self.non_identifying, **self.identifying}
        self.labels = {key: label_text(value) for key, value in both.items()}
        self.labels[UID_LABEL] = self.text

    def presence(self, now_ns: int, patience: "Patience") -> Presence:
        """Whether it is there, silent for longer than it should, or gone."""
        silent_ns = now_ns - self.last_seen_ns
        if self.said_goodbye:
            return "gone"
        if self.transport == "http":
            stale_ns = patience.stale_ns(self.interval_s)
            if silent_ns > patience.gone_times * stale_ns:
                return "gone"
            return "stale" if silent_ns > stale_ns else "connected"
        if self.link is None:
            return "gone"
        # Silence means nothing where this server set no interval: it must not assume one.
        if self.interval_s and silent_ns > patience.stale_ns(self.interval_s):
            return "stale"
        return "connected"


@dataclass(frozen=True, slots=True)
class Patience:
    """How long silence may last.

    Attributes:
        intervals: How many intervals make an agent stale.
        default_s: The interval of an HTTP agent that none was set for; the protocol's default.
        gone_times: How many times that makes an HTTP agent, which has no connection, gone.
    """

    intervals: float = 3.0
    default_s: int = 30
    gone_times: int = 10

    def stale_ns(self, interval_s: int) -> int:
        """Nanoseconds of silence after which an agent is stale."""
        return int(self.intervals * (interval_s or self.default_s) * 1e9)


PATIENCE = Patience()
