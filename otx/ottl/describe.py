"""Records in words: which one a message is about."""

from typing import Any

from otx.otlp.any_value import AnyValue
from otx.ottl.record import Record
from otx.ottl.records import (
    Batch,
    ExemplarRecord,
    LogRecord,
    MetricRecord,
    PartRecord,
    PointRecord,
    ResourceRecord,
    SampleRecord,
    ScopeRecord,
    SpanRecord,
)

_SHOWN = 60


def describe(record: Record, batch: Batch | None = None) -> str:
    """A record in a few words: `span 3 of 10, "GET /cart", trace 4bf9…`."""
    if isinstance(record, SpanRecord):
        item = record.item
        place = f"trace {item.trace_id.hex()} span {item.span_id.hex()}"
        return f"{_number('span', record, batch)} {_quoted(item.name)}, {place}"
    if isinstance(record, LogRecord):
        return f"{_number('log record', record, batch)} {_short(record.body)}"
    if isinstance(record, MetricRecord):
        return f"{_number('metric', record, batch)} {_quoted(record.item.name)}"
    if isinstance(record, PartRecord):
        what = "event" if hasattr(record.item, "time_unix_nano") else "link"
        name = f" {_quoted(record.item.name)}" if what == "event" else ""
        return f"{what}{name} of {describe(record.span, batch)}"
    if isinstance(record, PointRecord):
        at = next((n for n, one in enumerate(record.metric.points, 1) if one is record), 0)
        return f"data point {at} of {describe(record.metric, batch)}"
    if isinstance(record, ExemplarRecord):
        return f"an exemplar of {describe(record.datapoint, batch)}"
    if isinstance(record, ScopeRecord):
        return f"scope {_quoted(record.item.name)} of {describe(record.resource, batch)}"
    if isinstance(record, ResourceRecord):
        return f"the resource of {_short(record.attributes.get('service.name'))}"
    if isinstance(record, SampleRecord):
        at = next((n for n, one in enumerate(record.profile.samples, 1) if one is record), 0)
        return f"sample {at} of {describe(record.profile, batch)}"
    return _number("profile", record, batch)


def _number(what: str, record: Any, batch: Batch | None) -> str:
    if batch is None:
        return what
    items = list(batch.items())
    at = next((number for number, one in enumerate(items, 1) if one is record), 0)
    return f"{what} {at} of {len(items)}"


def _quoted(name: bytes) -> str:
    return f'"{_cut(name.decode("utf-8", "replace"))}"'


def _short(value: AnyValue) -> str:
    return f'"{_cut(value)}"' if isinstance(value, str) else _cut(str(value))


def _cut(text: str) -> str:
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return shown if len(shown) <= _SHOWN else shown[: _SHOWN - 1] + "…"
