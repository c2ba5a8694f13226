"""Converters of lists and maps."""

from collections.abc import Callable
from typing import Any, Literal

from otx.ottl.coerce import sequence
from otx.ottl.compare import comparison
from otx.ottl.composites import ListOf, MapOf, plain
from otx.ottl.errors import ExecutionError
from otx.ottl.functions.registry import Example, Gives, converter, converter_builder
from otx.ottl.lift import Always
from otx.ottl.parameters import AnyList, ConstText, Get, Mapping_, PlainList
from otx.ottl.value_json import as_string
from otx.ottl.values import Map, Opaque, Value, is_map, kind_of

_EQUAL = comparison("==")


@converter_builder("Coalesce", example=Example('Coalesce([attributes["x"], "none"])', '"none"'))
def coalesce(values: list[Get[Any]]) -> Gives[Value]:
    """The first of several values that is not nil."""
    if not values:
        raise ExecutionError("it needs one value at least")

    def run(record: Any) -> Value:
        for value in values:
            found = value(record)
            if found is not None:
                return found
        return None

    return run


@converter_builder(
    "ContainsValue",
    example=Example('ContainsValue(attributes["l"], "a")', "true", '{"l":["a","b"]}'),
)
def contains_value(target: Get[AnyList], item: Get[Any]) -> Gives[bool]:
    """Whether a list has an element that equals a value."""
    elements = list_from(target)

    def run(record: Any) -> bool:
        found = elements(record)
        wanted = item(record)
        if type(wanted) is str:
            return wanted in found  # a text equals nothing but a text
        return any(_EQUAL(one, wanted) for one in found)

    return run


@converter("Keys", example=Example("Keys(attributes)", '["a","b"]', '{"a":1,"b":2}'))
def keys(target: Mapping_) -> list[str]:
    """The keys of a map."""
    return list(target)


@converter("Values", example=Example("Values(attributes)", "[1,2]", '{"a":1,"b":2}'))
def values(target: Mapping_) -> list[Value]:
    """The values of a map."""
    return list(target.values())


@converter_builder(
    "SliceToMap",
    since="0.128",
    example=Example(
        'SliceToMap(attributes["l"], ["k"], ["v"])', '{"a":1}', '{"l":[{"k":"a","v":1}]}'
    ),
)
def slice_to_map(
    target: Get[AnyList],
    key_path: list[ConstText] | None = None,
    value_path: list[ConstText] | None = None,
) -> Gives[Map]:
    """A map of a list's elements, by a text found in each of them, or else by their numbers."""
    elements = list_from(target)
    takes_maps = key_path is not None or value_path is not None

    def run(record: Any) -> Value:
        made: dict[str, Value] = {}
        for number, element in enumerate(elements(record)):
            if takes_maps and not is_map(element):
                raise ExecutionError(f"element {number} is a {kind_of(element)} and no map")
            key = str(number) if key_path is None else _key(element, key_path, number)
            made[key] = element if value_path is None else _inside(element, value_path, number)
        return made

    return run


def _key(element: Map, path: list[str], number: int) -> str:
    key = _inside(element, path, number)
    if type(key) is not str:
        raise ExecutionError(f"the key of element {number} is a {kind_of(key)} and no string")
    return key


def _inside(element: Map, path: list[str], number: int) -> Value:
    """What lies at a path in an element."""
    if not path:
        raise ExecutionError("a path needs one key at least")
    found: Value = element
    for key in path:
        if not is_map(found) or key not in found:
            raise ExecutionError(f"element {number} has nothing at {'.'.join(path)}")
        found = found[key]
    return found


@converter_builder("Sort", example=Example("Sort([3, 1, 2])", "[1,2,3]"))
def sort(target: Get[PlainList], order: Literal["asc", "desc"] = "asc") -> Gives[list[Value]]:
    """A list in order: numbers as numbers, everything mixed with texts as texts."""
    return Sorter(target, is_descending=order == "desc")


class Sorter:
    """What `Sort` runs; its result counts as a list literal where those are told apart."""

    is_plain = True

    def __init__(self, target: Get[Any], *, is_descending: bool) -> None:
        """Sort what a closure gives."""
        self._target = plain(target)
        self._is_descending = is_descending

    def __call__(self, record: Any) -> Value:
        """The list in order."""
        elements = self._target(record)
        if isinstance(elements, Opaque):
            raise ExecutionError(f"a {kind_of(elements)} cannot be sorted")
        elements = sequence(elements)
        key = _sort_key(set(map(type, elements)))
        return elements if key is None else sorted(elements, key=key, reverse=self._is_descending)


def _sort_key(kinds: set[type]) -> Callable[[Value], Any] | None:
    """How elements of some kinds are compared; None where they stay as they are."""
    if kinds == {int}:
        return int
    if not kinds or not kinds <= {int, float, str, bool, type(None)}:
        return None
    if kinds <= {int, float}:
        return _double_key
    return lambda one: as_string(one).encode("utf-8", "surrogateescape")


def _double_key(one: int | float) -> tuple[bool, float]:
    """Doubles as Go orders them: what is no number comes first."""
    number = float(one)
    return (True, number) if number == number else (False, 0.0)


def list_from(target: Get[Any]) -> Get[list[Value]]:
    """An argument as a list; of a list literal only what the Collector takes apart.

    Raises:
        ExecutionError: It is a literal, and not accepted.
    """
    if isinstance(target, Always):
        sequence(target.value)
    if isinstance(target, MapOf) and target.is_literal:
        sequence(target(None))
    if isinstance(target, ListOf) and target.is_literal:
        target.plain(None)
    evaluate = plain(target)
    return lambda record: sequence(evaluate(record))
