"""The column view of OTLP: its own messages, except that recursive fields are declared bytes.

A field of bytes has the same wire format as a field of a message, so requests of any sender parse
under this view. `AnyValue` contains itself through arrays and maps; Arrow has no type for that, so
these two stay undecoded bytes here and are read one by one where they occur, which is seldom.
Resources, scopes and attributes stay bytes as well, because many spans share one and it is decoded
once (`otx.otlp.attribute_columns`).

Each is declared repeated as well, a list of as many as were sent: protobuf merges a message that is
there twice in one place ("Last One Wins" of its encoding guide holds for scalars alone), and the
merged message is what their bytes give one behind the other.

The view is derived at run time from the official descriptors rather than kept as a .proto of our
own: no field number can be mistyped, no protoc is needed to build, and new fields come along.
"""

from functools import cache
from typing import Any, TypeAlias

import ptars
from google.protobuf import descriptor_pb2, descriptor_pool
from opentelemetry.proto.common.v1 import common_pb2
from opentelemetry.proto.logs.v1 import logs_pb2
from opentelemetry.proto.metrics.v1 import metrics_pb2
from opentelemetry.proto.resource.v1 import resource_pb2
from opentelemetry.proto.trace.v1 import trace_pb2

_KEPT_AS_BYTES = {
    ("AnyValue", "array_value"),
    ("AnyValue", "kvlist_value"),
    ("ResourceSpans", "resource"),
    ("ScopeSpans", "scope"),
    ("ResourceLogs", "resource"),
    ("ScopeLogs", "scope"),
    ("ResourceMetrics", "resource"),
    ("ScopeMetrics", "scope"),
}
_KEY_VALUE = f".{common_pb2.KeyValue.DESCRIPTOR.full_name}"
"""Lists of these stay bytes, whatever the field is called."""
_LEFT_OUT = {
    ("AnyValue", "string_value_strindex"),  # profiles only; elsewhere to be ignored
    ("KeyValue", "key_strindex"),
}
"""Fields no column is made of: what is not decoded costs nothing."""

Handler: TypeAlias = Any
"""Reads serialised messages into an Arrow RecordBatch; ptars has no name for its type."""


def _handler(file_name: str, message_name: str) -> Handler:
    pool = descriptor_pool.DescriptorPool()
    for module in (common_pb2, resource_pb2, trace_pb2, logs_pb2, metrics_pb2):
        file = descriptor_pb2.FileDescriptorProto()
        module.DESCRIPTOR.CopyToProto(file)
        for message in file.message_type:
            _narrow(message)
        pool.Add(file)
    files = ptars.HandlerPool([pool.FindFileByName(file_name)])
    return files.get_for_message(pool.FindMessageTypeByName(message_name))


def _narrow(message: descriptor_pb2.DescriptorProto) -> None:
    """Change one message and those declared in it to the view."""
    kept = [field for field in message.field if (message.name, field.name) not in _LEFT_OUT]
    for field in kept:
        if (message.name, field.name) in _KEPT_AS_BYTES or field.type_name == _KEY_VALUE:
            field.type = descriptor_pb2.FieldDescriptorProto.TYPE_BYTES
            field.ClearField("type_name")
            field.ClearField("oneof_index")
            field.label = descriptor_pb2.FieldDescriptorProto.LABEL_REPEATED
    copies = [descriptor_pb2.FieldDescriptorProto.FromString(f.SerializeToString()) for f in kept]
    del message.field[:]
    message.field.extend(copies)
    for inner in message.nested_type:
        _narrow(inner)


@cache
def traces_handler() -> Handler:
    """Reads ExportTraceServiceRequest, which has the wire format of TracesData."""
    return _handler(trace_pb2.DESCRIPTOR.name, "opentelemetry.proto.trace.v1.TracesData")


@cache
def logs_handler() -> Handler:
    """Reads ExportLogsServiceRequest, which has the wire format of LogsData."""
    return _handler(logs_pb2.DESCRIPTOR.name, "opentelemetry.proto.logs.v1.LogsData")


@cache
def metrics_handler() -> Handler:
    """Reads ExportMetricsServiceRequest, which has the wire format of MetricsData."""
    return _handler(metrics_pb2.DESCRIPTOR.name, "opentelemetry.proto.metrics.v1.MetricsData")


@cache
def key_value_handler() -> Handler:
    """Reads KeyValue, whose arrays and maps stay bytes."""
    return _handler(common_pb2.DESCRIPTOR.name, common_pb2.KeyValue.DESCRIPTOR.full_name)
