"""Indexing: what keys do to maps and lists, when they are read and when they are written.

Reading a path: a missing key of a map is nil at once, whatever follows; everything else that does
not fit is an error. Writing one: what is missing on the way is made, a map for a text key and a
list for a number. Indexing a converter's result: a missing key is an error.
"""

from collections.abc import Sequence
from typing import TypeAlias

from otx.ottl.errors import ExecutionError
from otx.ottl.values import Value, is_map, kind_of

Key: TypeAlias = str | int

MAX_PADDING = 10_000
"""How far behind a list's end a number may make it grow: the reference has no bound, memory has."""


def read(value: Value, keys: Sequence[Value]) -> Value:
    """What the keys of a path lead to; None where a map lacks one.

    Raises:
        ExecutionError: A key does not fit what it indexes.
    """
    for key in keys:
        if is_map(value):
            value = value.get(_text_key(key, value))
            if value is None:
                return None
        elif type(value) is list:
            value = value[_index(key, value)]
        else:
            raise _not_indexable(value, key)
    return value


def read_result(value: Value, keys: Sequence[Value]) -> Value:
    """What the keys behind a converter's call lead to.

    Raises:
        ExecutionError: A key does not fit, or is not there.
    """
    for key in keys:
        if is_map(value):
            name = _text_key(key, value)
            if name not in value:
                raise ExecutionError(f"key {name!r} is not in the map")
            value = value[name]
        elif type(value) is list:
            value = value[_index(key, value)]
        else:
            raise _not_indexable(value, key)
    return value


def write(container: Value, keys: Sequence[Value], value: Value) -> None:
    """Put a value where keys lead, in a map or list that is changed in place.

    Raises:
        ExecutionError: A key does not fit, or the way goes through something that is no container.
    """
    *way, last = keys
    for key, following in zip(way, keys[1:], strict=True):
        inner = _child(container, key)
        if inner is None:
            inner = made_for(following)
            _put(container, key, inner)
        container = inner
    _put(container, last, value)


def made_for(key: Value) -> Value:
    """The empty container that a key makes of what is not there."""
    if type(key) is int:
        return []
    if type(key) is str:
        return {}
    raise ExecutionError(f"a {kind_of(key)} is no key")


def _child(container: Value, key: Value) -> Value:
    if is_map(container):
        return container.get(_text_key(key, container))
    if type(container) is list:
        return container[_index(key, container)] if container else None
    raise _not_indexable(container, key)


def _put(container: Value, key: Value, value: Value) -> None:
    if is_map(container):
        container[_text_key(key, container)] = value
    elif type(container) is list:
        if not container and type(key) is int and 0 <= key <= MAX_PADDING:
            container.extend([None] * key + [value])
        else:
            container[_index(key, container)] = value
    else:
        raise _not_indexable(container, key)


def _text_key(key: Value, value: Value) -> str:
    if type(key) is str:
        return key
    raise ExecutionError(f"a {kind_of(value)} is indexed by a string, not by {kind_of(key)}")


def _index(key: Value, value: list[Value]) -> int:
    if type(key) is not int:
        raise ExecutionError(f"a list is indexed by an int, not by {kind_of(key)}")
    if not 0 <= key < len(value):
        raise ExecutionError(f"index {key} is out of range: the list has {len(value)} elements")
    return key


def _not_indexable(value: Value, key: Value) -> ExecutionError:
    how = "an int" if type(key) is int else f"a {kind_of(key)}"
    return ExecutionError(f"a {kind_of(value)} cannot be indexed by {how}")
