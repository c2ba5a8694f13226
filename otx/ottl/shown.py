"""Values as `otx ottl eval` prints them: JSON that any parser reads, with nothing left out.

Ids are hex, times RFC 3339, durations nanoseconds, bytes base64; a part of OTLP (events, a status,
data points) is its OTLP/JSON. NaN and the infinities are texts, as OTLP/JSON has them, and what is
no UTF-8 in a text is U+FFFD.
"""

import importlib
import math
from collections.abc import Mapping
from typing import Any

from google.protobuf.message import DecodeError, Message

from otx.otlp.any_value import encode_any
from otx.otlp.valid_text import valid_value
from otx.ottl.value_json import to_plain
from otx.ottl.values import Opaque, Value, is_map, storable

_MESSAGES: Mapping[str, tuple[str, str]] = {
    "status": ("trace", "Status"),
    "span events": ("trace", "Span.Event"),
    "span links": ("trace", "Span.Link"),
    "list of number data points": ("metrics", "NumberDataPoint"),
    "list of histogram data points": ("metrics", "HistogramDataPoint"),
    "list of exponential histogram data points": ("metrics", "ExponentialHistogramDataPoint"),
    "list of summary data points": ("metrics", "SummaryDataPoint"),
    "list of exemplars": ("metrics", "Exemplar"),
    "list of quantiles": ("metrics", "SummaryDataPoint.ValueAtQuantile"),
    "buckets": ("metrics", "ExponentialHistogramDataPoint.Buckets"),
    "list of samples": ("profiles", "Sample"),
    "value type": ("profiles", "ValueType"),
}
"""What the parts of OTLP are that statements can only copy: module and message of each kind."""
_MODULES = {
    "trace": "opentelemetry.proto.trace.v1.trace_pb2",
    "metrics": "opentelemetry.proto.metrics.v1.metrics_pb2",
    "profiles": "opentelemetry.proto.profiles.v1development.profiles_pb2",
}


def shown(value: Value) -> Any:
    """A value as a JSON writer takes it."""
    if isinstance(value, str):
        return _valid(value)
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, list):
        return [shown(one) for one in value]
    if is_map(value):
        return {_valid(key): shown(one) for key, one in value.items()}
    if isinstance(value, Opaque):
        return _part(value)
    return value.raw.hex() if hasattr(value, "raw") else to_plain(value)


def shown_any(value: Value) -> Any:
    """A value as an `AnyValue` of OTLP/JSON.

    Raises:
        ExecutionError: It has no OTLP form.
        TooDeep: It is nested deeper than OTLP's readers take.
    """
    from opentelemetry.proto.common.v1.common_pb2 import AnyValue  # 10 ms

    from otx.otlp.json_codec import write_message

    return write_message(AnyValue.FromString(valid_value(encode_any(storable(value)), "AnyValue")))


def _valid(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _part(value: Opaque) -> Any:
    """A part of OTLP, or a list of such."""
    from otx.otlp.json_codec import write_message

    if value.kind not in _MESSAGES:
        return list(value.content)
    kind = _message_class(value.kind)
    try:
        parts = [write_message(kind.FromString(data)) for data in value.content]
    except DecodeError:
        # A text in it is no UTF-8, which the official messages refuse.
        parts = [{} for _ in value.content]
    return parts if value.is_list else next(iter(parts), {})


def _message_class(kind: str) -> type[Message]:
    module, name = _MESSAGES[kind]
    found: Any = importlib.import_module(_MODULES[module])
    for part in name.split("."):
        found = getattr(found, part)
    message: type[Message] = found
    return message
