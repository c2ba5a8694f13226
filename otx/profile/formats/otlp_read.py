"""An OTLP profiles request as a profile: what its messages share is read once.

Each message holds one type of value. Samples of different types with the same stack, labels and
time are one sample with several values, as `otx.profile.formats.otlp_write` takes them apart. What
the request's profiles are of (their resource) becomes labels of each sample.
"""

from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO
from typing import Any, TypeAlias

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.profiles.v1development.profiles_service_pb2 import (
    ExportProfilesServiceRequest,
)

from otx.model.profile import SAMPLES, Label, Labels, Profile, StackSample, ValueType
from otx.model.signal import Signal
from otx.model.stack import Frame, FrameKind, Stack
from otx.otlp.files import read_stream
from otx.otlp.profile_rules import FRAME_TYPE, TABLES, broken_rules
from otx.output import to_json
from otx.profile.formats.reading import (
    MAX_SAMPLES,
    SPAN_ID,
    TRACE_ID,
    Frames,
    Warn,
    bad_profile,
    join_root,
)

_KINDS: dict[str, FrameKind] = {
    "cpython": "python",
    "kernel": "kernel",
    "native": "native",
    "go": "native",
    "rust": "native",
}
"""Kinds by `profile.frame.type`; the other runtimes make their code at run time."""
_SHOWN = 3
_MOST_CHECKED = 1_000_000
"""Entries and samples whose rules are checked: it takes some microseconds each."""
Observed: TypeAlias = tuple[Stack, Labels, int]


def read_otlp(data: bytes, place: str, warn: Warn) -> Profile:
    """The profiles of a file in any form that OTLP's files have.

    Raises:
        UsageError: It is no OTLP, holds other signals, or an index in it leads nowhere.
    """
    requests = list(_requests(data, place))
    reader = _Reader(place)
    for request in requests:
        reader.take(request)
    if sum(map(_entries, requests)) > _MOST_CHECKED:
        warn(f"{place}: too large for OTLP's rules to be checked")
        return reader.profile()
    broken = [rule for request in requests for rule in broken_rules(request)]
    for rule in broken[:_SHOWN]:
        warn(f"{place}: {rule} ({rule.rule})")
    if len(broken) > _SHOWN:
        warn(f"{place}: {len(broken) - _SHOWN} more breaches of OTLP's rules for profiles")
    return reader.profile()


def _entries(request: Any) -> int:
    """How many entries its tables have, and how many samples there are."""
    tables = sum(len(getattr(request.dictionary, f"{name}_table")) for name in TABLES)
    return tables + sum(
        len(profile.samples)
        for group in request.resource_profiles
        for scope in group.scope_profiles
        for profile in scope.profiles
    )


def _requests(data: bytes, place: str) -> Iterator[Any]:
    try:
        # The dictionary may stand before or behind the profiles; the reader of pieces wants it
        # behind, or one resource.
        if data[:1] in (b"\x0a", b"\x12"):
            yield ExportProfilesServiceRequest.FromString(data)
            return
        for request in read_stream(BytesIO(data), place):
            if request.signal is not Signal.PROFILES:
                raise bad_profile(place, f"holds {request.signal}, not profiles")
            yield ExportProfilesServiceRequest.FromString(request.body)
    except DecodeError as error:
        raise bad_profile(place, f"no OTLP: {error}") from None


class _Reader:
    """Samples of one or more requests, put together."""

    def __init__(self, place: str) -> None:
        self._place = place
        self._frames = Frames(place)
        self._types: dict[ValueType, int] = {}
        self._values: dict[Observed, dict[int, int]] = {}
        self._times = False
        self._heads: list[Any] = []
        self._period_type: ValueType | None = None

    def take(self, request: Any) -> None:
        """Add the samples of a request.

        Raises:
            UsageError: An index leads nowhere, or there are too many samples.
        """
        tables = _Tables(request.dictionary, self._frames)
        try:
            for group in request.resource_profiles:
                of_resource = tables.resource_labels(group.resource.attributes)
                for scope in group.scope_profiles:
                    for profile in scope.profiles:
                        self._take_profile(profile, tables, of_resource)
        except ValueError as error:
            raise bad_profile(self._place, str(error)) from None

    def _take_profile(self, profile: Any, tables: "_Tables", of_resource: Labels) -> None:
        kind = tables.value_type(profile.sample_type)
        number = self._types.setdefault(kind, len(self._types))
        if profile.period and self._period_type is None:
            self._period_type = tables.value_type(profile.period_type)
        self._heads.append(profile)
        shared = tables.labels(profile.attribute_indices)
        for sample in profile.samples:
            labels = (*of_resource, *shared, *tables.labels(sample.attribute_indices))
            stack, labels = join_root(
                tables.stack(sample.stack_index), labels + tables.link(sample.link_index)
            )
            for time, value in _observations(sample):
                row = self._values.setdefault((stack, labels, time), {})
                row[number] = row.get(number, 0) + value
        if len(self._values) > MAX_SAMPLES:
            raise ValueError(f"more than {MAX_SAMPLES} samples")

    def profile(self) -> Profile:
        """All that was added."""
        begin = min((it.time_unix_nano for it in self._heads if it.time_unix_nano), default=0)
        end = max((it.time_unix_nano + it.duration_nano for it in self._heads), default=0)
        types = tuple(self._types) or (SAMPLES,)
        samples = [
            StackSample(
                stack,
                tuple(row.get(number, 0) for number in range(len(types))),
                labels,
                time - begin if time else None,
            )
            for (stack, labels, time), row in self._values.items()
        ]
        return Profile(
            types,
            samples,
            time_unix_nano=begin,
            duration_ns=max(0, end - begin),
            period=next((it.period for it in self._heads if it.period), 0),
            period_type=self._period_type,
        )


