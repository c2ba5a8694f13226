"""One request as statements walk it: resources, scopes in them, items in those, parts of items.

A record stands for one message of the open view and lives as long as its batch, so that what
several statements decode is decoded once. Nothing is written back before its batch is flushed
(`otx.ottl.batch`).
"""

from collections.abc import Callable, Iterator
from typing import Any

from otx.model.signal import Signal
from otx.ottl.errors import ExecutionError
from otx.ottl.profile_dictionary import Dictionary, ProfileAttributes
from otx.ottl.record import Msg, Record, keep_only

MAX_GROWTH = 1000
MAX_GROWTH_EACH = 20
"""What a scope may grow by: so much, and so much for each of its items. A Collector knows no bound
and never ends."""

ITEMS: dict[Signal, tuple[str, str, str]] = {
    Signal.TRACES: ("resource_spans", "scope_spans", "spans"),
    Signal.METRICS: ("resource_metrics", "scope_metrics", "metrics"),
    Signal.LOGS: ("resource_logs", "scope_logs", "log_records"),
    Signal.PROFILES: ("resource_profiles", "scope_profiles", "profiles"),
}
"""The repeated fields from a request down to its items."""


class ResourceRecord(Record):
    """A resource with its scopes.

    Attributes:
        group: The `Resource…` message, which also holds the schema URL.
        dictionary: That of the request's profiles; None in other signals.
    """

    __slots__ = ("dictionary", "group", "scopes")

    def __init__(self, group: Msg, signal: Signal, dictionary: Dictionary | None = None) -> None:
        super().__init__(group.resource)
        self.group = group
        self.dictionary = dictionary
        self.scopes = [
            ScopeRecord(scope, self, signal) for scope in getattr(group, ITEMS[signal][1])
        ]

    def children(self) -> Iterator[Record]:
        """The scopes."""
        return iter(self.scopes)


class ScopeRecord(Record):
    """A scope with its spans, metrics, log records or profiles.

    Attributes:
        group: The `Scope…` message, which also holds the schema URL and the items.
        items: Grows while metrics are added.
    """

    __slots__ = ("_most", "group", "items", "resource", "signal")

    def __init__(self, group: Msg, resource: ResourceRecord, signal: Signal) -> None:
        super().__init__(group.scope)
        self.group = group
        self.resource = resource
        self.signal = signal
        make = _ITEM_RECORDS[signal]
        self.items: list[Any] = [make(item, self) for item in self.container]
        self._most = MAX_GROWTH + MAX_GROWTH_EACH * len(self.items)

    @property
    def container(self) -> Any:
        """The repeated field of the items."""
        return getattr(self.group, ITEMS[self.signal][2])

    def add(self, item: Msg) -> "ItemRecord":
        """Append a copy of a message as a new item.

        Raises:
            ExecutionError: There is no end to it: statements run on what is added too.
        """
        if len(self.items) >= self._most:
            raise ExecutionError(
                f"it makes metrics of the metrics it made: {len(self.items)} by now; "
                "give it a `where` that they do not match"
            )
        container = self.container
        container.append(item)
        record = _ITEM_RECORDS[self.signal](container[-1], self)
        self.items.append(record)
        return record

    def children(self) -> Iterator[Record]:
        """The items."""
        return iter(self.items)


class ItemRecord(Record):
    """A span, metric, log record or profile."""

    __slots__ = ("resource", "scope")

    def __init__(self, item: Msg, scope: ScopeRecord) -> None:
        self.item = item
        self.cache = None
        self._attributes = None
        self.scope = scope
        self.resource = scope.resource

    def prune(self) -> None:
        """Remove parts that are no longer among its records."""


