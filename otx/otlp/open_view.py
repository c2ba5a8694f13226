"""The open view of OTLP: the official messages, except that attributes, values and texts are bytes.

What is declared bytes has the same wire format and is not decoded until somebody reads it; what
nobody changed is written back as it came, unknown fields included. Texts are bytes too, so that
one invalid character does not cost a whole request. Derived at run time from the official
descriptors, as the column view is, so that no field number can be mistyped.
"""

from functools import cache
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import Message

from otx.model.signal import Signal
from otx.otlp.wire import WIRE

_FIELD = descriptor_pb2.FieldDescriptorProto
_VALUES = {
    ".opentelemetry.proto.common.v1.KeyValue",
    ".opentelemetry.proto.common.v1.AnyValue",
}


@cache
def open_class(signal: Signal) -> type[Message]:
    """The open view of a signal's `Export…ServiceRequest`."""
    descriptor = WIRE[signal].request_class.DESCRIPTOR
    pool = descriptor_pool.DescriptorPool()
    _add(descriptor.file, pool, set())
    name = descriptor.full_name
    opened: type[Message] = message_factory.GetMessageClass(pool.FindMessageTypeByName(name))
    return opened


def _add(file: Any, pool: descriptor_pool.DescriptorPool, added: set[str]) -> None:
    """Add a file and what it imports to a pool, narrowed."""
    if file.name in added:
        return
    added.add(file.name)
    for imported in file.dependencies:
        _add(imported, pool, added)
    narrowed = descriptor_pb2.FileDescriptorProto()
    file.CopyToProto(narrowed)
    narrowed.ClearField("service")
    if not file.name.endswith("common.proto"):
        for message in narrowed.message_type:
            _narrow(message)
    else:
        for message in narrowed.message_type:
            if message.name in ("InstrumentationScope", "EntityRef"):
                _narrow(message)
    pool.Add(narrowed)


def _narrow(message: descriptor_pb2.DescriptorProto) -> None:
    for field in message.field:
        if field.type == _FIELD.TYPE_STRING or (
            field.type == _FIELD.TYPE_MESSAGE and field.type_name in _VALUES
        ):
            field.type = _FIELD.TYPE_BYTES
            field.ClearField("type_name")
        elif field.type == _FIELD.TYPE_ENUM:
            # Enums are open: any number is kept.
            field.type = _FIELD.TYPE_INT32
            field.ClearField("type_name")
    for inner in message.nested_type:
        _narrow(inner)
