"""OpenTelemetry for JavaScript sends to the real `otx receive`: what arrives is what was sent.

Its exporters write protobuf with an encoder of their own, so that three encoders that are none of
otx's are read here: that one over gRPC and HTTP, and that of OTLP/JSON.
"""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import RunCli, StartReceiver
from tests.interop.buckets import filled

PROTOCOLS = ("grpc", "http/protobuf", "http/json")
TIMEOUT_S = 60
SCOPE = {"scope": "interop", "service": "js-shop"}
RESOURCE = {"service.name": "js-shop", "host.cpus": [1, 2], "pool.load": 0.5}
TRACE_ID = "0af7651916cd43dd8448eb211c80319c"

SPANS_SQL = """
    SELECT name, span_id, parent_span_id, trace_id, trace_state, flags, kind, service, status,
           status_message, attributes, resource, scope, scope_version, events, links,
           epoch_ns(start_time)::text AS start_unix_nano, epoch_ns(end_time)::text AS end_unix_nano
    FROM spans ORDER BY name"""
METRICS_SQL = """
    SELECT name, type, unit, service, value, count, sum, min, max, buckets, scale, zero_count,
           attributes, resource, temporality, monotonic, scope, scope_version,
           time > start_time AS lasted
    FROM metrics ORDER BY name"""
LOGS_SQL = """
    SELECT trace_id, span_id, severity_number, severity_text, service, body, event_name,
           attributes, resource, scope, observed_time >= time AS was_seen
    FROM logs ORDER BY severity_number DESC"""

SPANS: tuple[dict[str, Any], ...] = (
    {
        "name": "GET /cart",
        "parent_span_id": "b7ad6b7169203331",
        "kind": "SERVER",
        "status": "OK",
        "status_message": "",
        "flags": 0x301,  # sampled, and the parent is known to be remote
        "attributes": {
            "text": "Grüße, 世界 \U0001f6d2",
            "whole": 42,
            "large": 2**53 - 1,
            "negative": -7,
            "double": 1.5,
            "yes": True,
            "empty": "",
            "texts": ["a", "b"],
        },
        "events": [{"name": "looked up", "attributes": {"rows": 3}}],
        "links": [{"trace_id": "1" * 32, "span_id": "2" * 16, "attributes": {"why": "caused"}}],
    },
    {
        "name": "read",
        "kind": "CLIENT",
        "status": "ERROR",
        "status_message": "shelf 7 is gone",
        "flags": 0x101,
        "attributes": {},
        "events": [],
        "links": [],
    },
)
NOTHING = {
    **dict.fromkeys(("value", "count", "sum", "min", "max", "buckets", "scale", "zero_count")),
    **SCOPE,
    "unit": "",
    "attributes": {},
    "resource": RESOURCE,
    "temporality": "CUMULATIVE",
    "monotonic": None,
    "scope_version": "2.0",
    "lasted": True,
}
METRICS: tuple[dict[str, Any], ...] = (
    {
        **NOTHING,
        "name": "latency",
        "type": "histogram",
        "unit": "s",
        "count": 3,
        "sum": 1.3,
        "min": 0.05,
        "max": 0.75,
        "buckets": [(None, 0.1, 1), (0.1, 1.0, 2)],
    },
    {**NOTHING, "name": "load", "type": "gauge", "value": 0.25, "temporality": None},
    {**NOTHING, "name": "queue", "type": "sum", "value": -2.0, "monotonic": False},
    {
        **NOTHING,
        "name": "requests",
        "type": "sum",
        "unit": "{request}",
        "value": 3.0,
        "monotonic": True,
        "attributes": {"route": "/cart", "retried": False},
    },
    {
        **NOTHING,
        "name": "size",
        "type": "exponential_histogram",
        "unit": "By",
        "count": 4,
        "sum": 11.0,
        "min": 1.0,
        "max": 4.0,
        "scale": 2,
        "zero_count": 0,
        # A bucket of scale 2 is 2 ** (1/4) wide (OpenTelemetry, data model of metrics).
        "buckets": [(2**-0.25, 1.0, 1), (2**0.75, 2.0, 1), (2**1.75, 4.0, 2)],
    },
)
LOGS = [
    {
        **SCOPE,
        "trace_id": TRACE_ID,
        "severity_number": 13,
        "severity_text": "WARN",
        "body": "hello from afar",
        "event_name": "",
        "attributes": {"nested": {"deep": [1, "two", False, None]}},
        "resource": RESOURCE,
        "was_seen": True,
    },
    {
        **SCOPE,
        "trace_id": "",
        "span_id": "",
        "severity_number": 9,
        "severity_text": "",
        "body": '{"items":[{"id":1},{"id":2.5}],"note":null}',
        "event_name": "cart.emptied",
        "attributes": {"raw": {"bytesValue": "AP8="}},
        "resource": RESOURCE,
        "was_seen": True,
    },
]


