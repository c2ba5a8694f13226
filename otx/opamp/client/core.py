"""The agent's side of one OpAMP session, without sockets, clocks or files.

Whoever drives a `Client` tells it what happened (`connected`, `received`, `lost`, `tick`, the
setters) and carries out the effects that come back. The same core serves WebSocket, where both
sides speak at will, and plain HTTP, where one request is under way at a time (`half_duplex`).

The rules are those of the specification (status reporting, status compression, sequence numbers,
heartbeats, throttling); where it is silent, docs/opamp-protocol.md says what otx does and why.
"""

from dataclasses import dataclass

from otx.opamp.capabilities import (
    REPORT_NEEDS,
    AgentCapability,
    AgentFlag,
    ServerCapability,
    ServerFlag,
)
from otx.opamp.client.bucket import Bucket
from otx.opamp.client.effects import Effect, Leave, NewIdentity, Remark, RestartOrder, Send
from otx.opamp.client.failures import Failures, is_plain
from otx.opamp.client.offers import Offers
from otx.opamp.client.report import BULKY, PARTS, Parts, Report, put_into
from otx.opamp.effect import Once
from otx.opamp.framing import DEFAULT_LIMIT
from otx.opamp.instance_uid import SIZE, InstanceUid, uid_text
from otx.opamp.opamp_pb2 import (
    AgentDescription,
    AgentDisconnect,
    AgentToServer,
    AvailableComponents,
    CommandType,
    ComponentHealth,
    ConnectionSettingsStatus,
    CustomCapabilities,
    CustomMessage,
    EffectiveConfig,
    RemoteConfigStatus,
    ServerErrorResponse,
    ServerToAgent,
)
from otx.opamp.opamp_pb2 import ServerErrorResponseType as ErrorType

NS_PER_S = 1_000_000_000
DEFAULT_INTERVAL_S = 30
"""Of heartbeats and of polls (specification)."""
LARGEST_INTERVAL_S = 3600
"""However seldom a server wants to hear of an agent, it hears of it once an hour."""
REPORTS_AT_ONCE, REPORT_REFILL_NS = 20, NS_PER_S // 10
"""How fast a state that flaps is reported: what is held back is merged."""
FULL_AT_ONCE, FULL_REFILL_NS = 3, 10 * NS_PER_S
"""How often a server that asks for full state again and again gets it."""
FORMER_UIDS = 4
"""Former uids under which a server may still answer what was on its way."""
CUSTOM_KEPT = 16
"""Custom messages that wait to be sent; another one is refused."""

_SERVER_NEEDS = {
    "effective_config": ServerCapability.ACCEPTS_EFFECTIVE_CONFIG,
    "package_statuses": ServerCapability.ACCEPTS_PACKAGES_STATUS,
}

Effects = list[Once[Effect]]


@dataclass(frozen=True, slots=True)
class ClientOptions:
    """What a client is from its start.

    Attributes:
        first_sequence: Where sequence numbers start: a random number of 32 bits for each process,
            so that a new process never continues where a server expects the old one (M9).
        half_duplex: Plain HTTP: the next message waits for the answer to the last. Each connection
            may say otherwise.
        asks_for_uid: The uid is a temporary one; the server is to assign another.
        interval_s: Of heartbeats or polls, until the server offers another.
        limit: Bytes of the largest message that is sent, header included.
    """

    capabilities: AgentCapability
    first_sequence: int
    half_duplex: bool = False
    asks_for_uid: bool = False
    interval_s: int = DEFAULT_INTERVAL_S
    limit: int = DEFAULT_LIMIT


