"""The agent: a connection, a supervised process, and what each has to know of the other."""

import asyncio
import contextlib
import json
import os
import secrets
import shutil
import signal
import time
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path

from otx import __version__
from otx.errors import OtxError, UsageError
from otx.opamp.capabilities import AgentCapability as Bit
from otx.opamp.client.core import Client, ClientOptions
from otx.opamp.client.effects import SettingsOffer, TelemetryOffer
from otx.opamp.client.settings import Role, Trial, Verdict
from otx.opamp.config_machine import Offer
from otx.opamp.effect import Once
from otx.opamp.instance_uid import InstanceUid, new_uid, parse_uid, uid_text
from otx.opamp.opamp_pb2 import AgentDescription
from otx.opamp.signing import PublicKey, public_key
from otx.opamp.transport.endpoint import Endpoint, Tls
from otx.services.agent.collector import Build, build_of
from otx.services.agent.connection import APPLIED, Connection
from otx.services.agent.description import describe
from otx.services.agent.enrolment import Enrolment
from otx.services.agent.link import Link
from otx.services.agent.local_text import read_base
from otx.services.agent.logfile import LogFile
from otx.services.agent.memory import Keeper
from otx.services.agent.notify import Notifier
from otx.services.agent.options import AgentOptions, Supervised
from otx.services.agent.own.metrics import Usage, usage_of
from otx.services.agent.own.telemetry import OwnTelemetry
from otx.services.agent.process import adopt_orphans, end_left_behind
from otx.services.agent.redaction import redacted_words
from otx.services.agent.reports import effective_config, health, remote_status, settings_status
from otx.services.agent.section import Section, read_section
from otx.services.agent.state import StateDirectory, write_shown
from otx.services.agent.status_document import STATUS_EVERY_S, status_document
from otx.services.agent.status_text import status_line
from otx.services.agent.supervisor import Supervisor

STATUS = "status.json"
REMARKS_KEPT = 20
GOODBYE_S = 5.0


