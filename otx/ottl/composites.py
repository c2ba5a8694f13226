"""List and map literals, run on records: closures whose parts can be seen.

The Collector holds a list that a statement spells out in another form than a list from data, and
not every function takes both. What it refuses is refused here too, or a statement would work in otx
and fail in the Collector.
"""

from collections.abc import Sequence
from typing import Any

from otx.ottl.errors import ExecutionError
from otx.ottl.lift import Always, Evaluate
from otx.ottl.values import Value, deep_copy, is_map, kind_of, storable


class ListOf:
    """A list literal, run on records: a closure whose parts can be seen.

    Where a list is taken apart by value (`append`, `Sort` …) the Collector accepts a literal only
    if nothing in it is a map, or a list that is no literal itself.

    Attributes:
        items: Its members.
        is_literal: Whether all of them are known before any record.
    """

    __slots__ = ("is_literal", "items")

    def __init__(self, items: Sequence[Evaluate]) -> None:
        self.items = items
        self.is_literal = all(map(_is_literal, items))

    def __call__(self, record: Any) -> list[Value]:
        """The list for a record."""
        return [deep_copy(item(record)) for item in self.items]

    def plain(self, record: Any) -> list[Value]:
        """The list, if it is one that can be taken apart.

        Raises:
            ExecutionError: A member is a map, a list from elsewhere, or has no OTLP form.
        """
        return [_plain_member(item, record) for item in self.items]


class MapOf:
    """A map literal, run on records.

    Attributes:
        entries: Keys and values.
        is_literal: Whether all values are known before any record.
    """

    __slots__ = ("entries", "is_literal")

    def __init__(self, entries: Sequence[tuple[str, Evaluate]]) -> None:
        self.entries = entries
        self.is_literal = all(_is_literal(value) for _, value in entries)

    def __call__(self, record: Any) -> dict[str, Value]:
        """The map for a record."""
        return {key: _map_member(value, record) for key, value in self.entries}


class CompiledLambda:
    """A lambda: called with the record and one value for each formal."""

    __slots__ = ("_body", "_cells", "_plain_body")

    def __init__(self, body: Evaluate, cells: Sequence[list[Value]]) -> None:
        """Take a body and the cells that its formals are read from.

        They are filled anew for each call; calls of one lambda do not nest in themselves.
        """
        self._body = body
        self._plain_body = plain(body)
        self._cells = cells

    def __call__(self, record: Any, *values: Value) -> Value:
        """What the body gives.

        Raises:
            ExecutionError: It gives nil.
        """
        return self._run(self._body, record, values)

    def plain(self, record: Any, *values: Value) -> Value:
        """What the body gives as a value that is stored; of a list literal, `ListOf.plain`.

        Raises:
            ExecutionError: It gives nil, or what has no OTLP form.
        """
        return storable(self._run(self._plain_body, record, values))

    def _run(self, body: Evaluate, record: Any, values: Sequence[Value]) -> Value:
        for cell, value in zip(self._cells, values, strict=True):
            cell[0] = value
        result = body(record)
        if result is None:
            raise ExecutionError("the lambda gave nil where a value is wanted")
        return result


def plain(source: Evaluate) -> Evaluate:
    """A closure as one that is taken apart: a list literal then checks its members."""
    return source.plain if isinstance(source, ListOf) else source


def _is_literal(item: Evaluate) -> bool:
    return isinstance(item, Always) or (isinstance(item, (ListOf, MapOf)) and item.is_literal)


def _plain_member(item: Evaluate, record: Any) -> Value:
    if isinstance(item, ListOf):
        return item.plain(record)
    value = item(record)
    if type(value) is list or is_map(value):
        raise ExecutionError(f"a {kind_of(value)} cannot be a member of the list here")
    return storable(value)


def _map_member(item: Evaluate, record: Any) -> Value:
    """A value of a map literal: the Collector takes maps there, and lists that are literals."""
    if isinstance(item, ListOf):
        return [
            deep_copy(value) if is_map(value := one(record)) else _plain_member(one, record)
            for one in item.items
        ]
    value = item(record)
    if type(value) is list and not getattr(item, "is_plain", False):
        raise ExecutionError("a list in a map literal has to be a literal itself")
    return storable(value)