class _Tables:
    """One dictionary; stacks and sets of attributes are read once each.

    Every method raises ValueError where an index leads nowhere.
    """

    def __init__(self, dictionary: Any, frames: Frames) -> None:
        self._dictionary = dictionary
        self._texts: Sequence[str] = list(dictionary.string_table)
        self._frames = frames
        self._stacks: dict[int, Stack] = {0: ()}
        self._locations: dict[int, Stack] = {}
        self._pairs: dict[int, Label | None] = {0: None}

    def value_type(self, kind: Any) -> ValueType:
        name, unit = self._text(kind.type_strindex), self._text(kind.unit_strindex)
        return ValueType(name or SAMPLES.name, unit or SAMPLES.unit)

    def resource_labels(self, attributes: Iterable[Any]) -> Labels:
        return tuple(
            Label(self._text(it.key_strindex) or it.key, self._value(it.value)) for it in attributes
        )

    def labels(self, indices: Sequence[int]) -> Labels:
        found = []
        for index in indices:
            if index not in self._pairs:
                pair = self._entry("attribute", index)
                self._pairs[index] = Label(
                    self._text(pair.key_strindex),
                    self._value(pair.value),
                    self._text(pair.unit_strindex),
                )
            if label := self._pairs[index]:
                found.append(label)
        return tuple(found)

    def link(self, index: int) -> Labels:
        if not index:
            return ()
        link = self._entry("link", index)
        ids = ((TRACE_ID, link.trace_id), (SPAN_ID, link.span_id))
        return tuple(Label(key, value.hex()) for key, value in ids if any(value))

    def stack(self, index: int) -> Stack:
        stack = self._stacks.get(index)
        if stack is None:
            parts = []
            for place in reversed(self._entry("stack", index).location_indices):
                location = self._locations.get(place)
                if location is None:
                    location = self._locations[place] = tuple(self._location(place))
                self._frames.spend(len(location))
                parts.append(location)
            stack = self._stacks[index] = tuple(frame for part in parts for frame in part)
        return stack

    def _location(self, index: int) -> Iterator[Frame]:
        """The frames of a location, outermost first: several where calls are inlined."""
        if not index:
            yield self._frames.at("[unknown]", "", 0, "")
            return
        location = self._entry("location", index)
        mapping = self._entry("mapping", location.mapping_index) if location.mapping_index else None
        file = self._text(mapping.filename_strindex) if mapping else ""
        start, offset = (mapping.memory_start, mapping.file_offset) if mapping else (0, 0)
        inside = max(0, location.address - start) + offset
        kind = self._kind(location)
        for line in reversed(location.lines):
            name = source = ""
            if line.function_index:
                function = self._entry("function", line.function_index)
                name = self._text(function.name_strindex)
                name = name or self._text(function.system_name_strindex)
                source = self._text(function.filename_strindex)
            yield self._frames.at(name, source, line.line, file, inside, kind)
        if not location.lines:
            yield self._frames.at("", "", 0, file, inside, kind)

    def _kind(self, location: Any) -> FrameKind | None:
        for label in self.labels(location.attribute_indices):
            if label.key == FRAME_TYPE:
                return _KINDS.get(str(label.value), "jit")
        return None

    def _value(self, value: Any) -> str | int:
        kind = value.WhichOneof("value")
        if kind == "string_value_strindex":
            return self._text(value.string_value_strindex)
        if kind in ("string_value", "int_value"):
            plain: str | int = getattr(value, kind)
            return plain
        if kind is None:
            return ""
        if kind == "array_value":
            return to_json([self._value(item) for item in value.array_value.values])
        if kind == "kvlist_value":
            return to_json({it.key: self._value(it.value) for it in value.kvlist_value.values})
        return to_json(getattr(value, kind))

    def _text(self, index: int) -> str:
        if index == 0:
            return ""
        if not 0 < index < len(self._texts):
            raise ValueError(f"no string {index} in a table of {len(self._texts)}")
        return self._texts[index]

    def _entry(self, table: str, index: int) -> Any:
        entries = getattr(self._dictionary, f"{table}_table")
        if not 0 <= index < len(entries):
            raise ValueError(f"no {table} {index} in a table of {len(entries)}")
        return entries[index]


def _observations(sample: Any) -> list[tuple[int, int]]:
    """When a sample was seen, 0 for not known, and what it counted then."""
    times, values = sample.timestamps_unix_nano, sample.values
    if not times:
        return [(0, value) for value in values or [1]]
    if values and len(values) != len(times):
        raise ValueError(f"a sample has {len(values)} values for {len(times)} timestamps")
    return list(zip(times, values or [1] * len(times), strict=True))
