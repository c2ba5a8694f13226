"""Traces of the made-up shop: trees over several services, with errors, events and attributes."""

import random
from collections.abc import Mapping

from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status, TracesData

from otx import __version__
from otx.otlp.synthetic.shape import Shape
from otx.otlp.synthetic.shop import FAILURES, Operation, Service, services
from otx.otlp.synthetic.template import Markers, Template
from otx.otlp.synthetic.values import SCOPE, Value, pairs, resource_of

_VARIANTS = 24
"""Different traces of each kind; they are stamped out in a random order."""
_US = 1_000
_WITH_EVENT, _WITH_LINK = 0.15, 0.2
"""Share of SERVER spans that tell of something on their way, and of further calls that name the one
before them."""


class TraceSource:
    """Gives out encoded traces, each with ids of its own; a `Picker` too."""

    head = b""

    def __init__(self, shape: Shape, rng: random.Random) -> None:
        self._shape = shape
        self._rng = rng
        self._sound = [self._template(fails=False) for _ in range(_VARIANTS)]
        self._failing = [
            self._template(fails=True) for _ in range(_VARIANTS if shape.errors else 0)
        ]

    def next(self, end_unix_nano: int, most_records: int) -> tuple[bytes, int]:
        """The bytes of one trace that ends at a time, and its spans.

        Args:
            end_unix_nano: When its root ends.
            most_records: The most spans; a trace that has more is cut to as many.
        """
        template = self.pick(most_records)
        body = template.stamp(
            self._rng.randbytes(16), self._rng.getrandbits(64), end_unix_nano - template.duration_ns
        )
        return body, template.records

    def pick(self, most_records: int) -> Template:
        """The template of one trace; one that has more spans is cut to as many."""
        fails = self._rng.random() < self._shape.errors
        template = self._rng.choice(self._failing if fails else self._sound)
        if template.records > most_records:
            template = self._template(fails=fails, most_spans=most_records)
        return template

    def _template(self, *, fails: bool, most_spans: int | None = None) -> Template:
        tree = _Tree(self._shape, self._rng, fails=fails)
        spans = tree.spans[:most_spans]
        return Template.of(tree.encode(spans), tree.markers, len(spans))


