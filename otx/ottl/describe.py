"""Records in words: which one a message is about."""

from collections.abc import Iterable, Sequence
from typing import Any

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
from otx.ottl.value_text import title_text


class Numbers:
    """Which number each item of a batch had when it came, whatever is dropped or added later."""

    def __init__(self, batch: Batch) -> None:
        self._items = list(batch.items())
        self._copies: list[Any] = []
        self._found: dict[int, int] | None = None

    def __len__(self) -> int:
        return len(self._items)

    def of(self, item: Any) -> int:
        """An item's number, from 1 on; 0 where it was added meanwhile."""
        if self._found is None:
            self._found = {id(one): number for number, one in enumerate(self._items, 1)}
        return self._found.get(id(item), 0)

    def adopt(self, copies: Iterable[tuple[Any, Any]]) -> None:
        """Give copies the numbers of the items that they were made of, first things first."""
        for copy, item in copies:
            number = self.of(item)
            assert self._found is not None  # noqa: S101 - it was asked for
            self._found[id(copy)] = number
            self._copies.append(copy)  # kept, so that no id is given to a second one

    def text(self, what: str, item: Any) -> str:
        """`span 3 of 10`; for an item that was added meanwhile `a new metric`."""
        number = self.of(item)
        return f"{what} {number} of {len(self._items)}" if number else f"a new {what}"


def describe(record: Record, numbers: Numbers | None = None) -> str:
    """A record in a few words: `span 3 of 10, "GET /cart", trace 4bf9…`."""
    if isinstance(record, SpanRecord):
        item = record.item
        place = f"trace {item.trace_id.hex()} span {item.span_id.hex()}"
        return f"{_number('span', record, numbers)} {_quoted(item.name)}, {place}"
    if isinstance(record, LogRecord):
        body = record.body
        title = "without a body" if body is None else title_text(body)
        return f"{_number('log record', record, numbers)} {title}"
    if isinstance(record, MetricRecord):
        return f"{_number('metric', record, numbers)} {_quoted(record.item.name)}"
    if isinstance(record, PartRecord):
        what = "event" if hasattr(record.item, "time_unix_nano") else "link"
        name = f" {_quoted(record.item.name)}" if what == "event" else ""
        return f"{what}{name} of {describe(record.span, numbers)}"
    if isinstance(record, PointRecord):
        which = _which("data point", record, record.metric.points)
        return f"{which} of {describe(record.metric, numbers)}"
    if isinstance(record, ExemplarRecord):
        return f"an exemplar of {describe(record.datapoint, numbers)}"
    if isinstance(record, ScopeRecord):
        return f"scope {_quoted(record.item.name)} of {describe(record.resource, numbers)}"
    if isinstance(record, ResourceRecord):
        service = record.attributes.get("service.name")
        if service is None:
            return "a resource without service.name"
        return f"the resource of {title_text(service)}"
    if isinstance(record, SampleRecord):
        which = _which("sample", record, record.profile.samples)
        return f"{which} of {describe(record.profile, numbers)}"
    return _number("profile", record, numbers)


def _number(what: str, item: Any, numbers: Numbers | None) -> str:
    return what if numbers is None else numbers.text(what, item)


def _which(what: str, record: Any, records: Sequence[Any]) -> str:
    at = next((number for number, one in enumerate(records, 1) if one is record), 0)
    return f"{what} {at}" if at else f"a {what}"


def _quoted(name: bytes) -> str:
    return title_text(name.decode("utf-8", "replace"))
