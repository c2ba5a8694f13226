"""Requests as a small fleet sends them, the same for every run: what the store's benchmarks use.

Nine attributes a span with the mix of types and repetition of web services: few routes and hosts,
many urls, ids and sizes; every seventh span has an event. About 400 bytes a span.
"""

import random
from collections.abc import Callable

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Status

SERVICES = ("frontend", "cart", "checkout", "payment", "currency", "catalog", "email", "search")
ROUTES = tuple(f"/{noun}/{{id}}" for noun in ("product", "cart", "order", "user", "quote"))
SPANS_A_TRACE = 10
EVENT_SHARE = 1 / 7
ERROR_SHARE = 0.02


def trace_request(seed: int, spans: int, start_unix_nano: int, spread_ns: int) -> bytes:
    """One request of `spans` spans in traces of ten, spread over `spread_ns`."""
    rng = random.Random(seed)
    request = ExportTraceServiceRequest()
    groups = {}
    for service in SERVICES:
        group = request.resource_spans.add()
        _resource(group.resource, service, rng)
        scope = group.scope_spans.add()
        scope.scope.name, scope.scope.version = "io.example.http", "1.2.3"
        groups[service] = scope.spans
    for number in range(spans):
        if number % SPANS_A_TRACE == 0:
            trace_id, parent = rng.randbytes(16), b""
            start = start_unix_nano + rng.randrange(spread_ns)
        service = SERVICES[0] if not parent else rng.choice(SERVICES)
        route = rng.choice(ROUTES)
        span = groups[service].add(
            trace_id=trace_id,
            span_id=rng.randbytes(8),
            parent_span_id=parent,
            name=f"GET {route}",
            kind=2 if not parent else 3,
            start_time_unix_nano=start,
            end_time_unix_nano=start + int(rng.lognormvariate(16, 1.2)),
        )
        start += rng.randrange(1_000_000)
        parent = parent or span.span_id
        _attributes(span.attributes.add, route, rng)
        if rng.random() < ERROR_SHARE:
            span.status.code = Status.STATUS_CODE_ERROR
            span.status.message = "deadline exceeded"
        if rng.random() < EVENT_SHARE:
            event = span.events.add(name="exception", time_unix_nano=start)
            event.attributes.add(key="exception.type").value.string_value = "TimeoutError"
    return request.SerializeToString()


def _resource(resource: Resource, service: str, rng: random.Random) -> None:
    for key, value in (
        ("service.name", service),
        ("service.version", "1.4.2"),
        ("host.name", f"node-{rng.randrange(20)}"),
        ("k8s.namespace.name", "shop"),
        ("telemetry.sdk.language", "python"),
    ):
        resource.attributes.add(key=key).value.string_value = value


def _attributes(add: Callable[..., KeyValue], route: str, rng: random.Random) -> None:
    number = rng.randrange(100_000)
    add(key="http.request.method").value.string_value = "GET"
    add(key="http.route").value.string_value = route
    add(key="url.path").value.string_value = route.replace("{id}", str(number))
    add(key="http.response.status_code").value.int_value = 500 if number % 50 == 0 else 200
    add(key="server.address").value.string_value = f"10.0.{number % 8}.{number % 200}"
    add(key="server.port").value.int_value = 8443
    add(key="user.id").value.string_value = f"u{number:06d}"
    add(key="app.cached").value.bool_value = number % 2 == 0
    add(key="app.score").value.double_value = number / 100_000
