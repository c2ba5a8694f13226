"""Profiles and their samples (a signal in development: names follow its protocol)."""

from collections.abc import Callable
from operator import attrgetter
from typing import Any

from otx.ottl.contexts.accessor import (
    Accessor,
    Get,
    attributes,
    identifier,
    integer,
    refuse,
    text,
    times,
)
from otx.ottl.contexts.context import Context, paths
from otx.ottl.contexts.repeated import content_of, integers, messages
from otx.ottl.contexts.resources import PARENTS
from otx.ottl.errors import ExecutionError
from otx.ottl.values import Opaque, ProfileId, Value, wrap_int64

_TIMES = "list of times"
_INT32_MAX = (1 << 31) - 1


def _value_type(field: str) -> Accessor:
    """What values count and in which unit, by texts of the dictionary."""
    of: Get = attrgetter(f"item.{field}")

    def get(record: Any) -> Value:
        return Opaque("value type", (of(record).SerializeToString(),))

    def set_(record: Any, value: Value) -> None:
        if not isinstance(value, Opaque) or value.kind != "value type":
            raise refuse(field, "value type", value)
        of(record).ParseFromString(b"".join(value.content))  # nothing where it was cleared

    sections = {
        "type": _dictionary_text(f"{field}.type", "type_strindex", of),
        "unit": _dictionary_text(f"{field}.unit", "unit_strindex", of),
    }
    return Accessor("value type", get, set_, sections=sections)


def _dictionary_text(name: str, index_field: str, of: Get) -> Accessor:
    def get(record: Any) -> Value:
        return record.dictionary.text(getattr(of(record), index_field))

    def set_(record: Any, value: Value) -> None:
        if type(value) is not str:
            raise refuse(name, "string", value)
        record.flush()  # so that the dictionary grows in the order of the statements
        setattr(of(record), index_field, record.dictionary.index_of(value))

    return Accessor("string", get, set_)


def _bounded(accessor: Accessor, check: Callable[[int], str]) -> Accessor:
    """An integer that is refused for what `check` says of it."""
    put = accessor.set
    assert put is not None  # noqa: S101 - integers can be written

    def set_(record: Any, value: Value) -> None:
        reason = check(value) if type(value) is int else ""
        if reason:
            raise ExecutionError(reason)
        put(record, value)

    return Accessor(accessor.type, accessor.get, set_)


def _duration() -> Accessor:
    return _bounded(
        integer("duration_nano", signed=False),
        lambda value: "a duration cannot be negative" if value < 0 else "",
    )


def _payload() -> Accessor:
    def set_(record: Any, value: Value) -> None:
        if type(value) is not bytes:
            raise refuse("original_payload", "bytes", value)
        record.item.original_payload = value

    return Accessor("bytes", lambda record: record.item.original_payload, set_)


def _indices() -> Accessor:
    """The attributes as places in the dictionary; both views show the same."""
    plain = integers("attribute_indices", 32)
    put = plain.set
    assert put is not None  # noqa: S101 - lists can be written

    def get(record: Any) -> Value:
        record.flush()
        return plain.get(record)

    def set_(record: Any, value: Value) -> None:
        record.flush()
        put(record, value)
        record.forget()

    return Accessor(plain.type, get, set_, is_nullable=True)


PROFILE = Context(
    "profile",
    paths(
        times("time"),
        attributes=attributes(),
        attribute_indices=_indices(),
        dropped_attributes_count=integer("dropped_attributes_count", 32, signed=False),
        duration=_duration(),
        duration_unix_nano=_duration(),
        original_payload=_payload(),
        original_payload_format=text("original_payload_format"),
        period=integer("period"),
        period_type=_value_type("period_type"),
        profile_id=identifier("profile_id", ProfileId, 16),
        sample=messages("samples", "list of samples"),
        sample_type=_value_type("sample_type"),
    ),
    parents=PARENTS,
)


def _get_times(record: Any) -> Value:
    return Opaque(_TIMES, tuple(map(wrap_int64, record.item.timestamps_unix_nano)))


def _set_times(record: Any, value: Value) -> None:
    content = content_of("timestamps", _TIMES, value)
    del record.item.timestamps_unix_nano[:]
    record.item.timestamps_unix_nano.extend(one % (1 << 64) for one in content)


PROFILESAMPLE = Context(
    "profilesample",
    paths(
        attributes=attributes(),
        attribute_indices=_indices(),
        link_index=_bounded(
            integer("link_index", 32),
            lambda value: f"{value} is too large for a link_index" if value >= _INT32_MAX else "",
        ),
        timestamps=Accessor(_TIMES, _get_times, _set_times, is_nullable=True),
        timestamps_unix_nano=integers("timestamps_unix_nano", signed=False),
        values=integers("values"),
    ),
    parents={"profile": (PROFILE, attrgetter("profile")), **PARENTS},
)
