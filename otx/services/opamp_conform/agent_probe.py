"""What a check of an agent has in its hands."""

import hashlib
import secrets
import shlex
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from otx.opamp.capabilities import REPORT_NEEDS, AgentCapability, ServerFlag
from otx.opamp.framing import DEFAULT_LIMIT
from otx.opamp.instance_uid import SIZE
from otx.opamp.opamp_pb2 import (
    AgentToServer,
    ConnectionSettingsOffers,
    RemoteConfigStatuses_APPLIED,
    RemoteConfigStatuses_FAILED,
    ServerToAgent,
)
from otx.services.opamp_conform.checks import Book
from otx.services.opamp_conform.launcher import Launcher
from otx.services.opamp_conform.outcome import Failed, NotApplicable, NotTestable, Passage
from otx.services.opamp_conform.script import Refusal, Report
from otx.services.opamp_conform.stage import Stage

APPLIED, FAILED = RemoteConfigStatuses_APPLIED, RemoteConfigStatuses_FAILED
UNPARSABLE = b"{[ this is no configuration: : }\n\t- ]"
HTTP_POLL_S = 1
SICKEN_S = 30


@dataclass(frozen=True, slots=True)
class AgentMeans:
    """What the user gave to test an agent with.

    Attributes:
        configs: Configurations that it can run, the first one first.
        sicken: A command that makes its health change.
    """

    timeout_s: float = 5.0
    limit: int = DEFAULT_LIMIT
    configs: Sequence[bytes] = ()
    failing: bytes | None = None
    crashing: bytes | None = None
    sicken: str = ""

    @property
    def quiet_s(self) -> float:
        """How long is listened for what must not come."""
        return self.timeout_s / 5

    @property
    def settle_s(self) -> float:
        """How long an agent may take for a configuration: it starts processes."""
        return 4 * self.timeout_s

    @property
    def start_s(self) -> float:
        """How long a program may take to start and report, or to come back."""
        return 6 * self.timeout_s


