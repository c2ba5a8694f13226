"""Requests taken apart into records, so that a statement can be tried on one of them.

A record here is a request that holds one span, metric, log record or profile with its own copy of
resource and scope: what a statement does to it, its neighbours do not see.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message

from otx.model.signal import Signal
from otx.otlp.decode import Request
from otx.otlp.open_view import open_class
from otx.ottl.records import ITEMS

MAX_RECORDS = 50_000
"""Beyond it records are left where they are: nobody looks at more one by one."""
MAX_BYTES = 256 << 20


@dataclass(frozen=True, slots=True)
class LoadedRecord:
    """A record as it was loaded and as it is now.

    Attributes:
        original: The request that holds it alone, as it came.
        body: The same after the statements that ran on it.
        cache_context: The context that `caches` belong to.
        caches: What statements of that context left in `cache`, one for each of its records.
    """

    signal: Signal
    original: bytes
    body: bytes
    cache_context: str = ""
    caches: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was loaded.

    Attributes:
        is_cut: Whether there was more than fits.
    """

    records: Sequence[LoadedRecord]
    is_cut: bool


def load(requests: Iterable[Request]) -> Loaded:
    """The records of some requests, up to a bound."""
    records: list[LoadedRecord] = []
    size = 0
    for request in requests:
        for body in split(request):
            size += len(body)
            if len(records) == MAX_RECORDS or size > MAX_BYTES:
                return Loaded(records, is_cut=True)
            records.append(LoadedRecord(request.signal, body, body))
    return Loaded(records, is_cut=False)


def split(request: Request) -> Iterator[bytes]:
    """A request's items, each as a request of its own; their bytes are those of the original."""
    outer, middle, inner = ITEMS[request.signal]
    message: Any = open_class(request.signal).FromString(request.body)
    for group in getattr(message, outer):
        for part in getattr(group, middle):
            for item in getattr(part, inner):
                yield _alone(request.signal, message, group, part, item)


def _alone(signal: Signal, message: Any, group: Any, part: Any, item: Message) -> bytes:
    outer, middle, inner = ITEMS[signal]
    made: Any = type(message)()
    if signal is Signal.PROFILES:
        made.dictionary.CopyFrom(message.dictionary)
    own_group = getattr(made, outer).add()
    own_group.resource.CopyFrom(group.resource)
    own_group.schema_url = group.schema_url
    own_part = getattr(own_group, middle).add()
    own_part.scope.CopyFrom(part.scope)
    own_part.schema_url = part.schema_url
    getattr(own_part, inner).add().CopyFrom(item)
    body: bytes = made.SerializeToString()
    return body