class SpanRecord(ItemRecord):
    """A span with its events and links."""

    __slots__ = ("_events", "_links")

    def __init__(self, item: Msg, scope: ScopeRecord) -> None:
        super().__init__(item, scope)
        self._events: list[PartRecord] | None = None
        self._links: list[PartRecord] | None = None

    @property
    def span(self) -> "SpanRecord":
        """Itself, as its events call it."""
        return self

    @property
    def events(self) -> "list[PartRecord]":
        """Its events."""
        if self._events is None:
            self._events = [
                PartRecord(event, self, index) for index, event in enumerate(self.item.events)
            ]
        return self._events

    @property
    def links(self) -> "list[PartRecord]":
        """Its links."""
        if self._links is None:
            self._links = [
                PartRecord(link, self, index) for index, link in enumerate(self.item.links)
            ]
        return self._links

    def children(self) -> Iterator[Record]:
        """Events and links that were looked at."""
        if self._events is None and self._links is None:
            return iter(())
        return iter([*(self._events or ()), *(self._links or ())])

    def prune(self) -> None:
        """Remove events that are no longer among its records."""
        if self._events is not None:
            keep_only(self.item.events, [one.item for one in self._events])

    def forget(self) -> None:
        """Look at the message anew."""
        super().forget()
        self._events = self._links = None

    def forget_events(self) -> None:
        """Look at the events anew."""
        self._events = None

    def forget_links(self) -> None:
        """Look at the links anew."""
        self._links = None


class PartRecord(Record):
    """An event or link of a span.

    Attributes:
        index: Which of the span's events or links it is.
    """

    __slots__ = ("index", "resource", "scope", "span")

    def __init__(self, item: Msg, span: SpanRecord, index: int) -> None:
        super().__init__(item)
        self.index = index
        self.span = span
        self.scope = span.scope
        self.resource = span.resource


class LogRecord(ItemRecord):
    """A log record."""

    __slots__ = ("_body",)

    def __init__(self, item: Msg, scope: ScopeRecord) -> None:
        super().__init__(item, scope)
        self._body: list[Any] | None = None

    @property
    def body(self) -> Any:
        """The body's value; a map or list in it is changed in place and announced by setting it."""
        if self._body is None:
            from otx.otlp.any_value import decode_any

            self._body = [decode_any(self.item.body), False]
        return self._body[0]

    @body.setter
    def body(self, value: Any) -> None:
        self._body = [value, True]

    def flush(self) -> None:
        """Write back what changed."""
        super().flush()
        if self._body is not None and self._body[1]:
            from otx.otlp.any_value import TooDeep, encode_any

            try:
                self.item.body = encode_any(self._body[0])
            except TooDeep as error:
                raise ExecutionError(str(error)) from None

    def forget(self) -> None:
        """Look at the message anew."""
        super().forget()
        self._body = None


class MetricRecord(ItemRecord):
    """A metric with its data points. Its attributes are its metadata."""

    ATTRIBUTES = "metadata"
    __slots__ = ("_points", "_points_of")

    def __init__(self, item: Msg, scope: ScopeRecord) -> None:
        super().__init__(item, scope)
        self._points: list[PointRecord] = []
        self._points_of = ""

    @property
    def metric(self) -> "MetricRecord":
        """Itself, as its data points call it."""
        return self

    @property
    def kind(self) -> str:
        """`gauge`, `sum`, `histogram`, `exponential_histogram`, `summary`, or "" for none."""
        return self.item.WhichOneof("data") or ""

    @property
    def data(self) -> Msg:
        """The message of its kind; None for none."""
        kind = self.kind
        return getattr(self.item, kind) if kind else None

    @property
    def points(self) -> "list[PointRecord]":
        """Its data points, whatever they are."""
        kind = self.kind
        if self._points_of != kind or not kind:
            points = getattr(self.item, kind).data_points if kind else ()
            self._points = [PointRecord(point, self, kind) for point in points]
            self._points_of = kind
        return self._points

    def prune(self) -> None:
        """Remove data points that are no longer among its records."""
        if self._points_of and self._points_of == self.kind:
            keep_only(self.data.data_points, [one.item for one in self._points])

    def children(self) -> Iterator[Record]:
        """Data points that were looked at."""
        return iter(self._points if self._points_of == self.kind else ())

    def forget(self) -> None:
        """Look at the message anew."""
        super().forget()
        self._points, self._points_of = [], ""


