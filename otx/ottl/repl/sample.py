"""The records that a prompt starts with where no data is given: a span, a log record, a metric."""

import json
from collections.abc import Iterator
from typing import Any

from otx.model.signal import Signal
from otx.otlp.decode import Request, decode_request

NAME = "the built-in sample"

_START = 1_790_000_000_000_000_000


def sample() -> Iterator[Request]:
    """A request of each signal."""
    for signal, document in (
        (Signal.TRACES, _traces()),
        (Signal.LOGS, _logs()),
        (Signal.METRICS, _metrics()),
    ):
        yield decode_request(signal, json.dumps(document).encode(), "json")


def _resource() -> dict[str, Any]:
    return {
        "attributes": _attributes(
            {
                "service.name": "checkout",
                "service.version": "1.4.2",
                "deployment.environment.name": "production",
                "k8s.namespace.name": "shop",
                "k8s.pod.name": "checkout-7c9d8b6f4-x2x9z",
                "host.name": "node-3",
            }
        )
    }


def _traces() -> dict[str, Any]:
    span = {
        "traceId": "4bf92f3577b34da6a3ce929d0e0e4736",
        "spanId": "00f067aa0ba902b7",
        "parentSpanId": "53995c3f42cd8ad8",
        "name": "GET /cart/8812",
        "kind": 2,
        "startTimeUnixNano": str(_START),
        "endTimeUnixNano": str(_START + 231_000_000),
        "attributes": _attributes(
            {
                "http.request.method": "GET",
                "http.response.status_code": 503,
                "http.route": "/cart/{id}",
                "url.path": "/cart/8812",
                "url.query": "token=s3cr3t&page=2",
                "user_agent.original": "curl/8.5.0",
                "client.address": "203.0.113.7",
                "user.email": "ada@example.com",
                "cart.value": 129.5,
            }
        ),
        "events": [
            {
                "timeUnixNano": str(_START + 200_000_000),
                "name": "exception",
                "attributes": _attributes(
                    {
                        "exception.type": "TimeoutError",
                        "exception.message": "inventory did not answer within 200 ms",
                    }
                ),
            }
        ],
        "status": {"code": 2, "message": "inventory timed out"},
    }
    scope = {"name": "shop.http", "version": "0.4.0"}
    return {
        "resourceSpans": [
            {"resource": _resource(), "scopeSpans": [{"scope": scope, "spans": [span]}]}
        ]
    }


def _logs() -> dict[str, Any]:
    body = {"msg": "inventory timed out", "order_id": 8812, "user": "ada@example.com"}
    record = {
        "timeUnixNano": str(_START + 201_000_000),
        "observedTimeUnixNano": str(_START + 205_000_000),
        "severityNumber": 17,
        "severityText": "ERROR",
        "body": {"stringValue": json.dumps(body)},
        "attributes": _attributes({"log.file.name": "checkout.log", "thread.id": 17}),
        "traceId": "4bf92f3577b34da6a3ce929d0e0e4736",
        "spanId": "00f067aa0ba902b7",
    }
    scope = {"name": "shop.logging"}
    return {
        "resourceLogs": [
            {"resource": _resource(), "scopeLogs": [{"scope": scope, "logRecords": [record]}]}
        ]
    }


def _metrics() -> dict[str, Any]:
    def point(status: int, count: str) -> dict[str, Any]:
        return {
            "attributes": _attributes(
                {"http.request.method": "GET", "http.response.status_code": status}
            ),
            "startTimeUnixNano": str(_START),
            "timeUnixNano": str(_START + 60_000_000_000),
            "asInt": count,
        }

    metric = {
        "name": "http.server.requests",
        "description": "Requests that were answered.",
        "unit": "{request}",
        "sum": {
            "aggregationTemporality": 2,
            "isMonotonic": True,
            "dataPoints": [point(200, "1841"), point(503, "17")],
        },
    }
    scope = {"name": "shop.http", "version": "0.4.0"}
    return {
        "resourceMetrics": [
            {"resource": _resource(), "scopeMetrics": [{"scope": scope, "metrics": [metric]}]}
        ]
    }


def _attributes(values: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": _value(value)} for key, value in values.items()]


def _value(value: Any) -> dict[str, Any]:
    if isinstance(value, int):
        return {"intValue": str(value)}
    return {"doubleValue": value} if isinstance(value, float) else {"stringValue": value}
