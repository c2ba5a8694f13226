"""Paths that are lists of OTLP: of messages, which are only copied, and of numbers.

Lists of int64 and double are lists to OTTL. Those of uint64 are not, as in the Collector: they can
be counted and copied, and no attribute takes them.
"""

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any

from otx.ottl.contexts.accessor import Accessor, Get, refuse
from otx.ottl.errors import Unfit
from otx.ottl.values import Opaque, Value, wrap_int64

COUNTS = "list of uint64"
_item: Get = attrgetter("item")


def messages(field: str, kind: str) -> Accessor:
    """A list of messages, which takes only such a list."""

    def get(record: Any) -> Value:
        record.flush()
        return Opaque(kind, tuple(one.SerializeToString() for one in getattr(record.item, field)))

    def set_(record: Any, value: Value) -> None:
        content = content_of(field, kind, value)
        record.flush()
        container = getattr(record.item, field)
        del container[:]
        for data in content:
            container.add().ParseFromString(data)
        record.forget()

    return Accessor(kind, get, set_, is_nullable=True)


def content_of(name: str, kind: str, value: Value) -> tuple[Any, ...]:
    """What a list of a kind holds; nothing for nil.

    Raises:
        ExecutionError: It is no such list.
    """
    if value is None:
        return ()
    if not isinstance(value, Opaque) or value.kind != kind:
        raise refuse(name, kind, value)
    return value.content


def counts(field: str, of: Get = _item) -> Accessor:
    """A list of uint64."""

    def get(record: Any) -> Value:
        return Opaque(COUNTS, tuple(getattr(of(record), field)))

    return Accessor(
        COUNTS, get, _integers_setter(field, of, 1 << 64, signed=False), is_nullable=True
    )


def integers(field: str, bits: int = 64, *, signed: bool = True) -> Accessor:
    """A list of integers; what is too large is cut as Go's conversion cuts it."""

    def get(record: Any) -> Value:
        numbers = getattr(record.item, field)
        return list(numbers) if signed else [wrap_int64(number) for number in numbers]

    set_ = _integers_setter(field, _item, 1 << bits, signed=signed)
    return Accessor("list of int", get, set_, is_nullable=True)


def doubles(field: str) -> Accessor:
    """A list of doubles."""

    def set_(record: Any, value: Value) -> None:
        _fill(getattr(record.item, field), _numbers(field, value, float, "double"))

    return Accessor(
        "list of double", lambda record: list(getattr(record.item, field)), set_, is_nullable=True
    )


def _integers_setter(
    field: str, of: Get, modulus: int, *, signed: bool
) -> Callable[[Any, Value], None]:
    half = modulus >> 1

    def cut(number: int) -> int:
        number %= modulus
        return number - modulus if signed and number >= half else number

    def set_(record: Any, value: Value) -> None:
        is_copy = isinstance(value, Opaque) and value.kind == COUNTS
        numbers = value.content if is_copy else _numbers(field, value, int, "int")
        _fill(getattr(of(record), field), [cut(number) for number in numbers])

    return set_


def _numbers(field: str, value: Value, wanted: type, name: str) -> Sequence[Any]:
    if value is None:
        return ()
    if type(value) is not list:
        raise refuse(field, f"list of {name}", value)
    for one in value:
        if type(one) is not wanted:
            from otx.ottl.value_text import kind_and_value  # for the error alone

            raise Unfit(field, f"takes a list of {name}, and one holds {kind_and_value(one)}")
    return value


def _fill(container: Any, numbers: Sequence[Any]) -> None:
    del container[:]
    container.extend(numbers)
