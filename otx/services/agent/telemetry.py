"""The agent's own metrics, sent where the server says: of itself and of the process it supervises.

Names follow the semantic conventions of processes. The Resource holds the identifying attributes of
the agent's description, so that a server can tell whose metrics they are.
"""

import asyncio
import http.client
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from otx import __version__
from otx.errors import OtxError, UsageError
from otx.opamp.opamp_pb2 import AgentDescription, TelemetryConnectionSettings
from otx.opamp.transport.channel import why_not
from otx.opamp.transport.endpoint import PORTS, Tls

if TYPE_CHECKING:
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
        ExportMetricsServiceRequest,
    )
    from opentelemetry.proto.metrics.v1.metrics_pb2 import ScopeMetrics

_CPU_TIME = "process.cpu.time"
INTERVAL_S = 10.0
"""Recommended by the specification."""
TIMEOUT_S = 10.0
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process has used.

    Attributes:
        role: "agent" or "supervised".
        started_unix_ns: When it started.
    """

    role: str
    pid: int
    started_unix_ns: int
    user_s: float
    system_s: float
    memory_bytes: int
    threads: int
    files: int


@dataclass(frozen=True, slots=True)
class Target:
    """Where metrics go."""

    url: str
    headers: tuple[tuple[str, str], ...]
    tls: Tls


def target_of(settings: TelemetryConnectionSettings, *, allows_insecure: bool) -> Target | None:
    """The target of an offer; None where it names none, which switches metrics off.

    Raises:
        UsageError: It cannot be used, or it would not verify the server and may not.
    """
    url = settings.destination_endpoint
    if not url:
        return None
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(f"{url!r} is no http or https URL")
    if settings.tls.insecure_skip_verify and not allows_insecure:
        raise UsageError("it would not verify the server; agent.allow.insecure does not allow that")
    tls = Tls(
        ca_pem=settings.tls.ca_pem_contents
        or settings.certificate.ca_cert.decode("ascii", "replace"),
        with_system=settings.tls.include_system_ca_certs_pool,
        certificate_pem=settings.certificate.cert,
        key_pem=settings.certificate.private_key,
        is_insecure=settings.tls.insecure_skip_verify,
        min_version=settings.tls.min_version,
    )
    if parts.scheme == "https":
        tls.context()
    headers = tuple((one.key, one.value) for one in settings.headers.headers)
    return Target(url, headers, tls)


class OwnMetrics:
    """Sends metrics every `INTERVAL_S`, from the moment on at which a server says where to.

    Attributes:
        problem: Why the last request failed; "" when it did not.
    """

    def __init__(
        self,
        usages: Callable[[], list[Usage]],
        description: Callable[[], AgentDescription],
        remark: Callable[[str], None],
    ) -> None:
        self.problem = ""
        self._usages = usages
        self._description = description
        self._remark = remark
        self._target: Target | None = None
        self._aimed = asyncio.Event()

    def aim(self, settings: TelemetryConnectionSettings, *, allows_insecure: bool) -> None:
        """Send there from now on; what cannot be used is told, and the last target stays."""
        try:
            self._target = target_of(settings, allows_insecure=allows_insecure)
        except OtxError as error:
            self._remark(f"an offer for own metrics is not used: {error.message}")
            return
        if self._target is not None:
            self._aimed.set()
        else:
            self._aimed.clear()

    async def run(self, clock: Callable[[], int]) -> None:
        """Send until cancelled; `clock` gives Unix nanoseconds."""
        while True:
            await self._aimed.wait()
            target = self._target
            if target is not None:
                body = request(self._description(), self._usages(), clock()).SerializeToString()
                self._note(target, await asyncio.to_thread(_post, target, body))
            await asyncio.sleep(INTERVAL_S)

    def _note(self, target: Target, problem: str) -> None:
        """Say once that it fails, and once that it does not any more."""
        if bool(problem) != bool(self.problem):
            host = urlsplit(target.url).netloc.rpartition("@")[2]
            self._remark(f"own metrics to {host}: {problem or 'they arrive again'}")
        self.problem = problem


def usage_of(pid: int, role: str, started_unix_ns: int) -> Usage | None:
    """What a process has used until now; None where it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        files = sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return None
    return Usage(
        role=role,
        pid=pid,
        started_unix_ns=started_unix_ns,
        user_s=int(fields[11]) / _TICKS_PER_S,
        system_s=int(fields[12]) / _TICKS_PER_S,
        memory_bytes=int(fields[21]) * _PAGE,
        threads=int(fields[17]),
        files=files,
    )


def request(
    description: AgentDescription, usages: list[Usage], now_unix_ns: int
) -> "ExportMetricsServiceRequest":
    """The metrics of these processes as one OTLP request."""
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
        ExportMetricsServiceRequest,  # 1 MB, for agents that are asked only
    )

    made = ExportMetricsServiceRequest()
    metrics = made.resource_metrics.add()
    for one in (*description.identifying_attributes, *description.non_identifying_attributes):
        attribute = metrics.resource.attributes.add(key=one.key)
        attribute.value.ParseFromString(one.value.SerializeToString())  # the same fields
    scope = metrics.scope_metrics.add()
    scope.scope.name, scope.scope.version = "otx.agent", __version__
    for name, unit, points in _metrics(usages):
        _add(scope, name, unit, now_unix_ns, points)
    return made


_Points = list[tuple[Usage, dict[str, str], float]]


def _metrics(usages: list[Usage]) -> Iterator[tuple[str, str, _Points]]:
    modes = [
        (it, {"cpu.mode": mode}, seconds)
        for it in usages
        for mode, seconds in (("user", it.user_s), ("system", it.system_s))
    ]
    yield _CPU_TIME, "s", modes
    yield "process.memory.usage", "By", [(it, {}, it.memory_bytes) for it in usages]
    yield "process.thread.count", "{thread}", [(it, {}, it.threads) for it in usages]
    files: _Points = [(it, {}, it.files) for it in usages]
    yield "process.unix.file_descriptor.count", "{file_descriptor}", files


def _add(scope: "ScopeMetrics", name: str, unit: str, now_unix_ns: int, points: _Points) -> None:
    """Add a sum: all of them are, by the conventions, and CPU time alone only grows."""
    from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality

    metric = scope.metrics.add(name=name, unit=unit)
    metric.sum.is_monotonic = name == _CPU_TIME
    metric.sum.aggregation_temporality = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
    for usage, attributes, value in points:
        point = metric.sum.data_points.add(
            start_time_unix_nano=usage.started_unix_ns, time_unix_nano=now_unix_ns
        )
        if isinstance(value, int):
            point.as_int = value
        else:
            point.as_double = value
        for key, text in (*attributes.items(), ("otx.process", usage.role)):
            point.attributes.add(key=key).value.string_value = text


def _post(target: Target, body: bytes) -> str:
    """Send one request; why it failed, or ""."""
    parts = urlsplit(target.url)
    host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    connection = (
        http.client.HTTPSConnection(host, port, timeout=TIMEOUT_S, context=target.tls.context())
        if parts.scheme == "https"
        else http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)
    )
    headers = {"Content-Type": "application/x-protobuf", "User-Agent": f"otx-agent/{__version__}"}
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request("POST", path, body, {**headers, **dict(target.headers)})
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return why_not(error)
    finally:
        connection.close()
    return "" if 200 <= status < 300 else f"the receiver answers {status}"
