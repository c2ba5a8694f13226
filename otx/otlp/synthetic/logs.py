"""Log records of the made-up shop: groups that belong to a span each, with bodies of every type."""

import random

from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, LogsData, SeverityNumber

from otx import __version__
from otx.otlp.synthetic.shape import Shape
from otx.otlp.synthetic.shop import FAILURES, Service, services
from otx.otlp.synthetic.template import Markers, Template
from otx.otlp.synthetic.values import SCOPE, Value, any_value, pairs, resource_of

_VARIANTS = 32
_GROUP = 12
"""Records of one group."""
_US = 1_000
_QUIET = (
    (SeverityNumber.SEVERITY_NUMBER_TRACE, "TRACE"),
    (SeverityNumber.SEVERITY_NUMBER_DEBUG, "DEBUG"),
    (SeverityNumber.SEVERITY_NUMBER_INFO, "INFO"),
    (SeverityNumber.SEVERITY_NUMBER_WARN, "WARN"),
)
_WEIGHTS = (1, 4, 12, 2)
_STRUCTURED = 0.3
"""Share of records whose body is no text."""


class LogPicker:
    """Gives out groups of log records as templates (`otx.otlp.synthetic.source.Picker`)."""

    head = b""

    def __init__(self, shape: Shape, rng: random.Random) -> None:
        self._shape = shape
        self._rng = rng
        self._services = services(shape.services)
        self._groups = [
            self._group(self._services[number % len(self._services)], _GROUP)
            for number in range(max(_VARIANTS, len(self._services)))
        ]

    def pick(self, most_records: int) -> Template:
        """A group of at most so many records."""
        if most_records < _GROUP:
            return self._group(self._rng.choice(self._services), most_records)
        return self._rng.choice(self._groups)

    def _group(self, service: Service, records: int) -> Template:
        markers = Markers(self._rng)
        data = LogsData()
        resource_logs = data.resource_logs.add()
        resource_logs.resource.CopyFrom(resource_of(service.name, self._shape.resource))
        scope_logs = resource_logs.scope_logs.add()
        scope_logs.scope.name = SCOPE
        scope_logs.scope.version = __version__
        span_id = markers.span_id()
        after_ns = 0
        for _ in range(records):
            scope_logs.log_records.append(self._record(service, markers, span_id, after_ns))
            after_ns += int(self._rng.expovariate(1 / 4000)) * _US
        return Template.of(data.SerializeToString(), markers, records)

    def _record(
        self, service: Service, markers: Markers, span_id: bytes, after_ns: int
    ) -> LogRecord:
        record = LogRecord(
            time_unix_nano=markers.time(after_ns),
            observed_time_unix_nano=markers.time(after_ns + 150 * _US),
            trace_id=markers.trace_id,
            span_id=span_id,
            flags=1,
        )
        if self._rng.random() < self._shape.errors:
            self._fail(record)
        else:
            number, text = self._rng.choices(_QUIET, _WEIGHTS)[0]
            record.severity_number, record.severity_text = number, text
            self._say(record, service)
        record.attributes.extend(pairs(self._shape.attributes))
        return record

    def _fail(self, record: LogRecord) -> None:
        kind, message = self._rng.choice(FAILURES)
        record.severity_number = SeverityNumber.SEVERITY_NUMBER_ERROR
        record.severity_text = "ERROR"
        record.event_name = "exception"
        record.body.string_value = f"request failed: {message}"
        trace = f'Traceback (most recent call last):\n  File "app.py", line 7\n{kind}: {message}'
        record.attributes.extend(
            pairs(
                {
                    "exception.type": kind,
                    "exception.message": message,
                    "exception.stacktrace": trace,
                }
            )
        )

    def _say(self, record: LogRecord, service: Service) -> None:
        operation = self._rng.choice(service.operations)
        took_ms = round(self._rng.lognormvariate(3, 1), 3)
        if self._rng.random() < _STRUCTURED:
            record.body.CopyFrom(any_value(self._structure(operation.route, took_ms)))
        else:
            record.body.string_value = f"{operation.name} took {took_ms} ms"
        record.attributes.extend(
            pairs(
                {
                    "http.route": operation.route,
                    "code.function.name": f"{service.name}.handle",
                    "thread.id": self._rng.randint(1, 16),
                }
            )
        )

    def _structure(self, route: str, took_ms: float) -> Value:
        """A body of one of the types that an AnyValue may have, text aside."""
        number = self._rng.randint(1, 9999)
        bodies: tuple[Value, ...] = (
            {"route": route, "ms": took_ms, "items": [number, "gift"], "cached": False},
            ["retry", number, took_ms, None],
            number,
            took_ms,
            number % 2 == 0,
            number.to_bytes(4, "big"),
            None,
        )
        return self._rng.choice(bodies)
