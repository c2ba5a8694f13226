"""ParseSeverity: a level by the texts and numbers that a source writes for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from otx.ottl.composites import ListOf, MapOf
from otx.ottl.errors import ExecutionError
from otx.ottl.functions.registry import Example, Gives, converter_builder
from otx.ottl.lift import Always
from otx.ottl.parameters import AnyLevel, Get
from otx.ottl.values import Value, is_map, kind_of

_HTTP_CLASSES = {f"{digit}xx": range(digit * 100, digit * 100 + 100) for digit in range(2, 6)}
"""Ranges that have a name: `2xx` to `5xx`."""


@dataclass(frozen=True, slots=True)
class _Criterion:
    """What counts as a level: some texts, some numbers, or both."""

    texts: frozenset[str]
    numbers: range

    def holds(self, value: Value) -> bool:
        """Whether a text or number is among them."""
        return value in self.texts if type(value) is str else value in self.numbers


@converter_builder(
    "ParseSeverity",
    fails="target meets the criteria of no level",
    example=Example(
        'ParseSeverity(500, {"error": [{"equals": ["err"]}, {"range": "5xx"}], '
        '"info": [{"range": {"min": 0, "max": 499}}]})',
        '"error"',
    ),
)
def parse_severity(target: Get[AnyLevel], mapping: Get[Any]) -> Gives[str]:
    """The first level of a mapping whose criteria a text or number meets."""
    if isinstance(mapping, (Always, ListOf)):
        raise ExecutionError("the mapping is a map literal")
    if not isinstance(mapping, MapOf) or not mapping.is_literal:
        return _fail("the mapping has to be a map literal, made of literals")
    try:
        levels = {level: _criteria(listed) for level, listed in mapping(None).items()}
    except ExecutionError as error:
        return _fail(str(error))

    def run(record: Any) -> str:
        value = target(record)
        if type(value) not in (str, int) and any(levels.values()):
            raise ExecutionError(f"a severity is a string or an int, not {kind_of(value)}")
        for level, criteria in levels.items():
            if any(one.holds(value) for one in criteria):
                return level
        raise ExecutionError(f"{value!r} meets the criteria of no level")

    return run


def _fail(reason: str) -> Gives[str]:
    """The reference finds a wrong mapping when a record comes."""

    def run(_: Any) -> str:
        raise ExecutionError(reason)

    return run


def _criteria(listed: Value) -> list[_Criterion]:
    if type(listed) is not list:
        raise ExecutionError(f"a level has a list of criteria, not {kind_of(listed)}")
    return [_criterion(one) for one in listed]


def _criterion(given: Value) -> _Criterion:
    if not is_map(given):
        raise ExecutionError(f"a criterion is a map, not {kind_of(given)}")
    return _Criterion(
        frozenset(_texts(given["equals"])) if "equals" in given else frozenset(),
        _numbers(given["range"]) if "range" in given else range(0),
    )


def _texts(given: Value) -> list[str]:
    if type(given) is not list or any(type(one) is not str for one in given):
        raise ExecutionError("equals has a list of strings")
    return given


def _numbers(given: Value) -> range:
    if type(given) is str and given in _HTTP_CLASSES:
        return _HTTP_CLASSES[given]
    if is_map(given):
        return range(_bound(given, "min"), _bound(given, "max") + 1)
    raise ExecutionError(f"a range is a map of min and max, or one of {', '.join(_HTTP_CLASSES)}")


def _bound(given: Mapping[str, Value], key: str) -> int:
    value = given.get(key)
    if type(value) is not int:
        raise ExecutionError(f"a range has an int {key}")
    return value
