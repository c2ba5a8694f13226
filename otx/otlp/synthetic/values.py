"""Python values as attributes and bodies of OTLP, and the resource that a service has."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from otx import __version__

Value: TypeAlias = "str | bool | int | float | bytes | Sequence[Value] | Mapping[str, Value] | None"
SCOPE = "otx.send"


def any_value(value: Value) -> AnyValue:
    """An AnyValue of the type that fits; None is the empty one."""
    if value is None:
        return AnyValue()
    if isinstance(value, bool):  # is an int too
        return AnyValue(bool_value=value)
    if isinstance(value, int):
        return AnyValue(int_value=value)
    if isinstance(value, float):
        return AnyValue(double_value=value)
    if isinstance(value, str):
        return AnyValue(string_value=value)
    if isinstance(value, bytes):
        return AnyValue(bytes_value=value)
    if isinstance(value, Mapping):
        return AnyValue(kvlist_value=KeyValueList(values=pairs(value)))
    return AnyValue(array_value=ArrayValue(values=[any_value(one) for one in value]))


def pairs(values: Mapping[str, Value]) -> list[KeyValue]:
    """Attributes."""
    return [KeyValue(key=key, value=any_value(value)) for key, value in values.items()]


def resource_of(service: str, extra: Mapping[str, str]) -> Resource:
    """The resource of a made-up service, and what the user puts on top."""
    values: dict[str, Value] = {
        "service.name": service,
        "service.version": "1.4.2",
        "service.instance.id": f"{service}-1",
        "host.name": "otx-send",
        "telemetry.sdk.name": "otx",
        "telemetry.sdk.language": "python",
        "telemetry.sdk.version": __version__,
        **extra,
    }
    return Resource(attributes=pairs(values))
