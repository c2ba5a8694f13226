"""How many records a logged request holds, without looking into them.

The messages of this view declare spans, log records and data points as bytes, which upb steps
over. Profiles are few and are read by the official messages.
"""

from functools import cache
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from otx.model.signal import Signal
from otx.otlp.wire import WIRE, Generated, MessageClass, count_records

_PACKAGE = "otx.count"
_METRIC_KINDS = {"gauge": 5, "sum": 7, "histogram": 9, "exponential_histogram": 10, "summary": 11}
"""Fields of a metric; each has its data points in field 1 (opentelemetry.proto.metrics.v1)."""


def count_records_in(signal: Signal, body: bytes) -> int:
    """Spans, log records, data points or samples of a request; 0 for bytes that are none."""
    try:
        if signal is Signal.PROFILES:
            return count_records(signal, WIRE[signal].request_class.FromString(body))
        request: Generated = _view()["Request"].FromString(body)
    except DecodeError:
        return 0
    scopes = [scope for resource in request.resources for scope in resource.scopes]
    if signal is not Signal.METRICS:
        return sum(len(scope.records) for scope in scopes)
    metrics: MessageClass = _view()["Metric"]
    return sum(_points(metrics.FromString(record)) for scope in scopes for record in scope.records)


def _points(metric: Generated) -> int:
    return sum(len(getattr(metric, kind).points) for kind in _METRIC_KINDS)


@cache
def _view() -> dict[str, MessageClass]:
    """The messages of the view by their names."""
    file = descriptor_pb2.FileDescriptorProto(
        name="otx/count.proto", package=_PACKAGE, syntax="proto3"
    )
    _message(file, ("Request", {"resources": (1, "Resource")}))
    _message(file, ("Resource", {"scopes": (2, "Scope")}))
    _message(file, ("Scope", {"records": (2, "")}))
    _message(file, ("Metric", {kind: (at, "Points") for kind, at in _METRIC_KINDS.items()}))
    _message(file, ("Points", {"points": (1, "")}))
    pool: Any = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        message.name: message_factory.GetMessageClass(
            pool.FindMessageTypeByName(f"{_PACKAGE}.{message.name}")
        )
        for message in file.message_type
    }


def _message(
    file: descriptor_pb2.FileDescriptorProto, shape: tuple[str, dict[str, tuple[int, str]]]
) -> None:
    """Declare a message: its name, and its fields' numbers and types ("" for bytes)."""
    name, fields = shape
    declared = file.message_type.add(name=name)
    kinds = descriptor_pb2.FieldDescriptorProto
    for field, (number, kind) in fields.items():
        declared.field.add(
            name=field,
            number=number,
            label=kinds.LABEL_OPTIONAL if kind == "Points" else kinds.LABEL_REPEATED,
            type=kinds.TYPE_MESSAGE if kind else kinds.TYPE_BYTES,
            type_name=f".{_PACKAGE}.{kind}" if kind else None,
        )
