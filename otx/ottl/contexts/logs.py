"""Log records."""

from typing import Any

from otx.ottl.contexts.accessor import (
    Accessor,
    attributes,
    identifier,
    integer,
    refuse,
    text,
    times,
)
from otx.ottl.contexts.context import Context, paths
from otx.ottl.contexts.resources import PARENTS
from otx.ottl.value_json import as_string
from otx.ottl.values import SpanId, TraceId, Value, storable

_SEVERITIES = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")

SEVERITY_ENUMS = {"SEVERITY_NUMBER_UNSPECIFIED": 0} | {
    f"SEVERITY_NUMBER_{name}{step + 1 if step else ''}": 1 + 4 * level + step
    for level, name in enumerate(_SEVERITIES)
    for step in range(4)
}


def _get_body(record: Any) -> Value:
    return record.body


def _set_body(record: Any, value: Value) -> None:
    record.body = storable(value)


def _touch_body(record: Any, _: str) -> None:
    record.body = record.body


def _set_body_text(record: Any, value: Value) -> None:
    if type(value) is not str:
        raise refuse("body.string", "string", value)
    record.body = value


def _get_body_text(record: Any) -> Value:
    return as_string(record.body)


LOG = Context(
    "log",
    paths(
        times("time"),
        times("observed_time"),
        severity_number=integer("severity_number", 32),
        severity_text=text("severity_text"),
        event_name=text("event_name"),
        body=Accessor(
            "any",
            _get_body,
            _set_body,
            keys="value",
            sections={"string": Accessor("string", _get_body_text, _set_body_text)},
            touch=_touch_body,
            is_nullable=True,
        ),
        attributes=attributes(),
        dropped_attributes_count=integer("dropped_attributes_count", 32, signed=False),
        flags=integer("flags", 32, signed=False),
        trace_id=identifier("trace_id", TraceId, 16),
        span_id=identifier("span_id", SpanId, 8),
    ),
    parents=PARENTS,
    enums=SEVERITY_ENUMS,
)
