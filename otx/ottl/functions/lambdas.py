"""The converters that take a lambda: what holds for elements, and what is made of them.

Lambdas of a list get an element's number and value, those of a map its key and value.
"""

from collections.abc import Callable, Iterable
from typing import Any

from otx.ottl.coerce import mapping
from otx.ottl.composites import plain
from otx.ottl.errors import ExecutionError
from otx.ottl.functions.registry import LAMBDA_GATE, Example, Gives, converter_builder
from otx.ottl.parameters import AnyListOrMap, Get, Lambda0, Lambda2, Lambda3, Mapping_
from otx.ottl.values import Map, Value, is_map, kind_of


@converter_builder(
    "All",
    since="0.157",
    gate=LAMBDA_GATE,
    example=Example('All(attributes["l"], (_, v) => v > 0)', "true", '{"l":[1,2]}'),
)
def all_(source: Get[AnyListOrMap], predicate: Lambda2) -> Gives[bool]:
    """Whether something holds for every element of a list or map."""
    entries = _entries_from(source)
    return lambda record: all(
        _holds(predicate(record, key, value)) for key, value in _pairs(entries(record))
    )


@converter_builder(
    "Any",
    since="0.157",
    gate=LAMBDA_GATE,
    example=Example('Any(attributes["l"], (_, v) => v > 1)', "true", '{"l":[1,2]}'),
)
def any_(source: Get[AnyListOrMap], predicate: Lambda2) -> Gives[bool]:
    """Whether something holds for one element of a list or map at least."""
    entries = _entries_from(source)
    return lambda record: any(
        _holds(predicate(record, key, value)) for key, value in _pairs(entries(record))
    )


@converter_builder(
    "Filter",
    since="0.157",
    gate=LAMBDA_GATE,
    example=Example('Filter(attributes["l"], (_, v) => v > 1)', "[2]", '{"l":[1,2]}'),
)
def filter_(source: Get[AnyListOrMap], predicate: Lambda2) -> Gives[Map | list[Value]]:
    """The elements of a list or map for which something holds."""
    entries = _entries_from(source)

    def run(record: Any) -> Value:
        found = entries(record)
        kept = [
            (key, value) for key, value in _pairs(found) if _holds(predicate(record, key, value))
        ]
        return [value for _, value in kept] if type(found) is list else dict(kept)

    return run


@converter_builder(
    "Find",
    since="0.157",
    gate=LAMBDA_GATE,
    example=Example('Find(attributes["l"], (_, v) => v > 1)', "2", '{"l":[1,2,3]}'),
)
def find(
    source: Get[AnyListOrMap], predicate: Lambda2, mapper: Lambda2 | None = None
) -> Gives[Value]:
    """The first element for which something holds, or what is made of it; else nil."""
    entries = _entries_from(source)

    def run(record: Any) -> Value:
        for key, value in _pairs(entries(record)):
            if _holds(predicate(record, key, value)):
                return value if mapper is None else mapper(record, key, value)
        return None

    return run


@converter_builder(
    "MapEach",
    since="0.157",
    gate=LAMBDA_GATE,
    example=Example('MapEach(attributes["l"], (_, v) => v * 2)', "[2,4]", '{"l":[1,2]}'),
)
def map_each(source: Get[AnyListOrMap], mapper: Lambda2) -> Gives[Map | list[Value]]:
    """A list or map with each value replaced by what is made of it."""
    entries = _entries_from(source)

    def run(record: Any) -> Value:
        found = entries(record)
        made = [(key, mapper.plain(record, key, value)) for key, value in _pairs(found)]
        return [value for _, value in made] if type(found) is list else dict(made)

    return run


@converter_builder(
    "MapKeys",
    since="0.157",
    gate=LAMBDA_GATE,
    example=Example('MapKeys(attributes, (k, _) => Concat(["x.", k], ""))', '{"x.a":1}', '{"a":1}'),
)
def map_keys(source: Get[Mapping_], key_mapper: Lambda2) -> Gives[Map]:
    """A map with each key replaced by what is made of it; of equal keys the last value stays."""

    def run(record: Any) -> Value:
        made: dict[str, Value] = {}
        for key, value in source(record).items():
            name = key_mapper(record, key, value)
            if type(name) is not str:
                raise ExecutionError(f"the lambda gave a {kind_of(name)} where a key is wanted")
            made[name] = value
        return made

    return run


@converter_builder(
    "Reduce",
    since="0.157",
    gate=LAMBDA_GATE,
    example=Example('Reduce(attributes["l"], 0, (sum, _, v) => sum + v)', "6", '{"l":[1,2,3]}'),
)
def reduce(source: Get[AnyListOrMap], seed: Get[Any], accumulator: Lambda3) -> Gives[Value]:
    """One value made of all elements: a seed, then what is made of it and each element in turn."""
    entries = _entries_from(source)

    def run(record: Any) -> Value:
        found = entries(record)
        result = seed(record)
        for key, value in _pairs(found):
            result = accumulator(record, result, key, value)
        return result

    return run


@converter_builder(
    "When",
    since="0.157",
    gate=LAMBDA_GATE,
    example=Example(
        'When(() => attributes["code"] >= 500, "error", "ok")', '"error"', '{"code":503}'
    ),
)
def when(condition: Lambda0, true_value: Get[Any], false_value: Get[Any]) -> Gives[Value]:
    """One of two values, by whether something holds."""
    return lambda record: (true_value if _holds(condition(record)) else false_value)(record)


def _entries_from(source: Get[Any]) -> Callable[[Any], Value]:
    """An argument as a list or map."""
    evaluate = plain(source)

    def run(record: Any) -> Value:
        found = evaluate(record)
        return found if type(found) is list else mapping(found)

    return run


def _pairs(found: Value) -> Iterable[tuple[Value, Value]]:
    # A list of the pairs: what a lambda's functions do must not disturb the walk.
    return list(found.items()) if is_map(found) else enumerate(found)


def _holds(result: Value) -> bool:
    if type(result) is bool:
        return result
    raise ExecutionError(f"the lambda gave a {kind_of(result)} where a bool is wanted")
