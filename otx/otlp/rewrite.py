"""Recorded telemetry made new: times moved by a constant, ids replaced by others of the same kind.

Which fields are meant is found in the descriptors, by name and type: `…_unix_nano`, `trace_id`,
`span_id`, `parent_span_id`, `profile_id`. Unknown fields stay as they came. A request with texts
that are no UTF-8 is read by the open view, which takes them but forgets values that are empty.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import DecodeError

from otx.model.signal import Signal
from otx.otlp.open_view import open_class
from otx.otlp.wire import WIRE, Generated

_TIME_ENDING = "_unix_nano"
_ID_BYTES = {"trace_id": 16, "profile_id": 16, "span_id": 8, "parent_span_id": 8}
_WITHOUT = ("opentelemetry.proto.common.v1", "opentelemetry.proto.resource.v1")
_MOST_U64 = 2**64 - 1


@dataclass(frozen=True, slots=True)
class Rewriting:
    """What to change.

    Attributes:
        shift_ns: Added to every time that is set.
        trace_key: 16 bytes that ids are combined with by exclusive-or; b"" to leave ids alone.
            One key makes one map: relations between spans, links, log records and exemplars hold.
        span_key: 8 bytes likewise.
    """

    shift_ns: int = 0
    trace_key: bytes = b""
    span_key: bytes = b""

    def __bool__(self) -> bool:
        return bool(self.shift_ns or self.trace_key)


def rewritten(signal: Signal, body: bytes, rewriting: Rewriting) -> bytes:
    """The request with other times and ids; as it is where nothing is to change.

    Ids that are empty, of a wrong length or all zero stay: they name nothing.

    Raises:
        DecodeError: The bytes are no such request.
    """
    if not rewriting:
        return body
    message = _parsed(signal, body)
    for holder, name in _fields(message):
        if name in _ID_BYTES:
            _replace_id(holder, name, rewriting)
        elif rewriting.shift_ns:
            _move(holder, name, rewriting.shift_ns)
    changed: bytes = message.SerializeToString()
    return changed


def time_range(signal: Signal, body: bytes) -> tuple[int, int] | None:
    """The earliest and the latest time in a request, Unix nanoseconds; None where it has none.

    Raises:
        DecodeError: The bytes are no such request.
    """
    times: list[int] = []
    for holder, name in _fields(_parsed(signal, body)):
        if name not in _ID_BYTES:
            value = getattr(holder, name)
            times += [value] if isinstance(value, int) else value
    times = [time for time in times if time]
    return (min(times), max(times)) if times else None


def _parsed(signal: Signal, body: bytes) -> Generated:
    try:
        return WIRE[signal].request_class.FromString(body)
    except DecodeError:
        return open_class(signal).FromString(body)


def _fields(message: Generated) -> Iterator[tuple[Generated, str]]:
    """Every message in a message that has times or ids, with the name of each such field."""
    own, inner = _plan(message.DESCRIPTOR)
    for name in own:
        yield message, name
    for name, is_list in inner:
        if is_list:
            for child in getattr(message, name):
                yield from _fields(child)
        elif message.HasField(name):
            yield from _fields(getattr(message, name))


@cache
def _plan(descriptor: Descriptor) -> tuple[tuple[str, ...], tuple[tuple[str, bool], ...]]:
    """The fields that are meant, and those whose messages have some (name, whether a list)."""
    own = tuple(field.name for field in descriptor.fields if _is_meant(field))
    inner = tuple(
        (field.name, field.is_repeated)
        for field in descriptor.fields
        if field.message_type is not None
        # Values hold values without end, and neither times nor ids.
        and field.message_type.file.package not in _WITHOUT
        and any(_plan(field.message_type))
    )
    return own, inner


def _is_meant(field: FieldDescriptor) -> bool:
    if field.name in _ID_BYTES:
        return field.type == FieldDescriptor.TYPE_BYTES
    return field.type == FieldDescriptor.TYPE_FIXED64 and field.name.endswith(_TIME_ENDING)


def _replace_id(holder: Generated, name: str, rewriting: Rewriting) -> None:
    old: bytes = getattr(holder, name)
    key = rewriting.trace_key if _ID_BYTES[name] == 16 else rewriting.span_key
    if not key or len(old) != _ID_BYTES[name] or not any(old):
        return
    new = bytes(one ^ other for one, other in zip(old, key, strict=True))
    if any(new):  # the one id that is the key itself would become invalid
        setattr(holder, name, new)


def _move(holder: Generated, name: str, shift_ns: int) -> None:
    value = getattr(holder, name)
    if isinstance(value, int):
        if value:
            setattr(holder, name, _moved(value, shift_ns))
    else:
        value[:] = [_moved(one, shift_ns) if one else one for one in value]


def _moved(time: int, shift_ns: int) -> int:
    """A time moved, kept within its field."""
    return min(max(time + shift_ns, 1), _MOST_U64)
