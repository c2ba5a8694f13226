"""One section of a path: how it is read, written and indexed, whatever message it lies in."""

from collections.abc import Callable, Mapping
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

from otx.model.frozen import Frozen
from otx.ottl.errors import ExecutionError, Unfit
from otx.ottl.record import attributes_of
from otx.ottl.values import (
    Id,
    ProfileId,
    SpanId,
    Time,
    TraceId,
    Value,
    is_map,
    storable,
    wrap_int64,
)

Get: TypeAlias = Callable[[Any], Value]
Set: TypeAlias = Callable[[Any, Value], None]
NOTHING: Mapping[str, Any] = MappingProxyType({})
Keys: TypeAlias = Literal["none", "map", "value", "text"]
"""What may be indexed: nothing, a map, any value that is one, or a map of texts by one key."""


class Accessor(Frozen):
    """A section of a path.

    Attributes:
        type: Its type in the words of the documentation.
        get: Reads it from a record.
        set: Writes it; None for what is read-only.
        keys: What keys it takes.
        sections: What may follow it after a dot.
        touch: Announces that what `get` returned was changed in place under a key.
        is_nullable: Whether nil can be written: maps and lists are emptied, values become Empty.
        is_group: Whether it is no value by itself, and one of its sections has to follow.
        is_optional: Whether it is nil on records that have no such field.
        texts: The only texts that can be set; none where every text can.
    """

    type: str
    get: Get
    set: Set | None
    keys: Keys = "none"
    sections: Mapping[str, "Accessor"] = NOTHING
    touch: Callable[[Any, str], None] | None = None
    is_nullable: bool = False
    is_group: bool = False
    is_optional: bool = False
    texts: tuple[str, ...] = ()


def group(**sections: Accessor) -> Accessor:
    """A section that only leads to others and is no value by itself."""
    return Accessor("group", lambda _: None, None, sections=sections, is_group=True)


def refuse(name: str, wanted: str, value: Value) -> Unfit:
    """The error for a value that a path does not take."""
    from otx.ottl.value_text import kind_and_value  # for the error alone

    is_plural = wanted in ("buckets", "bytes", "span events", "span links")
    article = "" if is_plural else "an " if wanted[:1] in "aeiou" else "a "
    return Unfit(name, f"takes {article}{wanted}, not {kind_and_value(value)}")


def text(name: str, of: str = "item") -> Accessor:
    """A string field of the message at a path from the record, kept as bytes by the open view."""
    message, read = attrgetter(of), attrgetter(f"{of}.{name}")

    def get(record: Any) -> Value:
        return str(read(record), "utf-8", "surrogateescape")

    def set_(record: Any, value: Value) -> None:
        if type(value) is not str:
            raise refuse(name, "string", value)
        setattr(message(record), name, value.encode("utf-8", "surrogateescape"))

    return Accessor("string", get, set_)


def integer(name: str, bits: int = 64, of: str = "item", *, signed: bool = True) -> Accessor:
    """An integer field; a number that is too large is cut as Go's conversion cuts it."""
    message, read = attrgetter(of), attrgetter(f"{of}.{name}")
    modulus, half = 1 << bits, 1 << (bits - 1)

    def get_wrapped(record: Any) -> Value:
        number = read(record)
        return number if number < half else number - modulus

    def set_(record: Any, value: Value) -> None:
        if type(value) is not int:
            raise refuse(name, "int", value)
        value %= modulus
        setattr(message(record), name, value - modulus if signed and value >= half else value)

    return Accessor("int", get_wrapped if bits == 64 and not signed else read, set_)


def double(name: str) -> Accessor:
    """A double field."""

    def set_(record: Any, value: Value) -> None:
        if type(value) is not float:
            raise refuse(name, "double", value)
        setattr(record.item, name, value)

    return Accessor("double", lambda record: getattr(record.item, name), set_)


def time(name: str, field_name: str) -> Accessor:
    """A moment kept as unsigned nanoseconds."""

    def get(record: Any) -> Value:
        return Time(wrap_int64(getattr(record.item, field_name)))

    def set_(record: Any, value: Value) -> None:
        if type(value) is not Time:
            raise refuse(name, "time", value)
        setattr(record.item, field_name, value.unix_nano % (1 << 64))

    return Accessor("time", get, set_)


def times(name: str) -> dict[str, Accessor]:
    """`x_unix_nano` and `x`: one moment as a number and as a time."""
    field_name = f"{name}_unix_nano"
    return {field_name: integer(field_name, signed=False), name: time(name, field_name)}


def identifier(
    name: str, kind: type[TraceId] | type[SpanId] | type[ProfileId], size: int
) -> Accessor:
    """A trace, span or profile id, and `.string`, its hex text; a profile's may not be zero."""
    shown = kind.__name__.replace("Id", "ID")

    def get(record: Any) -> Value:
        return kind(getattr(record.item, name).ljust(size, b"\0"))

    def set_(record: Any, value: Value) -> None:
        if type(value) is not kind:
            raise refuse(name, shown, value)
        put(record, value)

    def put(record: Any, value: Id) -> None:
        is_zero = not any(value.raw)
        if is_zero and kind is ProfileId:
            raise Unfit(name, "cannot be zero")
        setattr(record.item, name, b"" if is_zero else value.raw)

    def set_text(record: Any, value: Value) -> None:
        if type(value) is not str:
            raise refuse(f"{name}.string", "string", value)
        put(record, kind(hex_bytes(value, size)))

    string = Accessor("string", lambda record: get(record).raw.hex(), set_text)
    return Accessor(shown, get, set_, sections={"string": string})


def hex_bytes(value: str, size: int) -> bytes:
    """The bytes of a hex text of one length.

    Raises:
        ExecutionError: It is no such text.
    """
    try:
        raw = bytes.fromhex(value)
    except ValueError:
        raw = b""
    if len(raw) != size or not value.isalnum():
        raise ExecutionError(f"{value!r} is no hex text of {size} bytes")
    return raw


def attributes() -> Accessor:
    """The attribute map of a record."""
    return Accessor(
        "map",
        attributes_of,
        _set_attributes,
        keys="map",
        touch=lambda record, key: record.attributes.touch(key),
        is_nullable=True,
    )


def cache() -> Accessor:
    """The map that statements of one group share for one record."""

    def get(record: Any) -> Value:
        if record.cache is None:
            record.cache = {}
        return record.cache

    def set_(record: Any, value: Value) -> None:
        if value is not None and not is_map(value):
            raise refuse("cache", "map", value)
        record.cache = {} if value is None else storable(value)

    return Accessor("map", get, set_, keys="map", is_nullable=True)


def hopped(accessor: Accessor, hop: Get) -> Accessor:
    """An accessor of a parent, used from its child."""
    get, set_, touch = accessor.get, accessor.set, accessor.touch
    return Accessor(
        accessor.type,
        lambda record: get(hop(record)),
        None if set_ is None else lambda record, value: set_(hop(record), value),
        accessor.keys,
        {name: hopped(section, hop) for name, section in accessor.sections.items()},
        None if touch is None else lambda record, key: touch(hop(record), key),
        accessor.is_nullable,
        accessor.is_group,
        accessor.is_optional,
        accessor.texts,
    )


def _item(record: Any) -> Any:
    return record.item


def _set_attributes(record: Any, value: Value) -> None:
    if value is None:
        record.attributes.clear()
        return
    if not is_map(value):
        raise refuse("attributes", "map", value)
    if value is not record.attributes:
        record.attributes.replace(storable(value))
