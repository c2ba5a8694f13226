"""The values of OTTL, and how they are told apart.

| OTTL | here |
|---|---|
| nil, bool, int64, float64, string, bytes | None, bool, int, float, str, bytes |
| map | `dict` when made by a function, else a `MapForm` |
| list | list |
| time, duration | Time, Duration |
| TraceID, SpanID, ProfileID | TraceId, SpanId, ProfileId |
| span events, links, exemplars, buckets … | Opaque |

An Empty value inside a map or list is None, and a present key. Text that is no UTF-8 carries
surrogate escapes. `bool` is an `int` to Python and not to OTTL: kinds are told by `type(v)`.
"""

from collections.abc import MutableMapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from otx.otlp.any_value import MAX_MESSAGES, TOO_DEEP
from otx.ottl.errors import ExecutionError

INT64_MIN, INT64_MAX = -(1 << 63), (1 << 63) - 1
_WRAP = 1 << 64
_SCALARS = frozenset((str, int, bool, float, bytes, type(None)))


class Location(Protocol):
    """A place with its own clock."""

    def lookup(self, unix_s: int) -> tuple[str, int]:
        """The abbreviation and the seconds east of UTC at a moment."""

    def lookup_name(self, name: str, clock_s: int) -> int | None:
        """The offset that an abbreviation stands for when a clock shows this; None for none."""


@dataclass(frozen=True, slots=True)
class Time:
    """A moment.

    Attributes:
        unix_nano: Nanoseconds since 1970-01-01 UTC; may be before it.
        offset_s: Seconds east of UTC that it is shown in.
        zone: The zone's abbreviation; "" where only the offset is known.
        location: The place whose rules gave both, where there is one; other moments there may have
            others.
    """

    unix_nano: int
    offset_s: int = 0
    zone: str = "UTC"
    location: Location | None = field(default=None, compare=False, repr=False)

    def plus(self, ns: int) -> "Time":
        """The moment so many nanoseconds later, shown in the same place."""
        if self.location is None:
            return Time(self.unix_nano + ns, self.offset_s, self.zone)
        moment = self.unix_nano + ns
        zone, offset_s = self.location.lookup(moment // 1_000_000_000)
        return Time(moment, offset_s, zone, self.location)


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time in nanoseconds."""

    ns: int


@dataclass(frozen=True, slots=True)
class _Identifier:
    """Bytes that are an id; two of different kinds are never equal."""

    raw: bytes


class TraceId(_Identifier):
    """16 bytes."""

    __slots__ = ()


class SpanId(_Identifier):
    """8 bytes."""

    __slots__ = ()


class ProfileId(_Identifier):
    """16 bytes."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Opaque:
    """A part of OTLP that can be copied and not looked into: events, links, a status, buckets.

    Attributes:
        kind: What it is; it can only be set where the same kind is.
        content: Serialised messages, or numbers.
    """

    kind: str
    content: tuple[Any, ...]

    @property
    def is_list(self) -> bool:
        """Whether it is a list of parts, and no single one."""
        return self.kind not in _SINGLE_PARTS

    @property
    def is_numbers(self) -> bool:
        """Whether it is a list of uint64, such as bucket counts."""
        return self.kind == COUNTS

    def __len__(self) -> int:
        return len(self.content)


COUNTS = "list of uint64"
SAMPLES = "list of samples"
"""A profile's; the one list whose length the Collector does not tell."""
_SINGLE_PARTS = frozenset(("status", "buckets", "value type"))

Id: TypeAlias = TraceId | SpanId | ProfileId
Map: TypeAlias = MutableMapping[str, Any]
Value: TypeAlias = Any
"""One of the kinds above; typed loosely, because every use asks for the kind first."""

_KINDS: dict[type, str] = {
    type(None): "nil",
    bool: "bool",
    int: "int",
    float: "double",
    str: "string",
    bytes: "bytes",
    list: "list",
    dict: "map",
    Time: "time",
    Duration: "duration",
    TraceId: "TraceID",
    SpanId: "SpanID",
    ProfileId: "ProfileID",
}


def kind_of(value: Value) -> str:
    """What a value is, in the words of messages."""
    kind = _KINDS.get(type(value))
    if kind is not None:
        return kind
    return value.kind if isinstance(value, Opaque) else "map"


class MapForm:
    """What is a map and no `dict`: asking an abstract class would cost four times as much."""

    __slots__ = ()


def is_map(value: Value) -> bool:
    """Whether a value is a map of any form."""
    return type(value) is dict or isinstance(value, MapForm)


def wrap_int64(number: int) -> int:
    """A number as Go's int64 arithmetic leaves it."""
    if INT64_MIN <= number <= INT64_MAX:
        return number
    return (number - INT64_MIN) % _WRAP + INT64_MIN


def deep_copy(value: Value) -> Value:
    """A value that shares no map or list with the original."""
    if type(value) in _SCALARS:
        return value
    if type(value) is list:
        return [deep_copy(one) for one in value]
    if is_map(value):
        return {key: deep_copy(one) for key, one in value.items()}
    return value


def storable(value: Value, room: int = MAX_MESSAGES) -> Value:
    """A value as OTLP can keep it: a deep copy of what has an OTLP form.

    Raises:
        ExecutionError: It has none (time, duration, ids, opaque parts) and has to be converted; or
            it is nested deeper than `room` messages.
    """
    kind = type(value)
    if kind in _SCALARS:
        return value
    is_list = kind is list
    if not is_list and not is_map(value):
        raise ExecutionError(f"a {kind_of(value)} cannot be stored as it is: convert it first")
    left = room - (2 if is_list else 3)
    if left < 0:
        raise ExecutionError(TOO_DEEP)
    if is_list:
        return [storable(one, left) for one in value]
    return {key: storable(one, left) for key, one in value.items()}
