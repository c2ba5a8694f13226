"""Indexing: what keys do to maps and lists, when they are read and when they are written.

Reading a path: a missing key of a map is nil at once, whatever follows; everything else that does
not fit is an error. Writing one: what is missing on the way is made, a map for a text key and a
list for a number. Indexing a converter's result: a missing key is an error.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeAlias

from otx.ottl.errors import ExecutionError
from otx.ottl.lift import Always, Evaluate
from otx.ottl.values import Value, is_map, kind_of, storable

Key: TypeAlias = str | int

MAX_PADDING = 10_000
"""How far behind a list's end a number may make it grow: the reference has no bound, memory has."""


def read(value: Value, keys: Iterable[Value]) -> Value:
    """What the keys of a path lead to; None where a map lacks one.

    Keys behind the missing one are not asked for, so that they cannot fail.

    Raises:
        ExecutionError: A key does not fit what it indexes.
    """
    for key in keys:
        if is_map(value):
            name = _text_key(key, value)
            if name not in value:
                return None
            value = value[name]
        elif type(value) is list:
            value = value[_index(key, value)]
        else:
            raise _not_indexable(value, key)
    return value


def read_result(value: Value, keys: Iterable[Value]) -> Value:
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


def indexed(
    read_: Callable[[Value, Iterable[Value]], Value], evaluate: Evaluate, keys: Sequence[Evaluate]
) -> Evaluate:
    """A value with keys behind it, read by `read` or `read_result`."""
    if all(isinstance(key, Always) for key in keys):
        fixed = [key(None) for key in keys]
        return lambda record: read_(evaluate(record), fixed)
    return lambda record: read_(evaluate(record), (key(record) for key in keys))


def write(container: Value, keys: Iterator[Value], value: Value) -> None:
    """Put a value where keys lead, in a map or list that is changed in place.

    What was made on the way stays when a later key fails or the value cannot be stored.

    Raises:
        ExecutionError: A key does not fit, the way goes through something that is no container, or
            the value has no OTLP form.
    """
    key = next(keys)
    inner = _child(container, key)
    for following in keys:
        if inner is None:
            inner, place = _made_for(following)
            _put(container, key, inner)
        else:
            place = following
        container, key = inner, place
        inner = _child(container, key)
    _put(container, key, storable(value))


def _made_for(key: Value) -> tuple[Value, Key]:
    """The container that a key makes of an Empty value, and where in it the key then leads."""
    if type(key) is str:
        return {}, key
    if type(key) is not int:
        raise ExecutionError(f"a {kind_of(key)} is no key: a string or an int is")
    if key > MAX_PADDING:
        raise ExecutionError(f"index {key} is too far behind the end of an empty list")
    place = max(key, 0)
    return [None] * (place + 1), place


def _child(container: Value, key: Value) -> Value:
    """What is there now; a key that a map lacks is made, with an Empty value."""
    if is_map(container):
        name = _text_key(key, container)
        if name not in container:
            container[name] = None
        return container[name]
    if type(container) is list:
        return container[_index(key, container)]
    raise _not_indexable(container, key)


def _put(container: Value, key: Key, value: Value) -> None:
    container[key] = value


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
