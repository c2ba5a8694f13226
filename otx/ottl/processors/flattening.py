"""`flatten_data` of the transform processor: each log record stands alone while it runs.

It has a resource and a scope of its own then; afterwards those that are equal are joined again.
Of a resource only the attributes count, and only they, with the scope's name, version and schema
URL, are kept: what else the resource had is lost, as in the Collector.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from otx.ottl.batch import Batch
from otx.ottl.records import LogRecord, ResourceRecord, ScopeRecord

R = TypeVar("R", ResourceRecord, ScopeRecord)


@contextmanager
def flattened(batch: Batch) -> Iterator[None]:
    """A request of logs while each of its records stands alone."""
    _flatten(batch)
    try:
        yield
    finally:
        _group(batch)


def _flatten(batch: Batch) -> None:
    batch.flush()
    groups = batch.message.resource_logs
    count = len(groups)
    batch.resources[:] = [
        _alone(groups.add(), batch, record) for scope in batch.scopes() for record in scope.items
    ]
    del groups[:count]


def _alone(group: Any, batch: Batch, record: LogRecord) -> ResourceRecord:
    old = record.scope
    group.resource.attributes.extend(record.resource.item.attributes)
    inner = group.scope_logs.add()
    inner.schema_url = old.group.schema_url
    inner.scope.name = old.item.name
    inner.scope.version = old.item.version
    inner.scope.attributes.extend(old.item.attributes)
    resource = ResourceRecord(group, batch.signal)
    _move(record, resource.scopes[0])
    return resource


def _group(batch: Batch) -> None:
    batch.flush()
    batch.resources[:] = _joined(batch.resources, _resource_key, _join_resources)
    for resource in batch.resources:
        resource.scopes[:] = _joined(resource.scopes, _scope_key, _join_scopes)
    batch.prune()


def _joined(
    records: list[R], key: Callable[[R], Hashable], join: Callable[[R, R], None]
) -> list[R]:
    """The first of each that are equal, after the others were joined to it."""
    first: dict[Hashable, R] = {}
    for one in records:
        found = first.setdefault(key(one), one)
        if found is not one:
            join(found, one)
    return list(first.values())


def _join_resources(first: ResourceRecord, other: ResourceRecord) -> None:
    for scope in other.scopes:
        group = first.group.scope_logs.add()
        group.schema_url = scope.group.schema_url
        group.scope.CopyFrom(scope.item)
        moved = ScopeRecord(group, first, scope.signal)
        for record in scope.items:
            _move(record, moved)
        first.scopes.append(moved)


def _join_scopes(first: ScopeRecord, other: ScopeRecord) -> None:
    for record in other.items:
        _move(record, first)


def _move(record: LogRecord, scope: ScopeRecord) -> None:
    """Put a record, which stays the same one to whoever knows it, at the end of a scope."""
    scope.container.append(record.item)
    record.item = scope.container[-1]
    record.forget()
    record.scope = scope
    record.resource = scope.resource
    scope.items.append(record)


def _resource_key(resource: ResourceRecord) -> Hashable:
    return _key(resource.attributes)


def _scope_key(scope: ScopeRecord) -> Hashable:
    item = scope.item
    return (scope.group.schema_url, item.name, item.version, _key(scope.attributes))


def _key(value: Any) -> Hashable:
    """Equal for equal values, whatever the order of maps; numbers of two kinds are not equal."""
    if isinstance(value, Mapping):
        return ("map", *((key, _key(value[key])) for key in sorted(value)))
    if isinstance(value, list):
        return ("list", *map(_key, value))
    return (type(value).__name__, repr(value))
