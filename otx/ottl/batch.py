"""A request that is open for statements, and how the records of each context are walked."""

from collections.abc import Callable, Iterator
from typing import Any

from google.protobuf.message import Message

from otx.model.signal import Signal
from otx.otlp.json_view import JsonMessage
from otx.otlp.open_view import open_class
from otx.ottl.profile_dictionary import dictionary_of
from otx.ottl.record import Msg, keep_only
from otx.ottl.records import ITEMS, ResourceRecord, ScopeRecord


class Batch:
    """One request, opened.

    Attributes:
        message: The request in the open view.
        resources: Its resources.
    """

    def __init__(self, signal: Signal, body: bytes | Message | JsonMessage) -> None:
        """Open an `Export…ServiceRequest`: checked bytes, or a message of the open or JSON view."""
        self.signal = signal
        self.message: Msg = open_class(signal).FromString(body) if isinstance(body, bytes) else body
        groups = getattr(self.message, ITEMS[signal][0])
        dictionary = dictionary_of(self.message) if signal is Signal.PROFILES else None
        self.resources = [ResourceRecord(group, signal, dictionary) for group in groups]

    def flush(self) -> None:
        """Write everything that changed back into the message."""
        for resource in self.resources:
            resource.flush()

    def close(self) -> bytes:
        """The request's bytes with all that changed."""
        self.flush()
        body: bytes = self.message.SerializeToString()
        return body

    def release(self) -> None:
        """Let go of the records; those that know one another would hold the message till later."""
        for resource in self.resources:
            for scope in resource.scopes:
                for record in scope.items:
                    record.forget()
                scope.items.clear()
            resource.scopes.clear()

    def drop_empty(self) -> None:
        """Remove scopes and resources without items, and from the message what no record is of."""
        for resource in self.resources:
            resource.scopes[:] = [one for one in resource.scopes if one.items]
        self.resources[:] = [one for one in self.resources if one.scopes]
        self.prune()

    def prune(self) -> None:
        """Remove from the message what is no longer among its records."""
        groups = getattr(self.message, ITEMS[self.signal][0])
        keep_only(groups, [one.group for one in self.resources])
        for resource in self.resources:
            keep_only(
                getattr(resource.group, ITEMS[self.signal][1]), [s.group for s in resource.scopes]
            )
            for scope in resource.scopes:
                keep_only(scope.container, [one.item for one in scope.items])
                for record in scope.items:
                    record.prune()

    def scopes(self) -> Iterator[ScopeRecord]:
        """All scopes."""
        for resource in self.resources:
            yield from resource.scopes

    def items(self) -> Iterator[Any]:
        """All items; those that are added meanwhile too."""
        for scope in self.scopes():
            yield from scope.items


WALKS: dict[str, Callable[[Batch], Iterator[Any]]] = {
    "resource": lambda batch: iter(batch.resources),
    "scope": lambda batch: batch.scopes(),
    "span": lambda batch: batch.items(),
    "spanevent": lambda batch: (part for span in batch.items() for part in span.events),
    "spanlink": lambda batch: (part for span in batch.items() for part in span.links),
    "log": lambda batch: batch.items(),
    "metric": lambda batch: batch.items(),
    "datapoint": lambda batch: (point for metric in batch.items() for point in metric.points),
    "exemplar": lambda batch: (
        one for metric in batch.items() for point in metric.points for one in point.exemplars
    ),
    "profile": lambda batch: batch.items(),
    "profilesample": lambda batch: (one for profile in batch.items() for one in profile.samples),
}
"""The records of each context."""
