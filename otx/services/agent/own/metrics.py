"""The agent's own metrics, sent where the server says: of itself and of the process it supervises.

Names follow the semantic conventions of processes. The Resource holds the identifying attributes of
the agent's description, so that a server can tell whose metrics they are.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from otx.opamp.opamp_pb2 import AgentDescription
from otx.services.agent.own.resource import fill_resource, fill_scope

if TYPE_CHECKING:
    from opentelemetry.proto.metrics.v1.metrics_pb2 import ScopeMetrics

_CPU_TIME = "process.cpu.time"
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


def metrics_request(description: AgentDescription, usages: list[Usage], now_unix_ns: int) -> bytes:
    """The metrics of these processes as one OTLP request."""
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
        ExportMetricsServiceRequest,  # 1 MB, for agents that are asked only
    )

    made = ExportMetricsServiceRequest()
    metrics = made.resource_metrics.add()
    fill_resource(metrics.resource, description)
    scope = metrics.scope_metrics.add()
    fill_scope(scope.scope)
    for name, unit, points in _metrics(usages):
        _add(scope, name, unit, now_unix_ns, points)
    return made.SerializeToString()


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
