"""Records in words: which one a message is about."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from otx.ottl.batch import Batch
from otx.ottl.record import Record
from otx.ottl.records import (
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
    """Which number and name each record of a batch had when it came.

    Statements rename, drop and add records, and a message about one has to say what stands in the
    input. It is opened once more for that, and only when something is said.
    """

    def __init__(self, batch: Batch, reopen: Callable[[], Batch] | None = None) -> None:
        """Take down what is there.

        Args:
            batch: As it came: nothing has run on it yet.
            reopen: Opens the same request once more; without it names are those of the moment.
        """
        self._items = list(batch.items())
        self._above = [*batch.resources, *batch.scopes()]
        self._reopen = reopen
        self._copies: list[Any] = []
        self._roots: dict[int, Any] = {}
        self._found: dict[int, int] | None = None
        self._then: Batch | None = None
        self._came: dict[int, Any] = {}

    def __len__(self) -> int:
        return len(self._items)

    def of(self, item: Any) -> int:
        """An item's number, from 1 on; 0 where it was added meanwhile."""
        if self._found is None:
            self._found = {id(one): number for number, one in enumerate(self._items, 1)}
        return self._found.get(id(self._root(item)), 0)

    def came(self, record: Any) -> Any:
        """An item, scope or resource as it came; itself where it was added meanwhile."""
        if self._reopen is None:
            return record
        if self._then is None:
            then = self._then = self._reopen()
            now = (*self._above, *self._items)
            as_it_was = (*then.resources, *then.scopes(), *then.items())
            self._came = {id(one): was for one, was in zip(now, as_it_was, strict=True)}
        return self._came.get(id(self._root(record)), record)

    def adopt(self, copies: Iterable[tuple[Any, Any]]) -> None:
        """Take copies for the items that they were made of, first things first."""
        for copy, item in copies:
            self._copies.append(copy)  # kept, so that no id is given to a second one
            self._roots[id(copy)] = self._root(item)
            self._roots[id(copy.scope)] = self._root(item.scope)
            self._roots[id(copy.resource)] = self._root(item.resource)

    def release(self) -> None:
        """Let go of the request that was opened once more."""
        if self._then is not None:
            self._then.release()
            self._came = {}

    def _root(self, record: Any) -> Any:
        """What a copy was made of in the end; itself for what came."""
        return self._roots.get(id(record), record)

    def text(self, what: str, item: Any) -> str:
        """`span 3 of 10`; for an item that was added meanwhile `a new metric`."""
        number = self.of(item)
        return f"{what} {number} of {len(self._items)}" if number else f"a new {what}"


def describe(record: Record, numbers: Numbers | None = None) -> str:
    """A record in a few words: `span 3 of 10 "GET /cart", trace 4bf9…`, named as it came."""
    came: Any = record if numbers is None else _came(record, numbers)
    if isinstance(record, SpanRecord):
        item = came.item
        place = f"trace {item.trace_id.hex()} span {item.span_id.hex()}"
        return f"{_number('span', record, numbers)} {_quoted(item.name)}, {place}"
    if isinstance(record, LogRecord):
        body = came.body
        title = "without a body" if body is None else title_text(body)
        return f"{_number('log record', record, numbers)} {title}"
    if isinstance(record, MetricRecord):
        return f"{_number('metric', record, numbers)} {_quoted(came.item.name)}"
    if isinstance(record, PartRecord):
        what = "event" if _is_event(record) else "link"
        name = f" {_quoted(came.item.name)}" if what == "event" else ""
        return f"{what}{name} of {describe(record.span, numbers)}"
    if isinstance(record, PointRecord):
        which = _which("data point", record, record.metric.points)
        return f"{which} of {describe(record.metric, numbers)}"
    if isinstance(record, ExemplarRecord):
        return f"an exemplar of {describe(record.datapoint, numbers)}"
    if isinstance(record, ScopeRecord):
        return f"scope {_quoted(came.item.name)} of {describe(record.resource, numbers)}"
    if isinstance(record, ResourceRecord):
        service = came.attributes.get("service.name")
        if service is None:
            return "a resource without service.name"
        return f"the resource of {title_text(service)}"
    if isinstance(record, SampleRecord):
        which = _which("sample", record, record.profile.samples)
        return f"{which} of {describe(record.profile, numbers)}"
    return _number("profile", record, numbers)


def _came(record: Record, numbers: Numbers) -> Any:
    """A record as it came; of an event the one that stood at its place."""
    if not isinstance(record, PartRecord):
        return numbers.came(record)
    span = numbers.came(record.span)
    parts = span.events if _is_event(record) else span.links
    return parts[record.index] if record.index < len(parts) else record


def _is_event(record: PartRecord) -> bool:
    return hasattr(record.item, "time_unix_nano")


def _number(what: str, item: Any, numbers: Numbers | None) -> str:
    return what if numbers is None else numbers.text(what, item)


def _which(what: str, record: Any, records: Sequence[Any]) -> str:
    at = next((number for number, one in enumerate(records, 1) if one is record), 0)
    return f"{what} {at}" if at else f"a {what}"


def _quoted(name: bytes) -> str:
    return title_text(name.decode("utf-8", "replace"))