@dataclass
class AgentProbe:
    """One check's view of an agent, over one transport.

    Attributes:
        launcher: Starts the agent anew for each check; None: it runs already, and goes on.
    """

    stage: Stage
    transport: str
    means: AgentMeans
    launcher: Launcher | None = None
    offers_interval: bool = True
    _salt: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    _begin: int = 0
    _cursor: int = 0
    _known: AgentToServer = field(default_factory=AgentToServer)

    @property
    def quiet_s(self) -> float:
        """See `AgentMeans.quiet_s`."""
        return self.means.quiet_s

    @property
    def settle_s(self) -> float:
        """See `AgentMeans.settle_s`."""
        return self.means.settle_s

    @property
    def start_s(self) -> float:
        """See `AgentMeans.start_s`."""
        return self.means.start_s

    @property
    def reports(self) -> list[Report]:
        """Every report since the check began."""
        return self.stage.reports[self._begin :]

    def start(self) -> Report:
        """Start the agent, or find the one that runs; a report with its description."""
        self._cursor = self._begin = len(self.stage.reports)
        if self.transport == "http" and self.offers_interval:
            self.stage.greeting = self._shorter_polling
        if self.launcher is not None:
            self.launcher.start(self.stage.url(self.transport))
        elif self.stage.senders and self.stage.reports:
            # One that is connected already may have nothing to say for long.
            self._ask_whole(self.stage.reports[-1].message.instance_uid)
        first = self.until(lambda _: True, self.start_s, "first report")
        self._known.instance_uid = first.message.instance_uid
        self._known.capabilities = first.message.capabilities
        if not first.message.HasField("agent_description"):
            first = self.whole()
        self._known.MergeFrom(first.message)
        return first

    @property
    def bits(self) -> AgentCapability:
        """What the agent states."""
        return AgentCapability(self._known.capabilities)

    @property
    def uid(self) -> bytes:
        """The agent's uid."""
        return self._known.instance_uid

    def needs(self, bit: AgentCapability) -> None:
        """Go on only with an agent that states a capability."""
        if bit not in self.bits:
            raise NotApplicable(f"the agent does not state {bit.name}")

    def needs_process(self) -> Launcher:
        """Go on only where this program starts the agent."""
        if self.launcher is None:
            raise NotTestable("needs a new process: give the agent's command behind --")
        return self.launcher

    def until(
        self, holds: Callable[[Report], bool], timeout_s: float | None = None, what: str = ""
    ) -> Report:
        """The next report that holds; what came before it is passed over.

        Raises:
            Failed: None comes in time.
        """
        wait_s = self.means.timeout_s if timeout_s is None else timeout_s
        found = self._next(holds, wait_s)
        if found is None:
            raise Failed(f"no {what or 'report of that kind'} in {wait_s:g} s{self._end()}")
        return found

    def never(
        self, holds: Callable[[Report], bool], what: str, seconds: float | None = None
    ) -> None:
        """Nothing that holds comes for a while.

        Raises:
            Failed: It does.
        """
        self._deliver()
        found = self._next(holds, self.quiet_s if seconds is None else seconds)
        if found is not None:
            raise Failed(what, Passage("received", found.data, found.message, found.at_s))

    def during(self, seconds: float) -> list[Report]:
        """Every report of the next seconds."""
        begin = self._cursor
        self._deliver()
        self._next(lambda _: False, seconds)
        return self.stage.reports[begin : self._cursor]

    def tell(self, **parts: object) -> ServerToAgent:
        """Send a message to the agent; over HTTP with the answer to its next poll."""
        message = ServerToAgent(
            instance_uid=self.uid,
            capabilities=self.stage.capabilities,
            **parts,  # type: ignore[arg-type]
        )
        self.stage.send(message)
        return message

    def whole(self) -> Report:
        """Ask for full state; the report that has it."""
        self._ask_whole(self.uid)
        report = self.until(is_whole, self.settle_s, "full state after ReportFullState")
        self._known.MergeFrom(report.message)
        return report

    def offer(self, body: bytes, key: str = "") -> bytes:
        """Offer a configuration; its hash, which no other check has offered."""
        hash_ = hashlib.sha256(self._salt + key.encode() + b"\0" + body).digest()
        self.offer_hash(hash_, body, key)
        return hash_

    def offer_hash(self, hash_: bytes, body: bytes, key: str = "") -> None:
        """Offer a configuration under a hash."""
        file = {"body": body, "content_type": "text/yaml"}
        self.tell(remote_config={"config": {"config_map": {key: file}}, "config_hash": hash_})

    def good(self, number: int = 0) -> bytes:
        """A configuration that the agent can run; where there is but one, the second is like it."""
        self.needs(AgentCapability.ACCEPTS_REMOTE_CONFIG)
        configs = self.means.configs
        if not configs:
            raise NotTestable("needs a configuration that the agent can run (--config FILE)")
        return configs[number] if number < len(configs) else configs[0] + b"\n# another\n"

    def applied(self, body: bytes) -> bytes:
        """Offer a configuration and wait until it is APPLIED; its hash."""
        hash_ = self.offer(body)
        self.ends_as(hash_, APPLIED)
        return hash_

    def ends_as(self, hash_: bytes, status: int) -> Report:
        """Wait for a status of a hash; the other end is a failure at once."""
        other = FAILED if status == APPLIED else APPLIED
        report = self.until(
            lambda one: status_is(one, hash_, status) or status_is(one, hash_, other),
            self.settle_s,
            f"{'APPLIED' if status == APPLIED else 'FAILED'} for the hash that was offered",
        )
        found = report.message.remote_config_status
        if found.status != status:
            raise Failed(f"the configuration ended as the opposite: {found.error_message}")
        return report

    def until_opening(self, begin: int, timeout_s: float) -> float:
        """When the opening with this index came: monotonic seconds.

        Raises:
            Failed: It does not come in time.
        """
        with self.stage.changed:
            if not self.stage.changed.wait_for(lambda: len(self.stage.openings) > begin, timeout_s):
                raise Failed(f"the agent does not come back in {timeout_s:g} s")
            return self.stage.openings[begin].at_s

    def sicken(self) -> None:
        """Run the user's command that changes the agent's health."""
        if not self.means.sicken:
            raise NotTestable("needs the operator: change the agent's health (--sicken CMD)")
        try:
            done = subprocess.run(  # noqa: S603 - the user's own command
                shlex.split(self.means.sicken),
                capture_output=True,
                timeout=SICKEN_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise NotTestable(f"--sicken: {error}") from None
        if done.returncode:
            raise NotTestable(f"--sicken ended with {done.returncode}")

    def interval(self, seconds: int) -> bytes:
        """Offer a heartbeat interval; the offer's hash."""
        offers = self._interval_offer(seconds)
        self.tell(connection_settings=offers)
        return offers.hash

    def takes_interval(self) -> bool:
        """Whether it states a capability that an interval can be offered to."""
        return bool(self.bits & INTERVAL_BITS)

    def close(self) -> None:
        """End the agent where this program started it."""
        if self.launcher is not None:
            self.launcher.close()

    def _shorter_polling(self, first: Report) -> ServerToAgent:
        """A poller that comes every 30 s would make every check wait for it."""
        bits = AgentCapability(first.message.capabilities)
        if not bits & INTERVAL_BITS:
            return ServerToAgent()
        return ServerToAgent(connection_settings=self._interval_offer(HTTP_POLL_S))

    def _interval_offer(self, seconds: int) -> ConnectionSettingsOffers:
        offers = ConnectionSettingsOffers(hash=f"interval {seconds} {time.time_ns()}".encode())
        offers.opamp.heartbeat_interval_seconds = seconds
        offers.opamp.destination_endpoint = self.stage.url(self.transport)
        return offers

    def _ask_whole(self, uid: bytes) -> None:
        flags = int(ServerFlag.REPORT_FULL_STATE)
        capabilities = self.stage.capabilities
        self.stage.send(ServerToAgent(instance_uid=uid, capabilities=capabilities, flags=flags))

    def _deliver(self) -> None:
        """Wait until a poller has fetched what waits for it."""
        with self.stage.changed:
            if self.stage.hold.is_set():
                self.stage.changed.wait_for(lambda: not self.stage.waiting, self.start_s)

    def _next(self, holds: Callable[[Report], bool], wait_s: float) -> Report | None:
        ends_s = time.monotonic() + wait_s
        with self.stage.changed:
            while True:
                while self._cursor < len(self.stage.reports):
                    report = self.stage.reports[self._cursor]
                    self._cursor += 1
                    if holds(report):
                        return report
                left_s = ends_s - time.monotonic()
                if left_s <= 0 or (self.launcher is not None and self._is_over()):
                    return None
                self.stage.changed.wait(min(left_s, 0.25))

    def _end(self) -> str:
        launcher = self.launcher
        if launcher is None or launcher.ended is None:
            return ""
        return f"; the agent ended with {launcher.ended}: {launcher.last_words()}"

    def _is_over(self) -> bool:
        return self.launcher is not None and self.launcher.ended not in (None, 0)


INTERVAL_BITS = (
    AgentCapability.REPORTS_HEARTBEAT | AgentCapability.ACCEPTS_OPAMP_CONNECTION_SETTINGS
)
AGENT: Book[AgentProbe] = Book()


def is_whole(report: Report) -> bool:
    """Whether it has a description, as full state always does."""
    return report.message.HasField("agent_description")


def status_is(report: Report, hash_: bytes, status: int) -> bool:
    """Whether it has this remote_config_status."""
    found = report.message.remote_config_status
    return found.last_remote_config_hash == hash_ and found.status == status


def missing_parts(message: AgentToServer, has_offer: bool) -> list[str]:
    """What full state lacks of what the agent's capabilities announce.

    Args:
        has_offer: A configuration was offered: before that there need be no status of one.
    """
    bits = AgentCapability(message.capabilities)
    late = set() if has_offer else {"remote_config_status"}
    wanted = [
        name
        for name, bit in REPORT_NEEDS.items()
        if bit in bits and name not in late | {"connection_settings_status"}
    ]
    return [name for name in ("agent_description", *wanted) if not message.HasField(name)]


def uid_fault(uid: bytes) -> str:
    """What is wrong with a uid, or nothing."""
    return "" if len(uid) == SIZE else f"instance_uid has {len(uid)} bytes, not {SIZE}"


def refuse_next(stage: Stage, status: int, **headers: str) -> int:
    """Refuse the next opening; its index among the openings."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    with stage.changed:
        stage.refusals.append(Refusal(status, named))
        return len(stage.openings)