def send(folder: Path, protocol: str, variables: Mapping[str, str]) -> list[dict[str, str]]:
    """The ids and times of the spans that a program sent."""
    done = subprocess.run(
        ["node", "send.cjs"],
        cwd=folder,
        env=variables,
        input=json.dumps({"protocol": protocol}),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    sent: list[dict[str, str]] = json.loads(done.stdout)
    return sent


@pytest.mark.parametrize("compression", ["none", pytest.param("gzip", marks=pytest.mark.long)])
@pytest.mark.parametrize(
    "protocol",
    [PROTOCOLS[0], *(pytest.param(one, marks=pytest.mark.long) for one in PROTOCOLS[1:])],
)
def test_its_traces_metrics_and_logs_arrive(
    javascript: Path,
    start_receiver: StartReceiver,
    run_cli: RunCli,
    cli_variables: dict[str, str],
    protocol: str,
    compression: str,
) -> None:
    receiver = start_receiver()
    address = receiver.grpc if protocol == "grpc" else receiver.http
    where = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{address}",
        "OTEL_EXPORTER_OTLP_COMPRESSION": compression,
    }
    parent, child = send(javascript, protocol, {**cli_variables, **where})
    receiver.stop()
    # Neither a warning nor anything odd.
    assert receiver.said == (
        "received traces 2 spans in 1 request; metrics 5 data points in 1 request; "
        "logs 2 log records in 1 request",
    )

    def rows(sql: str) -> Any:
        done = run_cli("query", sql, "--format", "json", "--store", "store")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    shared = {
        **SCOPE,
        "resource": RESOURCE,
        "scope_version": "1.2.3",
        "trace_id": TRACE_ID,
        "trace_state": "rojo=00f067aa0ba902b7,congo=t61",
    }
    spans = rows(SPANS_SQL)
    for event in spans[0]["events"]:
        assert event.pop("time")
    assert spans == [
        {**shared, **SPANS[0], **parent},
        {**shared, **SPANS[1], **child, "parent_span_id": parent["span_id"]},
    ]
    metrics = [{**row, "buckets": filled(row["buckets"])} for row in rows(METRICS_SQL)]
    assert metrics == list(METRICS)
    assert rows(LOGS_SQL) == [{**LOGS[0], "span_id": parent["span_id"]}, LOGS[1]]


@pytest.mark.long
def test_each_transport_brings_the_same(
    javascript: Path, start_receiver: StartReceiver, cli_variables: dict[str, str], tmp_path: Path
) -> None:
    """But for ids and times, what is printed of requests does not tell how they came."""
    receiver = start_receiver("--print", "jsonl")
    for protocol in PROTOCOLS:
        address = receiver.grpc if protocol == "grpc" else receiver.http
        endpoint = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{address}"}
        send(javascript, protocol, {**cli_variables, **endpoint})
    receiver.stop()
    printed = [json.loads(line) for line in (tmp_path / "printed").read_text().splitlines()]
    assert len(printed) == 9
    for key in ("resourceSpans", "resourceMetrics", "resourceLogs"):
        first, *others = [without_ids(one[key]) for one in printed if key in one]
        assert others == [first, first]


def without_ids(value: Any) -> Any:
    """A document without what differs from run to run."""
    if isinstance(value, list):
        return [without_ids(one) for one in value]
    if not isinstance(value, dict):
        return value
    ids = ("spanId", "parentSpanId")
    return {
        name: without_ids(one)
        for name, one in value.items()
        if name not in ids and not name.endswith("UnixNano")
    }
