"""What OTLP calls things: services, paths, messages and counters of each signal.

The names are those of opentelemetry-proto (OTLP specification, "OTLP/gRPC" and "OTLP/HTTP"). The
generated messages take 22 ms to import, so they are loaded when a signal is first used.
"""

import importlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

from google.protobuf.message import Message

from otx.model.signal import Signal
from otx.model.units import format_count

MessageClass: TypeAlias = type[Message]
Generated: TypeAlias = Any
"""A generated message; which fields it has is known by its descriptor alone."""

PROTOBUF = "application/x-protobuf"
JSON = "application/json"


@dataclass(frozen=True, slots=True)
class SignalWire:
    """The names of one signal on the wire.

    Attributes:
        grpc_service: Full name of the gRPC service; its one method is `Export`.
        path: HTTP path that a client posts to.
        other_paths: Paths that some clients use as well.
        rejected_field: Counter of the response's partial success.
        record_noun: What is counted, in the plural.
    """

    signal: Signal
    grpc_service: str
    path: str
    rejected_field: str
    record_noun: str
    module: str
    request_name: str
    response_name: str
    other_paths: tuple[str, ...] = ()

    def counted(self, records: int) -> str:
        """A count for people: `1 span`, `48 210 log records`."""
        noun = self.record_noun.removesuffix("s") if records == 1 else self.record_noun
        return f"{format_count(records)} {noun}"

    @property
    def grpc_method(self) -> str:
        """The path of the unary gRPC method."""
        return f"/{self.grpc_service}/Export"

    @property
    def resources_field(self) -> str:
        """The request's field of resources."""
        return f"resource_{self._group_word}"

    @property
    def json_resources_field(self) -> str:
        """The same field in OTLP/JSON."""
        return f"resource{self._group_word.capitalize()}"

    @property
    def scopes_field(self) -> str:
        """A resource's field of scopes."""
        return f"scope_{self._group_word}"

    @property
    def records_field(self) -> str:
        """A scope's field of what it lists: spans, log records, metrics or profiles."""
        return "log_records" if self.signal is Signal.LOGS else self._group_word

    @property
    def _group_word(self) -> str:
        return "spans" if self.signal is Signal.TRACES else str(self.signal)

    @property
    def request_class(self) -> MessageClass:
        """The generated `Export…ServiceRequest`."""
        return _generated(self.module, self.request_name)

    @property
    def response_class(self) -> MessageClass:
        """The generated `Export…ServiceResponse`."""
        return _generated(self.module, self.response_name)


def _wire(
    signal: Signal,
    word: str,
    package: str,
    rejected: str,
    noun: str,
    version: str = "v1",
    others: tuple[str, ...] = (),
) -> SignalWire:
    return SignalWire(
        signal=signal,
        grpc_service=f"opentelemetry.proto.collector.{package}.{version}.{word}Service",
        path=f"/{version}/{signal}",
        rejected_field=rejected,
        record_noun=noun,
        module=f"opentelemetry.proto.collector.{package}.{version}.{package}_service_pb2",
        request_name=f"Export{word}ServiceRequest",
        response_name=f"Export{word}ServiceResponse",
        other_paths=others,
    )


WIRE: dict[Signal, SignalWire] = {
    wire.signal: wire
    for wire in (
        _wire(Signal.TRACES, "Trace", "trace", "rejected_spans", "spans"),
        _wire(Signal.METRICS, "Metrics", "metrics", "rejected_data_points", "data points"),
        _wire(Signal.LOGS, "Logs", "logs", "rejected_log_records", "log records"),
        _wire(
            Signal.PROFILES,
            "Profiles",
            "profiles",
            "rejected_profiles",
            "samples",
            version="v1development",
            # The Collector's documentation names this one for its receiver.
            others=("/v1/profiles",),
        ),
    )
}

SIGNAL_OF_PATH: dict[str, Signal] = {
    path: wire.signal for wire in WIRE.values() for path in (wire.path, *wire.other_paths)
}


def records_by_scope(signal: Signal, request: Generated) -> list[Sequence[Generated]]:
    """The spans, log records, metrics or profiles of each scope of a request."""
    wire = WIRE[signal]
    scopes = _children(iter(getattr(request, wire.resources_field)), wire.scopes_field)
    records = wire.records_field
    return [getattr(scope, records) for scope in scopes]


def count_records(signal: Signal, request: Message) -> int:
    """How many spans, log records, data points or samples a request holds."""
    return _COUNTERS[signal](request)


@cache
def _generated(module: str, name: str) -> MessageClass:
    generated: MessageClass = getattr(importlib.import_module(module), name)
    return generated


def _children(parents: Iterator[Generated], field: str) -> Iterator[Generated]:
    for parent in parents:
        yield from getattr(parent, field)


def _count(resources: str, scopes: str, records: str) -> Callable[[Generated], int]:
    def count(request: Generated) -> int:
        scoped = _children(iter(getattr(request, resources)), scopes)
        return sum(len(getattr(scope, records)) for scope in scoped)

    return count


def _count_data_points(request: Generated) -> int:
    scopes = _children(iter(request.resource_metrics), "scope_metrics")
    total = 0
    for metric in _children(scopes, "metrics"):
        kind = metric.WhichOneof("data")
        if kind is not None:
            total += len(getattr(metric, kind).data_points)
    return total


def _count_samples(request: Generated) -> int:
    scopes = _children(iter(request.resource_profiles), "scope_profiles")
    return sum(len(profile.samples) for profile in _children(scopes, "profiles"))


_COUNTERS: dict[Signal, Callable[[Generated], int]] = {
    Signal.TRACES: _count("resource_spans", "scope_spans", "spans"),
    Signal.METRICS: _count_data_points,
    Signal.LOGS: _count("resource_logs", "scope_logs", "log_records"),
    Signal.PROFILES: _count_samples,
}
