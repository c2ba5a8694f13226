"""One agent on one connection, watched: what it and the server say of each matter of OpAMP.

No body is kept: of what was sent there are digests, numbers and times.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from google.protobuf.message import Message

from otx.opamp.capabilities import AgentCapability, ServerFlag
from otx.opamp.hash_sessions import HashSessions
from otx.opamp.message_rules import Finding, answer_findings, report_findings
from otx.opamp.opamp_pb2 import (
    AgentToServer,
    ConnectionSettingsStatuses,
    RemoteConfigStatuses,
    ServerErrorResponseType,
    ServerToAgent,
)
from otx.opamp.protocol import CONNECTION, FULL_STATE, IDENTITY, Label
from otx.opamp.watcher import Watcher

PARTS = (
    "agent_description",
    "health",
    "effective_config",
    "remote_config_status",
    "package_statuses",
    "custom_capabilities",
    "available_components",
    "connection_settings_status",
)
"""The fields of AgentToServer that are left out while they have not changed."""
_NOT_A_HEARTBEAT = {*PARTS, "agent_disconnect", "flags", "connection_settings_request"} | {
    "custom_message"
}
FULL_STATE_PAUSE_NS = 60_000_000_000
"""A client that gave its full state may take this long until it gives it again."""
ASKS = 8
"""Questions for full state that are remembered; each may be answered."""
OWED = 16
"""Answers that are waited for; of more the server is late with the first all the same."""
LOOP = 3
"""Offers of a hash that FAILED from which on they are a loop."""
_FAILED = RemoteConfigStatuses.RemoteConfigStatuses_FAILED
_SETTINGS_APPLIED = ConnectionSettingsStatuses.ConnectionSettingsStatuses_APPLIED
_UNAVAILABLE = ServerErrorResponseType.ServerErrorResponseType_Unavailable
_SEQUENCES = 1 << 64


@dataclass(slots=True)
class Memory:
    """What is known of an agent beyond its connection.

    Attributes:
        sequence: The number of the last report that reached the server, or None.
        is_asked: The server asked for full state, and no complete report reached it since.
        reported: Hash, status and time of the last remote_config_status that reached the server.
        reporter: The watch of the connection that the last report came over.
        repeats: When a full report became due, once for each that may still come: a client
            answers at a limited rate, and perhaps on its next connection.
        is_shared: Two connections took turns, so two agents have the uid, and which of them the
            server asks, or knows, cannot be said.
    """

    capabilities: int = 0
    stated: tuple[tuple[int, int], ...] = ()
    sequence: int | None = None
    is_asked: bool = False
    full_ns: int | None = None
    reported: tuple[bytes, int, int] = (b"", 0, 0)
    failed_offers: int = 0
    reporter: int = 0
    repeats: tuple[int, ...] = ()
    is_shared: bool = False

    def may_repeat(self, now_ns: int) -> None:
        """The client has a reason to tell everything once more, unchanged parts too."""
        self.repeats = (*self.repeats[1 - ASKS :], now_ns)

    def state(self, capabilities: int, now_ns: int) -> None:
        """The agent states its capabilities; 0 is no statement."""
        if capabilities and capabilities != self.capabilities:
            self.capabilities = capabilities
            self.stated = (*self.stated[-3:], (capabilities, now_ns))

    def may_have(self, now_ns: int, patience_ns: int) -> int:
        """Every bit that a server may think the agent has: it may not have read the last report."""
        bits = self.capabilities
        for (earlier, _), (_, changed_ns) in pairwise(self.stated):
            if now_ns - changed_ns <= patience_ns:
                bits |= earlier
        return bits


def is_complete(report: AgentToServer, capabilities: int) -> bool:
    """Whether a report holds full state, as far as a stranger can tell.

    Statuses are left aside: an agent that received nothing yet may leave them out.
    """
    needed = {"agent_description"}
    if capabilities & AgentCapability.REPORTS_HEALTH:
        needed.add("health")
    if capabilities & AgentCapability.REPORTS_EFFECTIVE_CONFIG:
        needed.add("effective_config")
    return all(report.HasField(name) for name in needed)


class AgentWatch:
    """One agent on one connection; over HTTP, where there is none, for as long as it is watched."""

    def __init__(self, memory: Memory, is_http: bool, patience_ns: int) -> None:
        self.memory = memory
        self.new_uids: tuple[bytes, ...] = ()
        self.has_disconnected = False
        self._is_http = is_http
        self._patience_ns = patience_ns
        self._is_new = True
        self._sequence: int | None = None
        self._digests: dict[str, bytes] = {}
        self._may_repeat = True
        self._last_uid = b""
        self._asks: list[int] = []
        self._needs_full: tuple[int, int] | None = None
        self._owed: list[int] = []
        self._is_late_told = False
        self._interval: tuple[bytes, int] | None = None
        self._accepted_interval: tuple[int, int] | None = None
        self._last_ns = 0
        self._heartbeats = 0
        self._talk = Watcher(CONNECTION, patience_ns)
        self._full_state = Watcher(FULL_STATE, patience_ns)
        self._identity = Watcher(IDENTITY, patience_ns)
        self._configs = HashSessions(patience_ns)
        self._settings = HashSessions(patience_ns)

    def reported(
        self, report: AgentToServer, now_ns: int, is_delivered: bool = True
    ) -> Iterator[Finding]:
        """The client sent a report; the rules it breaks."""
        memory = self.memory
        memory.state(report.capabilities, now_ns)
        is_first, self._is_new = self._is_new, False
        if is_first:
            memory.repeats = (now_ns,) * len(memory.repeats)
        memory.is_shared |= not is_first and memory.reporter != id(self)
        memory.reporter = id(self)
        follows = self._sequence is not None and (
            report.sequence_num == (self._sequence + 1) % _SEQUENCES
        )
        # By the specification's text a poll may hold the uid and nothing else.
        states_all = not self._is_http or report.HasField("agent_description")
        if is_first and states_all and not memory.capabilities:
            yield 209, "no capabilities in the first report that was seen"
        yield from report_findings(report, memory.capabilities)
        if not self._is_http and self._sequence is not None and not follows:
            yield 58, f"sequence_num {report.sequence_num} after {self._sequence}"
        if self._is_http and not follows:
            # Another process, which read nothing that was sent to the one before; or lost requests.
            self._full_state = Watcher(FULL_STATE, self._patience_ns)
            self._identity = Watcher(IDENTITY, self._patience_ns)
            self._configs.restarts()
        yield from self._spoken(report, now_ns, is_first)
        yield from self._unchanged(report, now_ns, is_continued=not self._is_http or follows)
        yield from self._statuses(report, now_ns)
        yield from self._heartbeat(report, now_ns)
        self._sequence = report.sequence_num
        if is_delivered:
            self._known(report, now_ns, is_first)

    def answered(
        self, answer: ServerToAgent, now_ns: int, is_delivered: bool = True
    ) -> Iterator[Finding]:
        """The server sent a message to this agent; the rules it breaks."""
        if self._owed:
            self._owed.pop(0)
        self._is_late_told = False
        yield from answer_findings(answer, self.memory.may_have(now_ns, self._patience_ns))
        if answer.HasField("error_response"):
            self._may_repeat = True
            if is_delivered and answer.error_response.type == _UNAVAILABLE:
                self._talk.hears(Label.UNAVAILABLE, now_ns)
            return
        yield from self._offered_again(answer, now_ns)
        if answer.flags & ServerFlag.REPORT_FULL_STATE:
            self._needs_full = None
            self.memory.is_asked = True
            self._asks = [*self._asks[1 - ASKS :], now_ns]
            self.memory.may_repeat(now_ns)
            if is_delivered:
                self._full_state.hears(Label.ASK, now_ns)
        elif self._is_http and self._needs_full:
            number, _ = self._needs_full
            self._needs_full = None
            yield number, "the answer has no ReportFullState"
        if is_delivered:
            self._hear(answer, now_ns)

    def tick(self, now_ns: int) -> Iterator[Finding]:
        """Time passed: what is overdue."""
        if self._needs_full and now_ns - self._needs_full[1] > self._patience_ns:
            number, since_ns = self._needs_full
            self._needs_full = None
            yield number, f"no ReportFullState within {_seconds(now_ns - since_ns)}"
        is_late = bool(self._owed) and now_ns - self._owed[0] > self._patience_ns
        if is_late and not self._is_late_told and not self._is_http:
            self._is_late_told = True
            yield 66, f"a report was not answered within {_seconds(now_ns - self._owed[0])}"

    def closes(self, now_ns: int) -> Iterator[Finding]:
        """The client sent a Close frame of its own accord."""
        if not self.has_disconnected:
            yield 202, "closed without agent_disconnect"

    def missed(self) -> None:
        """A report may have gone by that could not be read."""
        self._sequence = None

    def was_refused(self) -> None:
        """A request of this agent got another status than 200: it may send the same again."""
        self._may_repeat = True
        self._owed.clear()
        self._needs_full = None

    def _spoken(self, report: AgentToServer, now_ns: int, is_first: bool) -> Iterator[Finding]:
        is_last = report.HasField("agent_disconnect")
        if not self._is_http:
            label = Label.DISCONNECT if is_last else Label.REPORT
            if not self._talk.says(label, now_ns) and not is_first:
                if self.has_disconnected:
                    yield 202, "a message after agent_disconnect"
                else:
                    yield 211, "a report after Unavailable"
        self.has_disconnected = self.has_disconnected or is_last
        is_new = report.instance_uid in self.new_uids
        is_in_place = self._identity.says(Label.AS_NEW if is_new else Label.AS_OLD, now_ns)
        if not is_in_place and not is_new:
            yield 205, "a message under the uid that was replaced"
        yield from self._fullness(report, now_ns)

    def _fullness(self, report: AgentToServer, now_ns: int) -> Iterator[Finding]:
        memory = self.memory
        is_full = is_complete(report, memory.capabilities)
        is_in_place = self._full_state.says(Label.FULL if is_full else Label.COMPRESSED, now_ns)
        is_paused = memory.full_ns is not None and now_ns - memory.full_ns < FULL_STATE_PAUSE_NS
        if is_full:
            memory.full_ns = now_ns
        # One response may be lost behind the watcher; a server that means it asks again.
        is_sure = not self._is_http or len(self._asks) > 1
        is_last = report.HasField("agent_disconnect")
        if not is_in_place and is_sure and not is_paused and not is_last:
            yield 64, "a report without full state, long after it was asked for"

    def _unchanged(
        self, report: AgentToServer, now_ns: int, is_continued: bool
    ) -> Iterator[Finding]:
        digests = {name: digest(getattr(report, name)) for name in PARTS if report.HasField(name)}
        if report.instance_uid != self._last_uid:
            # Under another uid the server knows nothing of it.
            self._digests, self._last_uid = {}, report.instance_uid
        same = [name for name, value in digests.items() if self._digests.get(name) == value]
        if not is_continued:
            self._digests = {}
        elif same and not (
            self._may_repeat or report.HasField("agent_disconnect") or self._is_due(now_ns)
        ):
            yield 56, f"{', '.join(same)} sent again unchanged"
        self._digests.update(digests)
        self._may_repeat = self.memory.is_asked

    def _is_due(self, now_ns: int) -> bool:
        """Whether there was a reason to tell everything, each reason for one report."""
        waited_ns = self._patience_ns + FULL_STATE_PAUSE_NS
        due = [since_ns for since_ns in self.memory.repeats if now_ns - since_ns <= waited_ns]
        self.memory.repeats = tuple(due[1:])
        self._asks = self._asks[1:]
        return bool(due)

    def _statuses(self, report: AgentToServer, now_ns: int) -> Iterator[Finding]:
        status = report.remote_config_status
        if report.HasField("remote_config_status") and not status.last_remote_config_hash:
            self._configs.is_known_from_start = True  # it says that it has received nothing
        number = self._configs.said(status.last_remote_config_hash, status.status, now_ns)
        if number is not None:
            word = RemoteConfigStatuses.Name(status.status).removeprefix("RemoteConfigStatuses_")
            yield number, f"{word} for {short(status.last_remote_config_hash)}"
        settings = report.connection_settings_status
        self._settings.said(settings.last_connection_settings_hash, settings.status, now_ns)
        said = (settings.last_connection_settings_hash, settings.status)
        if self._interval and said == (self._interval[0], _SETTINGS_APPLIED):
            self._accepted_interval = (self._interval[1], now_ns)

    def _heartbeat(self, report: AgentToServer, now_ns: int) -> Iterator[Finding]:
        since_ns, self._last_ns = self._last_ns, now_ns
        if self._accepted_interval is None or self._is_http:
            return
        seconds, accepted_ns = self._accepted_interval
        if since_ns < accepted_ns or now_ns == accepted_ns:
            return
        is_bare = not _NOT_A_HEARTBEAT & {one.name for one, _ in report.ListFields()}
        if seconds == 0:
            self._heartbeats += is_bare
            if is_bare and self._heartbeats == 2:
                yield 113, "heartbeats after an interval of 0 was applied"
            return
        is_due = now_ns - since_ns > (seconds + max(seconds, 5)) * 1_000_000_000
        if is_due and seconds and self.memory.capabilities & AgentCapability.REPORTS_HEARTBEAT:
            yield 208, f"{_seconds(now_ns - since_ns)} of silence, the interval is {seconds} s"

    def _known(self, report: AgentToServer, now_ns: int, is_first: bool) -> None:
        """What the server knows once it read the report."""
        memory = self.memory
        is_full = report.HasField("agent_description")
        is_gap = memory.sequence is not None and (
            report.sequence_num != (memory.sequence + 1) % _SEQUENCES
        )
        if is_full:
            memory.is_asked = False
            self._needs_full = None
        elif report.HasField("agent_disconnect") or memory.is_shared:
            self._needs_full = None
        elif is_gap:
            self._needs_full = self._needs_full or (59, now_ns)
        elif is_first and memory.is_asked and not self._is_http:
            self._needs_full = (61, now_ns)
        memory.sequence = report.sequence_num
        if len(self._owed) < OWED:
            self._owed.append(now_ns)
        status = report.remote_config_status
        said = (status.last_remote_config_hash, int(status.status))
        if said[0] and said != memory.reported[:2]:
            memory.failed_offers = 0
            memory.reported = (*said, now_ns)

    def _offered_again(self, answer: ServerToAgent, now_ns: int) -> Iterator[Finding]:
        memory = self.memory
        config_hash, status, told_ns = memory.reported
        if not answer.HasField("remote_config") or answer.remote_config.config_hash != config_hash:
            return
        # A server that asks for full state says that it does not know what the agent has.
        if not config_hash or answer.flags & ServerFlag.REPORT_FULL_STATE:
            return
        if self._is_http or now_ns - told_ns > self._patience_ns:
            yield 80, f"{short(config_hash)} offered to an agent that reported it"
        if status == _FAILED:
            memory.failed_offers += 1
            if memory.failed_offers == LOOP:
                yield 95, f"{short(config_hash)} offered {LOOP} times after it was FAILED"

    def _hear(self, answer: ServerToAgent, now_ns: int) -> None:
        """What is on its way to the client."""
        if answer.HasField("remote_config"):
            self._configs.offered(answer.remote_config.config_hash, now_ns)
        if answer.HasField("command"):
            self._configs.restarts()
        if answer.HasField("connection_settings"):
            settings = answer.connection_settings
            self._settings.offered(settings.hash, now_ns)
            if settings.HasField("opamp"):
                self._interval = (settings.hash, settings.opamp.heartbeat_interval_seconds)
        if answer.HasField("agent_identification"):
            self.new_uids = (*self.new_uids[-3:], answer.agent_identification.new_instance_uid)
            self._identity.hears(Label.NEW_UID, now_ns)
            self.memory.may_repeat(now_ns)  # nothing is known of the new uid yet


def digest(message: Message) -> bytes:
    """Eight bytes that tell whether two messages say the same; map entries in any order."""
    return hashlib.blake2b(message.SerializeToString(deterministic=True), digest_size=8).digest()


def short(config_hash: bytes) -> str:
    """A hash as people read it."""
    return config_hash.hex()[:8]


def _seconds(duration_ns: int) -> str:
    return f"{duration_ns / 1e9:.0f} s"