class _Tree:
    """One trace while it is built: parents stand before their children."""

    def __init__(self, shape: Shape, rng: random.Random, *, fails: bool) -> None:
        self._shape = shape
        self._rng = rng
        self._services = services(shape.services)
        self.markers = Markers(rng)
        self.spans: list[tuple[Service, Span]] = []
        duration_ns = int(min(rng.lognormvariate(11, 0.8), 5e6)) * _US
        self._serve(self._services[0], b"", 0, duration_ns, 1, fails=fails)

    def encode(self, spans: list[tuple[Service, Span]]) -> bytes:
        """The spans as the bytes of a request, a resource for each service."""
        data = TracesData()
        scopes = {}
        for service, span in spans:
            if service.name not in scopes:
                resource_spans = data.resource_spans.add()
                resource_spans.resource.CopyFrom(resource_of(service.name, self._shape.resource))
                scopes[service.name] = resource_spans.scope_spans.add()
                scopes[service.name].scope.name = SCOPE
                scopes[service.name].scope.version = __version__
            scopes[service.name].spans.append(span)
        return data.SerializeToString()

    def _serve(
        self,
        service: Service,
        parent: bytes,
        start_ns: int,
        duration_ns: int,
        depth: int,
        fails: bool,
    ) -> None:
        """A SERVER span and what is done in it."""
        operation = self._rng.choice(service.operations)
        span = self._span(
            service, operation.name, Span.SPAN_KIND_SERVER, parent, start_ns, duration_ns
        )
        _set(span, self._http(operation, fails=fails))
        inner_ns = duration_ns - duration_ns // 20
        if service.query:
            inner_ns //= 2
            self._query(service, span.span_id, start_ns + inner_ns, duration_ns // 3)
        if not fails and self._rng.random() < _WITH_EVENT:
            self._event(span, "cache.miss", start_ns + duration_ns // 50, {"cache.key": "session"})
        calls = self._rng.randint(1, 2) if depth < self._shape.depth else 0
        before = b""
        guilty = self._rng.randrange(calls) if calls and fails else -1
        for number in range(calls):
            each_ns = inner_ns // calls
            callee = self._callee(service)
            at_ns = start_ns + duration_ns // 40 + number * each_ns
            call = self._call(
                service, callee, span.span_id, at_ns, each_ns, depth, fails=number == guilty
            )
            if before and self._rng.random() < _WITH_LINK:
                self._link(call, before)
            before = call.span_id
        if fails:
            self._fail(span, start_ns, duration_ns, is_origin=not calls)

    def _call(
        self,
        caller: Service,
        callee: Service,
        parent: bytes,
        start_ns: int,
        duration_ns: int,
        depth: int,
        fails: bool,
    ) -> Span:
        """A CLIENT span and the SERVER span at its other end, network between them."""
        duration_ns = int(duration_ns * self._rng.uniform(0.5, 0.95))
        span = self._span(caller, "POST", Span.SPAN_KIND_CLIENT, parent, start_ns, duration_ns)
        _set(
            span,
            {"http.request.method": "POST", "server.address": callee.name, "server.port": 8080},
        )
        network_ns = duration_ns // 20
        inner_ns = duration_ns - 2 * network_ns
        self._serve(callee, span.span_id, start_ns + network_ns, inner_ns, depth + 1, fails=fails)
        if fails:
            _set(span, {"http.response.status_code": 500, "error.type": "500"})
            span.status.code = Status.STATUS_CODE_ERROR
        return span

    def _link(self, span: Span, before: bytes) -> None:
        """Say that a call had to wait for another one."""
        link = span.links.add(trace_id=self.markers.trace_id, span_id=before, flags=0x101)
        link.attributes.extend(pairs({"link.reason": "waited_for"}))

    def _event(self, span: Span, name: str, at_ns: int, attributes: Mapping[str, Value]) -> None:
        event = span.events.add(name=name, time_unix_nano=self.markers.time(at_ns))
        event.attributes.extend(pairs(attributes))

    def _query(self, service: Service, parent: bytes, start_ns: int, duration_ns: int) -> None:
        verb = service.query.split()[0]
        span = self._span(service, verb, Span.SPAN_KIND_CLIENT, parent, start_ns, duration_ns)
        _set(
            span,
            {
                "db.system.name": "postgresql",
                "db.operation.name": verb,
                "db.query.text": service.query,
                "server.address": f"{service.name}-db",
            },
        )

    def _span(
        self,
        service: Service,
        name: str,
        kind: "Span.SpanKind.ValueType",
        parent: bytes,
        start_ns: int,
        duration_ns: int,
    ) -> Span:
        span = Span(
            trace_id=self.markers.trace_id,
            span_id=self.markers.span_id(),
            parent_span_id=parent,
            name=name,
            kind=kind,
            start_time_unix_nano=self.markers.time(start_ns),
            end_time_unix_nano=self.markers.time(start_ns + duration_ns),
            flags=0x101 if parent else 0x1,
        )
        _set(span, self._shape.attributes)
        self.spans.append((service, span))
        return span

    def _callee(self, caller: Service) -> Service:
        others = [it for it in self._services[1:] if it is not caller]
        return self._rng.choice(others or self._services)

    def _http(self, operation: Operation, *, fails: bool) -> dict[str, Value]:
        path = operation.route.replace("{id}", str(self._rng.randint(1, 9999)))
        return {
            "http.request.method": operation.method,
            "http.route": operation.route,
            "url.path": path,
            "http.response.status_code": 500 if fails else 200,
            "user.id": f"user-{self._rng.randint(1, 500)}",
        }

    def _fail(self, span: Span, start_ns: int, duration_ns: int, *, is_origin: bool) -> None:
        kind, message = self._rng.choice(FAILURES)
        span.status.code = Status.STATUS_CODE_ERROR
        _set(span, {"error.type": kind if is_origin else "500"})
        if not is_origin:
            return
        span.status.message = message
        said = {"exception.type": kind, "exception.message": message}
        self._event(span, "exception", start_ns + duration_ns * 9 // 10, said)


def _set(span: Span, values: Mapping[str, Value]) -> None:
    span.attributes.extend(pairs(values))