class Client:
    """One agent as a server sees it."""

    def __init__(self, uid: InstanceUid, options: ClientOptions) -> None:
        self.uid = uid
        self.options = options
        self.capabilities = options.capabilities | AgentCapability.REPORTS_STATUS
        self.interval_s = options.interval_s
        self.server_capabilities: ServerCapability | None = None
        """What the server stated; None while it has not, which excludes nothing."""
        self.is_connected = False
        self._half_duplex = options.half_duplex
        self._offers = Offers()
        self._report = Report()
        self._sequence = options.first_sequence
        self._asks_for_uid = options.asks_for_uid
        self._former_uids: tuple[InstanceUid, ...] = ()
        self._custom: list[CustomMessage] = []
        self._has_heard = False
        self._csr = b""
        self._csr_is_due = False
        self._has_told_all = False
        self._wants_full = False
        self._is_first = True
        self._is_leaving = False
        self._owed = 0
        self._unanswered: Parts = {}
        self._failures = Failures()
        self._last_sent_ns = 0
        self._reports = Bucket(REPORTS_AT_ONCE, REPORT_REFILL_NS)
        self._full_reports = Bucket(FULL_AT_ONCE, FULL_REFILL_NS)

    # What the agent is. A setter marks what changed; the next `tick` tells it.

    def set_description(self, part: AgentDescription) -> None:
        """Who and where the agent is."""
        self._report.put("agent_description", part)

    def set_health(self, part: ComponentHealth) -> None:
        """The health tree; a newer status time alone is no change."""
        old = self._report.current("health")
        if isinstance(old, ComponentHealth):
            same_time = ComponentHealth()
            same_time.CopyFrom(part)
            same_time.status_time_unix_nano = old.status_time_unix_nano
            if same_time == old:
                return
        self._report.put("health", part)

    def set_effective_config(self, part: EffectiveConfig) -> None:
        """The configuration that really runs."""
        self._report.put("effective_config", part)

    def set_remote_config_status(self, part: RemoteConfigStatus) -> None:
        """How far the last offer has come."""
        self._report.put("remote_config_status", part)

    def set_settings_status(self, part: ConnectionSettingsStatus) -> None:
        """How far the last offer of connection settings has come."""
        self._report.put("connection_settings_status", part)

    def set_components(self, part: AvailableComponents) -> None:
        """The catalogue of components, with its hash."""
        self._report.set_components(part)

    def set_custom_capabilities(self, names: list[str]) -> None:
        """Every custom capability of this agent; replaces what was set before."""
        self._offers.custom_capabilities = frozenset(names)
        self._report.put("custom_capabilities", CustomCapabilities(capabilities=names))

    def set_capabilities(self, bits: AgentCapability) -> None:
        """Other capabilities from now on."""
        bits |= AgentCapability.REPORTS_STATUS
        self._is_first = self._is_first or bits != self.capabilities
        self.capabilities = bits

    def send_custom(self, message: CustomMessage) -> bool:
        """Queue a custom message; False where too many wait already."""
        if len(self._custom) >= CUSTOM_KEPT:
            return False
        self._custom.append(message)
        return True

    def request_certificate(self, csr: bytes) -> None:
        """Ask the server for a client certificate, as soon as it has said that it answers that.

        It is asked again on each connection until `certificate_came`, or the server refuses.
        """
        self._csr, self._csr_is_due = csr, True

    def certificate_came(self) -> None:
        """The request was answered by an offer of settings."""
        self._csr, self._csr_is_due = b"", False

    def beat_every(self, interval_s: int) -> str:
        """Take over an interval of heartbeats, that of settings only once they are accepted.

        What the user should know of it is returned: that it is ignored, cut, or switched off.
        """
        if interval_s == self.interval_s:
            return ""
        if not interval_s and self._half_duplex:
            return "ignored a polling interval of 0"
        self.interval_s = min(interval_s, LARGEST_INTERVAL_S)
        if not interval_s:
            return "the server switched heartbeats off"
        if interval_s > LARGEST_INTERVAL_S:
            return f"a heartbeat every {interval_s} s is too seldom; every {LARGEST_INTERVAL_S} s"
        return ""

    # What happens to the connection.

    def connected(
        self, now_ns: int, *, is_other_server: bool = False, half_duplex: bool | None = None
    ) -> Effects:
        """A connection is up (HTTP: requests can be made); the first report is due.

        A process tells everything once. Later connections tell what changed; a server that needs
        more asks for it.
        """
        self.is_connected = True
        self._is_first = True
        self._has_heard = False
        self._csr_is_due = bool(self._csr)
        self._is_leaving = False
        self._owed = 0
        if half_duplex is not None:
            self._half_duplex = half_duplex
        if is_other_server or not self._has_told_all:
            self._report.ask_all()
        self._offers.begin_connection()
        return self.tick(now_ns)

    def lost(self) -> None:
        """The connection is gone; what may not have arrived is told again in its present state."""
        self.is_connected = False
        self._report.put_back(self._unanswered)
        for failure in self._failures.lost():
            self._report.put_back({"remote_config_status": failure})
        self._unanswered = {}
        self._owed = 0

    def dropped(self) -> Effects:
        """HTTP: the server refused the last message itself (400): it is never sent again."""
        self._unanswered = {}
        self._owed = 0
        return [_remark("the server refused the last message; its content is not sent again")]

    def malformed(self) -> Effects:
        """A message of the server was unusable; on HTTP it was the answer."""
        if self._half_duplex:
            self._answered()
        return []

    def too_large(self) -> Effects:
        """HTTP: 413. The bulkiest parts of the message are withheld until they change."""
        bulky = [name for name in BULKY if name in self._unanswered][:1]
        for name in bulky:
            self._report.withhold(name)
            del self._unanswered[name]
        self._report.put_back(self._unanswered)
        self._unanswered = {}
        self._owed = 0
        what = f"; {bulky[0]} is withheld until it changes" if bulky else ""
        return [_remark(f"the server finds the last message too large{what}")]

    def stop(self) -> Effects:
        """The last message of a connection; the answer to it need not be waited for.

        Over HTTP it waits for the answer to the request before it, and comes with what follows from
        that: a client has one request under way (OpAMP, Plain HTTP Transport).
        """
        if not self.is_connected:
            return []
        if self._half_duplex and self._owed:
            self._is_leaving = True
            return []
        parts = self._report.take(self._permitted())
        message = self._message(parts)
        message.agent_disconnect.CopyFrom(AgentDisconnect())
        self._sequence += 1
        self._unanswered = {**self._unanswered, **parts}
        self.is_connected = False
        return [Once(Send(message))]

    def tick(self, now_ns: int) -> Effects:
        """Whatever is due: changes, the first report, full state, a heartbeat or poll."""
        if self._is_leaving:
            return self.stop()
        if not self.is_connected or (self._half_duplex and self._owed):
            return []
        if self._wants_full and self._full_reports.take(now_ns):
            self._wants_full = False
            self._report.ask_all()
            self._is_first = True
        if not self._has_news and now_ns < self._beat_at_ns():
            return []
        if self._has_news and not self._reports.take(now_ns):
            return []
        return self._send(now_ns)

    def next_deadline(self) -> int | None:
        """When `tick` will have something to do, on the caller's clock; None: not by time."""
        if not self.is_connected or (self._half_duplex and self._owed):
            return None
        deadlines = [self._beat_at_ns()]
        if self._has_news:
            deadlines.append(self._reports.ready_at_ns())
        if self._wants_full:
            deadlines.append(self._full_reports.ready_at_ns())
        soonest = min(deadlines)
        return None if soonest == _NEVER else soonest

    def received(self, message: ServerToAgent, now_ns: int) -> Effects:
        """A message of the server: what it asks for, then whatever is due now."""
        if message.instance_uid and message.instance_uid not in (self.uid, *self._former_uids):
            return [_remark(f"ignored a message for {uid_text(message.instance_uid)}")]
        self._answered()
        self._failures.received(is_plain=is_plain(message))
        if message.HasField("error_response"):
            return self._refused(message.error_response)
        self._has_heard = True
        self._note_capabilities(message.capabilities)
        if message.HasField("command"):
            return [*self._ordered(message.command.type), *self.tick(now_ns)]
        identity = self._identify(message)
        self._wants_full |= bool(message.flags & ServerFlag.REPORT_FULL_STATE)
        if message.flags & ServerFlag.REPORT_AVAILABLE_COMPONENTS:
            self._report.ask_components()
        taken = self._offers.take(message, self.capabilities)
        if taken.interval_s is not None:
            told = self.beat_every(taken.interval_s)
            taken.effects += [_remark(told)] if told else []
        if identity:
            # What is due waits for the next tick: the description is to name the new uid.
            return [*identity, *taken.effects]
        return [*taken.effects, *self.tick(now_ns)]

    # How.

    @property
    def _has_news(self) -> bool:
        if self._is_first or self._custom or self._asks_for_certificate:
            return True
        return bool(self._report.untold(self._permitted()))

    @property
    def _asks_for_certificate(self) -> bool:
        server = self.server_capabilities
        answers = server is None or ServerCapability.ACCEPTS_CONNECTION_SETTINGS_REQUEST in server
        return self._csr_is_due and self._has_heard and answers

    def _permitted(self) -> frozenset[str]:
        """The parts that this agent's bits allow and that the server's do not exclude (S10)."""
        server = self.server_capabilities
        return frozenset(
            name
            for name in PARTS
            if (name not in REPORT_NEEDS or REPORT_NEEDS[name] in self.capabilities)
            and (server is None or name not in _SERVER_NEEDS or _SERVER_NEEDS[name] in server)
        )

    def _beat_at_ns(self) -> int:
        beats = AgentCapability.REPORTS_HEARTBEAT in self.capabilities or self._half_duplex
        if not beats or not self.interval_s:
            return _NEVER
        return self._last_sent_ns + self.interval_s * NS_PER_S

    def _message(self, parts: Parts) -> AgentToServer:
        message = AgentToServer(
            instance_uid=self.uid, sequence_num=self._sequence, capabilities=int(self.capabilities)
        )
        if self._asks_for_uid:
            message.flags |= AgentFlag.REQUEST_INSTANCE_UID
        put_into(message, parts)
        return message

    def _send(self, now_ns: int) -> Effects:
        parts = self._report.take(self._permitted())
        message = self._message(parts)
        remarks = self._fit(message, parts)
        if self._asks_for_certificate:
            request = message.connection_settings_request.opamp.certificate_request
            request.csr = self._csr
            self._csr_is_due = False
        if self._custom:
            message.custom_message.CopyFrom(self._custom[0])
            if message.ByteSize() >= self.options.limit:
                message.ClearField("custom_message")
                remarks.append(_remark("a custom message is over the limit and was not sent"))
            del self._custom[0]
        self._sequence += 1
        self._is_first = False
        self._has_told_all = True
        self._last_sent_ns = now_ns
        self._owed += 1
        self._unanswered = {**self._unanswered, **parts}
        self._failures.sent(parts.get("remote_config_status"))
        return [*remarks, Once(Send(message))]

    def _fit(self, message: AgentToServer, parts: Parts) -> Effects:
        """Leave out what would make a message larger than the limit, and say so."""
        remarks: Effects = []
        for name in BULKY:
            if message.ByteSize() < self.options.limit:  # the header takes one byte
                break
            if name in parts:
                size = parts.pop(name).ByteSize()
                message.ClearField(name)
                self._report.withhold(name)
                remarks.append(_remark(f"{name} is not sent: {size} bytes go over the limit"))
        return remarks

    def _answered(self) -> None:
        # A push looks like an answer, so on WebSocket this may clear too soon; the gap in the
        # sequence numbers then makes the server ask for everything. A failure that is over by then
        # is no part of everything: `Failures` looks after those.
        self._owed = max(0, self._owed - 1)
        if not self._owed:
            self._unanswered = {}

    def _refused(self, error: ServerErrorResponse) -> Effects:
        if error.type != ErrorType.ServerErrorResponseType_Unavailable:
            if self._csr and not self._csr_is_due:
                self.certificate_came()  # the request may be what was refused: it is not repeated
            return [_remark(f"the server refused the last message: {error.error_message}")]
        wait_ns = error.retry_info.retry_after_nanoseconds if error.HasField("retry_info") else None
        reason = f"the server is unavailable: {error.error_message}".rstrip(": ")
        goodbye = [] if self._half_duplex else self.stop()
        return [*goodbye, Once(Leave(reason, wait_ns))]

    def _note_capabilities(self, bits: int) -> None:
        """Take over what the server states; 0 is no statement."""
        if not bits:
            return
        before = self._permitted()
        self.server_capabilities = ServerCapability(bits)
        for name in self._permitted() - before:
            self._report.ask(name)

    def _ordered(self, command: int) -> Effects:
        if command != CommandType.CommandType_Restart:
            return [_remark(f"ignored a command of type {command}, which otx does not know")]
        if AgentCapability.ACCEPTS_RESTART_COMMAND in self.capabilities:
            return [Once(RestartOrder())]
        return [_remark("ignored a command: this agent takes none")]

    def _identify(self, message: ServerToAgent) -> Effects:
        uid = message.agent_identification.new_instance_uid
        if not uid or uid == self.uid:
            return []
        if len(uid) != SIZE:
            return [_remark(f"ignored a new uid of {len(uid)} bytes")]
        self._former_uids = (*self._former_uids[1 - FORMER_UIDS :], self.uid)
        self.uid = InstanceUid(uid)
        self._asks_for_uid = False
        self._report.ask_all()  # the server knows nothing of the new uid yet
        return [Once(NewIdentity(self.uid))]


_NEVER = 1 << 63


def _remark(text: str) -> Once[Effect]:
    return Once(Remark(text))