class PointRecord(Record):
    """A data point with its exemplars.

    Attributes:
        kind: The kind of its metric.
    """

    __slots__ = ("_exemplars", "kind", "metric", "resource", "scope")

    def __init__(self, item: Msg, metric: MetricRecord, kind: str) -> None:
        super().__init__(item)
        self.metric = metric
        self.kind = kind
        self.scope = metric.scope
        self.resource = metric.resource
        self._exemplars: list[ExemplarRecord] | None = None

    @property
    def datapoint(self) -> "PointRecord":
        """Itself, as its exemplars call it."""
        return self

    @property
    def exemplars(self) -> "list[ExemplarRecord]":
        """Its exemplars; none for a summary's point."""
        if self._exemplars is None:
            exemplars = getattr(self.item, "exemplars", ())
            self._exemplars = [ExemplarRecord(one, self) for one in exemplars]
        return self._exemplars

    def children(self) -> Iterator[Record]:
        """Exemplars that were looked at."""
        return iter(self._exemplars or ())

    def forget(self) -> None:
        """Look at the message anew."""
        super().forget()
        self._exemplars = None


class ExemplarRecord(Record):
    """An exemplar of a data point."""

    ATTRIBUTES = "filtered_attributes"
    __slots__ = ("datapoint", "metric", "resource", "scope")

    def __init__(self, item: Msg, datapoint: PointRecord) -> None:
        super().__init__(item)
        self.datapoint = datapoint
        self.metric = datapoint.metric
        self.scope = datapoint.scope
        self.resource = datapoint.resource


class ProfileRecord(ItemRecord):
    """A profile with its samples. Its attributes lie in the request's dictionary."""

    __slots__ = ("_samples", "dictionary")

    def __init__(self, item: Msg, scope: ScopeRecord) -> None:
        super().__init__(item, scope)
        assert self.resource.dictionary is not None  # noqa: S101 - profiles' requests have one
        self.dictionary = self.resource.dictionary
        self._samples: list[SampleRecord] | None = None

    @property
    def profile(self) -> "ProfileRecord":
        """Itself, as its samples call it."""
        return self

    @property
    def attributes(self) -> ProfileAttributes:
        """Its attributes."""
        return _shared_attributes(self, self.dictionary)

    @property
    def samples(self) -> "list[SampleRecord]":
        """Its samples."""
        if self._samples is None:
            self._samples = [SampleRecord(sample, self) for sample in self.item.samples]
        return self._samples

    def children(self) -> Iterator[Record]:
        """Samples that were looked at."""
        return iter(self._samples or ())

    def forget(self) -> None:
        """Look at the message anew."""
        super().forget()
        self._samples = None


class SampleRecord(Record):
    """A sample of a profile. Its attributes lie in the request's dictionary."""

    __slots__ = ("dictionary", "profile", "resource", "scope")

    def __init__(self, item: Msg, profile: ProfileRecord) -> None:
        super().__init__(item)
        self.profile = profile
        self.dictionary = profile.dictionary
        self.scope = profile.scope
        self.resource = profile.resource

    @property
    def attributes(self) -> ProfileAttributes:
        """Its attributes."""
        return _shared_attributes(self, self.dictionary)


def _shared_attributes(record: Record, dictionary: Dictionary) -> ProfileAttributes:
    if not isinstance(record._attributes, ProfileAttributes):
        record._attributes = ProfileAttributes(record.item, dictionary)
    return record._attributes


_ITEM_RECORDS: dict[Signal, Callable[[Msg, ScopeRecord], ItemRecord]] = {
    Signal.TRACES: SpanRecord,
    Signal.METRICS: MetricRecord,
    Signal.LOGS: LogRecord,
    Signal.PROFILES: ProfileRecord,
}
