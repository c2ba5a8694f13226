"""What a sender does wrong in all that it sends: seen on the first resource and its first record.

One look a request costs next to nothing, and a sender that counts milliseconds or has no name for
its service does so in every request. A sender's resource is always the same, so that what was
found is remembered. What single spans break stands in `otx.otlp.oddity`.
"""

from collections.abc import Iterator, Sequence

from otx.model.signal import Signal
from otx.otlp.caution import Caution
from otx.otlp.doubled_keys import MAX_KEYS, doubled_key, quoted
from otx.otlp.remembering import remembering
from otx.otlp.wire import WIRE, Generated

_UNITS = {"seconds": 10**9, "milliseconds": 10**6, "microseconds": 10**3}
"""How many nanoseconds each has, of the units that clocks count in."""
FIRST_S, _LAST_S = 1_262_304_000, 4_102_444_800
"""The times that are meant: from 2010 to 2100. Some days after 1970 are an odd clock."""
_REMEMBERED = 256
STRING_INDICES = ("string_value_strindex", "key_strindex")
"""Fields of AnyValue and KeyValue that refer to a profile's table of strings (common.proto)."""


def habit_cautions(signal: Signal, request: Generated) -> list[Caution]:
    """What is wrong with the first resource of a request and the first record under it."""
    resources = getattr(request, WIRE[signal].resources_field)
    if not resources:
        return []
    group = resources[0]
    cautions = resource_cautions(group.resource.SerializeToString())
    record = _first_record(signal, group)
    if record is None:
        return [*cautions, *_indices(signal, group.resource.attributes)]
    attributes = [*group.resource.attributes, *record.attributes[:MAX_KEYS]]
    return [*cautions, *_indices(signal, attributes), *_unit(_time_of(signal, record))]


def elsewhere_cautions(signal: Signal, document: object) -> list[Caution]:
    """Whether a JSON request holds another signal's telemetry, which is then in no record of it.

    OTLP has unknown keys ignored (OTLP specification, "JSON Protobuf Encoding"), so this is a
    success that keeps nothing.
    """
    if not isinstance(document, dict):
        return []
    return [
        Caution(
            "requests that were sent to another signal's path",
            f"the body holds {name}, which is not read at {WIRE[signal].path}:"
            f" send it to {wire.path}",
        )
        for wire in WIRE.values()
        if wire.signal is not signal
        for name in (wire.json_resources_field, wire.resources_field)
        if document.get(name)
    ]


@remembering(_REMEMBERED)
def resource_cautions(encoded: bytes) -> tuple[Caution, ...]:
    """What is wrong with the bytes of a `Resource`."""
    from opentelemetry.proto.resource.v1.resource_pb2 import Resource  # loaded by then

    return tuple(_of_attributes(Resource.FromString(encoded).attributes))


def _of_attributes(attributes: Sequence[Generated]) -> Iterator[Caution]:
    keys = [attribute.key for attribute in attributes[:MAX_KEYS]]
    yield from _doubled(keys)
    if "service.name" in keys:
        name = attributes[keys.index("service.name")].value
        if name.WhichOneof("value") == "string_value" and not name.string_value:
            kind = "requests with an empty service.name"
            yield Caution(kind, "service.name is empty: no reader can tell whose telemetry this is")


def _first_record(signal: Signal, group: Generated) -> Generated | None:
    """The first span, log record or data point of a resource, where its first scope has one."""
    if signal is Signal.PROFILES:
        return None
    scopes = getattr(group, WIRE[signal].scopes_field)
    if not scopes:
        return None
    if signal is Signal.TRACES:
        records = scopes[0].spans
    elif signal is Signal.LOGS:
        records = scopes[0].log_records
    else:
        metrics = scopes[0].metrics
        form = metrics[0].WhichOneof("data") if metrics else None
        records = getattr(metrics[0], form).data_points if form else ()
    return records[0] if records else None


def _time_of(signal: Signal, record: Generated) -> int:
    if signal is Signal.TRACES:
        return int(record.start_time_unix_nano)
    return int(record.time_unix_nano)


def _doubled(keys: list[str]) -> Iterator[Caution]:
    """Keys that are there twice: what they mean is undefined (common.proto, `attributes`)."""
    if len(set(keys)) != len(keys):
        kind = "requests whose resource has an attribute key twice"
        shown = quoted(doubled_key(keys))
        yield Caution(
            kind, f"the resource has the attribute key {shown} twice: readers take either"
        )


def _indices(signal: Signal, attributes: Sequence[Generated]) -> Iterator[Caution]:
    """Whether a key or a value is no more than an index, which leads nowhere but in profiles."""
    if signal is Signal.PROFILES:
        return
    value_index, key_index = STRING_INDICES
    for one in attributes:
        if getattr(one, key_index) or one.value.WhichOneof("value") == value_index:
            number = getattr(one, key_index) or getattr(one.value, value_index)
            yield Caution(
                "requests with string indices outside of profiles",
                f"the string index {number} leads nowhere: only profiles have a table of strings, "
                "so it is read as an empty text",
            )
            return


def _unit(time: int) -> Iterator[Caution]:
    """Times that are only meant where they count something longer than nanoseconds."""
    if time >= FIRST_S * _UNITS["seconds"] or time < FIRST_S:
        return
    for unit, ns in _UNITS.items():
        if FIRST_S <= time * ns // _UNITS["seconds"] < _LAST_S:
            kind = f"requests whose times are {unit}"
            yield Caution(kind, f"times are {unit}, as in {time}: OTLP wants nanoseconds")