class Agent:
    """One `otx agent run`."""

    def __init__(self, options: AgentOptions, variables: Mapping[str, str]) -> None:
        """Read everything that can be wrong with an agent, before anything is started.

        Raises:
            OtxError: A file, a key or a URL cannot be used.
        """
        self._options = options
        self._log = LogFile(options.log)
        self._remarks: deque[str] = deque(maxlen=REMARKS_KEPT)
        self._is_dirty = asyncio.Event()
        self._description = AgentDescription()
        self._own = OwnTelemetry(self._usages, lambda: self._description, self.remark)
        self._notifier = Notifier(variables, os.getpid())
        self._trusted: tuple[PublicKey, ...] = tuple(public_key(one) for one in options.trust)
        early = _supervised(options, Section())
        self._base_path = options.config or early.base
        base = read_base(self._base_path)
        self._section = read_section(base or b"", self._base_path)
        self._supervised = _supervised(options, self._section)
        _check_command(self._supervised, variables)
        self._keeper = Keeper(StateDirectory(options.state_folder, self.remark), self.remark)
        self._local = [
            Endpoint.of(url, options.headers, _local_tls(self._section)) for url in options.servers
        ]
        self._connection = Connection(self._keeper, self._local, self.remark)
        self._uid = self._identity()
        self._build: Build | None = None
        self._reported: bytes | None = None
        self._effective = effective_config(None)
        self._started_unix_ns = time.time_ns()
        self._client = Client(self._uid, self._client_options())
        self._child_variables = _child_variables(variables)
        self._enrolment = Enrolment(
            self._keeper, self._child_variables, self._ask_certificate, self.remark
        )
        self._stopped = asyncio.Event()
        self._reloading = asyncio.Lock()
        self.supervisor = Supervisor(
            self._keeper,
            self._supervised,
            self._section,
            self._trusted,
            self._child_variables,
            base=base,
            expects_offers=options.allows_remote,
            on_change=self._changed,
            on_remark=self.remark,
            on_output=self._log.raw,
        )
        self._link = Link(
            self._client,
            self,
            trial=Trial("candidate" in self._keeper.memory.settings),
            limits=self._section.limits,
        )

    async def run(self) -> None:
        """Run until TERM or INT; the process is gone and the server told on return."""
        adopt_orphans()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        if await end_left_behind(self._keeper.memory.process, self._section.timing.stop_s):
            self.remark("ended a process that a former agent had left behind")
        async with asyncio.TaskGroup() as group:
            loop.add_signal_handler(
                signal.SIGHUP, lambda: self._stopped.is_set() or group.create_task(self._reload())
            )
            supervising = group.create_task(self.supervisor.run())
            linking = group.create_task(self._link.run()) if self._local else None
            writing = group.create_task(self._write_status())
            watching = group.create_task(self._feed_watchdog())
            telling = group.create_task(self._own.run())
            self._aim(self._keeper.memory.telemetry)
            enrolling = None
            if self._section.tls.get("request") == "true" and self._options.allows_settings:
                enrolling = group.create_task(self._enrolment.run(lambda: self._uid))
            if self._supervised.is_collector:
                group.create_task(self._learn_build())
            self._describe()
            self._changed()
            self._notifier.ready()
            self.remark(f"ready uid={uid_text(self._uid)} pid={os.getpid()}")
            await self._stopped.wait()
            self._notifier.stopping()
            if linking is not None:
                self._link.stop()
                await asyncio.wait([linking], timeout=GOODBYE_S)
                linking.cancel()
            supervising.cancel()
            await self.supervisor.stop()
            writing.cancel()
            watching.cancel()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(GOODBYE_S):
                    await self._own.flush()
            telling.cancel()
            if enrolling is not None:
                enrolling.cancel()
        self._put_status("stopped")
        self.remark("stopped")

    # What the link tells (`link.Handler`).

    def config_offered(self, envelope: Once[Offer]) -> None:
        """A configuration is assigned."""
        self.supervisor.offered(envelope)

    def restart_ordered(self) -> None:
        """The server orders a restart."""
        self.remark("the server orders a restart")
        self.supervisor.restart()

    def identified(self, uid: bytes) -> None:
        """The server gave the agent another uid: kept before anything is sent with it."""
        self._uid = InstanceUid(uid)
        self._keeper.change(uid=uid.hex(), uid_is_assigned=True)
        self.remark(f"the server gave this agent the uid {uid_text(uid)}")
        self._describe()

    def settings_offered(self, offer: SettingsOffer) -> bool:
        """Other settings for the connection: refused, or kept as the candidate and tried."""
        completed = self._enrolment.completed(offer.settings)
        if completed is not offer.settings:
            self._client.certificate_came()
        is_kept = self._connection.offered(offer.settings_hash, completed, self._section.allowed)
        self._beat_as_accepted(completed.heartbeat_interval_seconds)
        self._changed()
        return is_kept

    def settings_decided(self, verdict: Verdict, reason: str) -> None:
        """The candidate works and is the current one from now on, or it does not."""
        self._connection.decided(verdict, reason)
        self._beat_as_accepted(self._connection.interval_s(self._section.heartbeat_s))
        self._changed()

    def endpoints(self, role: Role) -> Sequence[Endpoint]:
        """Where to connect to."""
        return self._connection.endpoints(role)

    def telemetry_offered(self, offer: TelemetryOffer) -> None:
        """Where the agent's own telemetry goes."""
        kept = {**self._keeper.memory.telemetry, offer.signal: offer.settings.SerializeToString()}
        self._keeper.change(telemetry=kept)
        self._aim({offer.signal: kept[offer.signal]})

    def remark(self, text: str) -> None:
        """Something the user should be able to read: in the log, and in `otx agent status`."""
        text = redacted_words(text)  # a server's words, and a process's, may be in it
        self._log.line(text)
        self._remarks.append(text)
        self._own.line(text)
        self._is_dirty.set()

    def connection_changed(self) -> None:
        """The connection came or went."""
        self._is_dirty.set()

    # How.

    def _stop(self) -> None:
        if self._stopped.is_set():
            # A second signal: nothing is waited for any more. The kernel ends the process (prctl).
            os._exit(143)
        self._stopped.set()

    async def _reload(self) -> None:
        """HUP: the local file and the log are read and opened again."""
        self._notifier.reloading(time.monotonic_ns() // 1000)
        self._log.reopen()
        async with self._reloading:
            self.supervisor.reload_begins()
            try:
                base = read_base(self._base_path)
                section = read_section(base or b"", self._base_path)
            except OSError as error:
                self.supervisor.refuse_local(f"{self._base_path}: {(error.strerror or '').lower()}")
            except OtxError as error:
                self.supervisor.refuse_local(error.message)
            else:
                self._section = section
                self._describe()
                await self.supervisor.rebase(base, section)
                self.remark("the local file was read again")
        self._notifier.ready()

    def _changed(self) -> None:
        """Tell the core what may have changed; it sends what did."""
        client, supervisor = self._client, self.supervisor
        record = supervisor.machine.record
        self._own.changed(record)
        client.set_health(health(supervisor, self._started_unix_ns))
        if supervisor.text is not self._reported:
            self._reported = supervisor.text
            self._effective = effective_config(supervisor.text)
        client.set_effective_config(self._effective)
        status = remote_status(record)
        if status is not None:
            client.set_remote_config_status(status)
        told = settings_status(self._keeper.memory)
        if told is not None:
            client.set_settings_status(told)
        self._is_dirty.set()
        self._link.wake()

    def _describe(self) -> None:
        section, build = self._section, self._build
        name = section.name or (build.name if build else "") or self._supervised.name
        version = build.version if build else "" if self._supervised.run else __version__
        self._description = describe(self._uid, name, version, section.attributes, self._trusted)
        self._client.set_description(self._description)
        self._link.wake()

    def _beat_as_accepted(self, interval_s: int) -> None:
        """The interval of settings that are refused, or still tried, does not count."""
        if self._keeper.memory.settings_status == APPLIED:
            told = self._client.beat_every(interval_s)
            if told:
                self.remark(told)

    def _ask_certificate(self, csr: bytes) -> None:
        self._client.request_certificate(csr)
        self._link.wake()

    def _aim(self, offers: Mapping[str, bytes]) -> None:
        self._own.aim(offers, allows_insecure=self._section.allowed.insecure)

    def _usages(self) -> list[Usage]:
        """What the agent and its process have used."""
        found = [usage_of(os.getpid(), "agent", self._started_unix_ns)]
        process = self._keeper.memory.process
        if process is not None:
            started_ns = self.supervisor.runner.started_unix_ns
            found.append(usage_of(process[0], "supervised", started_ns))
        return [one for one in found if one is not None]

    async def _learn_build(self) -> None:
        """Ask the Collector what it is made of."""
        build = await build_of(self._supervised.run[0], self._child_variables)
        if build is not None:
            self._build = build
            self._client.set_components(build.components)
            self._describe()

    def _identity(self) -> InstanceUid:
        known = self._keeper.memory.uid
        if known:
            return parse_uid(known)
        uid = new_uid(time.time_ns() // 1_000_000)
        self._keeper.change(uid=uid.hex())
        return uid

    def _client_options(self) -> ClientOptions:
        bits = (
            Bit.REPORTS_STATUS
            | Bit.REPORTS_HEALTH
            | Bit.REPORTS_EFFECTIVE_CONFIG
            | Bit.REPORTS_REMOTE_CONFIG
            | Bit.REPORTS_HEARTBEAT
            | Bit.REPORTS_OWN_METRICS
            | Bit.REPORTS_OWN_TRACES
            | Bit.REPORTS_OWN_LOGS
            | Bit.ACCEPTS_RESTART_COMMAND
        )
        if self._options.allows_remote:
            bits |= Bit.ACCEPTS_REMOTE_CONFIG
        if self._supervised.is_collector:
            bits |= Bit.REPORTS_AVAILABLE_COMPONENTS
        if self._options.allows_settings:
            bits |= Bit.ACCEPTS_OPAMP_CONNECTION_SETTINGS | Bit.REPORTS_CONNECTION_SETTINGS_STATUS
        return ClientOptions(
            capabilities=bits,
            first_sequence=secrets.randbits(32),
            asks_for_uid=self._section.asks_for_uid and not self._keeper.memory.uid_is_assigned,
            interval_s=self._connection.interval_s(self._section.heartbeat_s),
            limit=self._section.limits.message_bytes,
        )

    async def _feed_watchdog(self) -> None:
        if self._notifier.watchdog_s is None:
            return
        while True:
            self._notifier.alive()
            await asyncio.sleep(self._notifier.watchdog_s)

    async def _write_status(self) -> None:
        """Write what `otx agent status` shows, at most five times a second, and now and then.

        Who reads it can so tell an agent that hangs from one that has nothing to say.
        """
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(STATUS_EVERY_S):
                    await self._is_dirty.wait()
            self._is_dirty.clear()
            self._put_status("running")
            await asyncio.sleep(0.2)

    def _put_status(self, state: str) -> None:
        body = status_document(
            state,
            uid=self._uid,
            memory=self._keeper.memory,
            supervisor=self.supervisor,
            link=self._link.state,
            servers=self._local,
            started_unix_ns=self._started_unix_ns,
            allows_remote=self._options.allows_remote,
            own_telemetry=self._own.state(),
            remarks=list(self._remarks),
        )
        self._notifier.status(status_line(body))
        with contextlib.suppress(OSError):
            write_shown(self._options.state_folder / STATUS, json.dumps(body).encode())


def _supervised(options: AgentOptions, section: Section) -> Supervised:
    return Supervised.of(options.command, section.validate, section.collector)


def _check_command(supervised: Supervised, variables: Mapping[str, str]) -> None:
    """See that there is something to run, before anybody is told that the agent is ready.

    Raises:
        UsageError: There is no such program.
    """
    if not supervised.run:
        return
    name = supervised.run[0]
    if shutil.which(name, path=variables.get("PATH")) is None:
        what = "is not there, or cannot be run" if "/" in name else "is in no folder of PATH"
        raise UsageError(f"the command {name} {what}", hint="otx agent … -- CMD ARGS…")


def _local_tls(section: Section) -> Tls:
    """The TLS settings of the local file.

    Raises:
        OSError: A file cannot be read.
    """
    tls = section.tls
    return Tls(
        ca_pem=Path(tls["ca"]).read_text() if "ca" in tls else "",
        certificate_pem=Path(tls["cert"]).read_bytes() if "cert" in tls else b"",
        key_pem=Path(tls["key"]).read_bytes() if "key" in tls else b"",
        is_insecure=tls.get("insecure") == "true",
        min_version=tls.get("min_version", ""),
    )


def _child_variables(variables: Mapping[str, str]) -> dict[str, str]:
    """The variables of the supervised process: systemd's socket is the agent's alone."""
    own = {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID"}
    return {name: value for name, value in variables.items() if name not in own}
