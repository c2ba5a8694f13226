"""An agent that keeps every rule, or breaks those whose numbers are in `faults`."""

import contextlib
import http.client
import ssl
import threading
import time
import zlib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.sync.client import connect

from otx.opamp.capabilities import AgentCapability
from otx.opamp.framing import Malformed, frame, unframe
from otx.opamp.opamp_pb2 import (
    AgentToServer,
    ConnectionSettingsOffers,
    ConnectionSettingsStatuses_APPLIED,
    ConnectionSettingsStatuses_FAILED,
    RemoteConfigStatuses_APPLIED,
    RemoteConfigStatuses_APPLYING,
    RemoteConfigStatuses_FAILED,
    ServerToAgent,
)
from otx.services.opamp_conform.launcher import Launcher

LIMIT = 64 << 10
TICK_S = 0.02
FULL_REST_S = 0.8
CRASH_S = 0.1
PARTS = ("agent_description", "health", "effective_config", "package_statuses")
BITS = sum(AgentCapability) & ~(
    AgentCapability.REPORTS_AVAILABLE_COMPONENTS | AgentCapability.ACCEPTS_PACKAGES
)


class Refused(Exception):
    """The opening or request was refused; seconds to wait."""


class ReferenceAgent(Launcher):
    """Runs in a thread, which a check starts and ends like a process.

    Attributes:
        illness: A file; whenever it grows the health changes.
    """

    def __init__(self, illness: Path, *faults: int) -> None:
        self.faults = set(faults)
        self.illness = illness
        self._thread: threading.Thread | None = None
        self._over = threading.Event()
        self._endpoint = ""

    @property
    def ended(self) -> int | None:
        return None

    def start(self, endpoint: str) -> None:
        if self._endpoint and 100 in self.faults:
            return
        self._over.clear()
        self._endpoint = endpoint
        self._begin()
        self._thread = threading.Thread(target=self._run, args=(urlsplit(endpoint).scheme,))
        self._thread.start()

    def kill(self) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join()

    stop = close = kill

    def _begin(self) -> None:
        self.uid = b"\x01\x90" + time.time_ns().to_bytes(8, "big") + b"abcdef"
        self.number = 1000
        self.started = time.time_ns()
        self.sick = self._illness()
        self.effective = self.good = b"local"
        self.message = AgentToServer()
        self.pending: list[str] = []
        self.interval_s = 30.0
        self.full_wanted = True
        self.full_times: list[float] = []
        self.crash_at = 0.0
        self.metrics_at = 0.0
        self.metrics_url = ""
        self.failed: set[bytes] = set()
        self.is_running = b""
        self.first = True
        self.late: list[tuple[bytes, int]] = []

    # What it says.

    def _report(self, reconnect: bool = False) -> AgentToServer:
        self.number += 2 if 58 in self.faults else 1
        uid = self.uid
        if 115 in self.faults:
            uid = self.number.to_bytes(16, "big")
        bits = 0 if (52 in self.faults and reconnect) else int(BITS)
        report = AgentToServer(instance_uid=uid, sequence_num=self.number, capabilities=bits)
        if self.full_wanted and self._may_be_full():
            self.full_wanted = False
            self.full_times.append(time.monotonic())
            self.pending = [*PARTS, "remote_config_status", *self.pending]
        names, self.pending = self.pending, []
        if 56 in self.faults and "health" in names:
            names.append("effective_config")
        for name in dict.fromkeys(names):
            self._fill(report, name)
        if (64 in self.faults or (50 in self.faults and self.first)) and len(names) > 3:
            report.ClearField("health")
        self.first = False
        return report

    def _may_be_full(self) -> bool:
        """Two full reports at once, then no more than a few a second."""
        rests = self.full_times[-2:-1] and time.monotonic() - self.full_times[-2] < FULL_REST_S
        return not rests or 65 in self.faults

    def _fill(self, report: AgentToServer, name: str) -> None:
        if name == "agent_description":
            attribute = report.agent_description.identifying_attributes.add(key="service.name")
            attribute.value.string_value = "reference"
        elif name == "health":
            report.health.healthy = self.sick == 0
            report.health.start_time_unix_nano = self.started if not self.sick else 0
            report.health.last_error = "down" * (self.sick > 0 and 139 not in self.faults)
            report.health.status = str(self.sick)
        elif name == "effective_config":
            report.effective_config.config_map.config_map[""].body = self.effective
        elif name == "package_statuses":
            package = report.package_statuses.packages["p"]
            package.name = "q" if 126 in self.faults else "p"
        elif self.message.HasField(name):
            getattr(report, name).CopyFrom(getattr(self.message, name))

    # What it takes.

    def _take(self, message: ServerToAgent) -> None:
        if message.instance_uid != self.uid and not {115, 122} & self.faults:
            return
        if message.HasField("command"):
            self.started = time.time_ns()
            self.pending.append("health")
            if 129 not in self.faults:
                return
        self.full_wanted |= bool(message.flags & 1)
        if message.HasField("remote_config") and (message.capabilities or 69 not in self.faults):
            config = message.remote_config
            body = b"".join(file.body for file in config.config.config_map.values())
            self._configure(config.config_hash, body)
        if message.HasField("connection_settings"):
            self._settle(message.connection_settings)

    def _configure(self, hash_: bytes, body: bytes) -> None:
        if hash_ in self.failed or hash_ == self.is_running:
            if 89 in self.faults and hash_ in self.failed:
                self._status(hash_, RemoteConfigStatuses_APPLYING)
            if 90 in self.faults and hash_ == self.is_running:
                self.started = time.time_ns()
                self.pending.append("health")
            return
        breaks = b"{[" in body or b"fail" in body or (93 in self.faults and not body)
        if breaks and 85 not in self.faults:
            self._fail(hash_, body)
            return
        self.effective = body if 84 not in self.faults else self.effective
        if 91 in self.faults:
            self.late.append((hash_, RemoteConfigStatuses_APPLIED))
        self.is_running = hash_
        self._status(hash_, RemoteConfigStatuses_APPLIED)
        self.pending.append("effective_config")
        if b"crash" in body:
            self.crash_at = time.monotonic() + CRASH_S
        else:
            self.good = self.effective

    def _fail(self, hash_: bytes, body: bytes) -> None:
        self.failed.add(hash_)
        if 86 in self.faults and b"fail" in body:
            self.effective = body
        self._status(hash_, RemoteConfigStatuses_FAILED, "it cannot run")

    def _status(self, hash_: bytes, status: Any, error: str = "") -> None:
        found = self.message.remote_config_status
        found.last_remote_config_hash, found.status, found.error_message = hash_, status, error
        self.pending.append("remote_config_status")

    def _settle(self, offers: ConnectionSettingsOffers) -> None:
        if offers.HasField("own_metrics"):
            self.metrics_url = "" if 109 in self.faults else offers.own_metrics.destination_endpoint
        if not offers.HasField("opamp"):
            return
        seconds = offers.opamp.heartbeat_interval_seconds
        if 28 not in self.faults or seconds == 1:
            zero = self.interval_s if 113 in self.faults else 1e9
            self.interval_s = float(seconds) if seconds else zero
        found = self.message.connection_settings_status
        found.last_connection_settings_hash = offers.hash
        insecure = offers.opamp.tls.insecure_skip_verify and 104 not in self.faults
        found.status = (
            ConnectionSettingsStatuses_FAILED if insecure else ConnectionSettingsStatuses_APPLIED
        )
        self.pending.append("connection_settings_status")
        is_other = offers.opamp.destination_endpoint != self._endpoint
        if is_other and not insecure and 98 not in self.faults and 104 not in self.faults:
            self._endpoint = offers.opamp.destination_endpoint
            if 140 in self.faults:
                self.started = time.time_ns()
            self.full_wanted, self.full_times = True, []

    # What happens by itself.

    def _illness(self) -> int:
        return self.illness.stat().st_size if self.illness.exists() else 0

    def _tick(self) -> None:
        now = time.monotonic()
        if (sick := self._illness()) != self.sick:
            self.sick = sick
            if 53 not in self.faults:
                self.pending.append("health")
        if self.crash_at and now > self.crash_at:
            self.crash_at = 0.0
            hash_ = self.message.remote_config_status.last_remote_config_hash
            self.failed.add(hash_)
            if 87 not in self.faults:
                self.effective = self.good
            self._status(hash_, RemoteConfigStatuses_FAILED, "it crashed")
        if self.late and not self.pending:
            hash_, status = self.late.pop(0)
            self._status(hash_, status)
        if self.metrics_url and now > self.metrics_at:
            self.metrics_at = 1e9 if 110 in self.faults else now + 0.2
            self._send_metrics()

    def _send_metrics(self) -> None:
        parts = urlsplit(self.metrics_url)
        request = ExportMetricsServiceRequest()
        attribute = request.resource_metrics.add().resource.attributes.add(key="service.name")
        attribute.value.string_value = "reference"
        with contextlib.closing(http.client.HTTPConnection(parts.netloc, timeout=2)) as connection:
            connection.request("POST", parts.path, request.SerializeToString())
            connection.getresponse().read()

    # How it speaks.

    def _run(self, scheme: str) -> None:
        talk = self._talk_http if scheme.startswith("http") else self._talk_websocket
        wait_s = 0.0
        reconnect = False
        while not self._over.wait(wait_s):
            try:
                talk(reconnect)
                wait_s = TICK_S
            except InvalidStatus as error:
                wait_s = self._told(error.response.headers.get("Retry-After"))
            except (OSError, ConnectionClosed, InvalidHandshake, http.client.HTTPException):
                wait_s = 0.05
            reconnect = True

    def _told(self, retry_after: str | None) -> float:
        if retry_after is None or {17, 20, 35} & self.faults:
            return 0.05
        if retry_after.isdigit():
            return float(retry_after)
        from email.utils import parsedate_to_datetime

        return parsedate_to_datetime(retry_after).timestamp() - time.time()

    def _insecure(self) -> ssl.SSLContext | None:
        if urlsplit(self._endpoint).scheme not in ("wss", "https"):
            return None
        context = ssl.create_default_context()
        if 137 in self.faults:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context

    def _talk_websocket(self, reconnect: bool) -> None:
        endpoint = self._endpoint
        limit = None if 41 in self.faults else LIMIT
        if 48 in self.faults:
            limit = LIMIT // 2
        settings: dict[str, Any] = {"max_size": limit}
        if (context := self._insecure()) is not None:
            settings["ssl"] = context
        with connect(endpoint, proxy=None, compression=None, close_timeout=1, **settings) as socket:
            socket.send(frame(self._report(reconnect)))
            sent_at = time.monotonic()
            while not self._over.is_set() and endpoint == self._endpoint:
                with contextlib.suppress(TimeoutError):
                    self._hear(socket.recv(TICK_S))
                if endpoint != self._endpoint:
                    return
                if 78 in self.faults and self.sick:
                    self.pending.append("health")
                self._tick()
                is_due = self.pending or (self.full_wanted and self._may_be_full())
                if is_due or time.monotonic() - sent_at > self.interval_s:
                    data = frame(self._report())
                    socket.send(b"\1" + data if 1 in self.faults else data)
                    sent_at = time.monotonic()

    def _hear(self, data: str | bytes) -> None:
        assert isinstance(data, bytes)
        if 5 in self.faults and data[0]:
            return
        try:
            body = data[1:] if 3 in self.faults and data[0] == 1 else unframe(data)
        except Malformed:
            return
        self._take(ServerToAgent.FromString(body))

    def _talk_http(self, reconnect: bool) -> None:
        if 78 in self.faults and self.sick:
            self.pending.append("health")
        body = self._report(reconnect).SerializeToString()
        beside = threading.Thread(target=self._post_quietly, args=(body,))
        if 30 in self.faults:
            beside.start()
        self._post(body)
        if 30 in self.faults:
            beside.join()
        sent_at = time.monotonic()
        if 26 in self.faults:
            self._over.wait(TICK_S)
            self._post(self._report().SerializeToString())
        self._tick()
        while not self._over.wait(TICK_S):
            is_due = self.pending or (self.full_wanted and self._may_be_full())
            interval_s = self.interval_s / 3 if 27 in self.faults else self.interval_s
            if is_due or time.monotonic() - sent_at > interval_s:
                return
            self._tick()
            if 78 in self.faults and self.sick:
                return

    def _post_quietly(self, body: bytes) -> None:
        with contextlib.suppress(OSError, http.client.HTTPException):
            self._post(body)

    def _post(self, body: bytes) -> None:
        parts = urlsplit(self._endpoint)
        kind: Any = http.client.HTTPConnection
        settings: dict[str, Any] = {"timeout": 5}
        if parts.scheme == "https":
            kind, settings["context"] = http.client.HTTPSConnection, self._insecure()
        with contextlib.closing(kind(parts.netloc, **settings)) as connection:
            connection.request("POST", parts.path, body, {"Content-Type": "application/x-protobuf"})
            response = connection.getresponse()
            data = response.read()
        if response.status == 413 and 46 in self.faults:
            self._post(body)
        if response.status == 500 and 36 in self.faults:
            self._over.set()
        if response.status == 503:
            self._over.wait(self._told(response.getheader("Retry-After")))
        if response.status != 200:
            self.full_wanted |= response.status != 503
            self.pending.append("health")
            return
        if response.getheader("Content-Encoding") == "gzip":
            if 34 in self.faults:
                return
            data = zlib.decompress(data, 31)
        limit = LIMIT // 2 if 48 in self.faults else LIMIT
        if len(data) <= limit or 47 in self.faults:
            self._take(ServerToAgent.FromString(data))
