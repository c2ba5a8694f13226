"""pprof's form: gzip around a protobuf message (proto/pprof.proto).

Labels carry what the message has no place for: a stack's process and thread, its trace and span.
The kind of a frame is told by its mapping and its source file, as `otx.profile.formats.reading`
says. When a sample was taken has no place at all.
"""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.message import DecodeError

from otx.model.profile import Label, Labels, Profile, StackSample, ValueType, saturated
from otx.model.stack import Frame, Stack
from otx.profile.formats import pprof_pb2 as pb
from otx.profile.formats.reading import (
    MAX_SAMPLES,
    Frames,
    Warn,
    bad_profile,
    join_root,
    mapping_of,
    protobuf_fields,
    split_root,
    valid_text,
)

_MAX_TABLE = 4_000_000
_MAX_ENTRY_BYTES = 4 << 20
"""An entry larger than a stack of 400 000 frames is none that a program has."""
_STRINGS = 6
_MESSAGES: Mapping[int, Any] = {
    1: pb.ValueType,
    2: pb.Sample,
    3: pb.Mapping,
    4: pb.Location,
    5: pb.Function,
    11: pb.ValueType,
}


def write_pprof(profile: Profile) -> bytes:
    """The profile, samples of one stack and labels together."""
    tables = _Tables()
    message = tables.message
    for kind in profile.value_types:
        tables.value_type(message.sample_type.add(), kind)
    merged: dict[tuple[Stack, Labels], list[int]] = {}
    for sample in profile.samples:
        values = merged.setdefault((sample.stack, sample.labels), [0] * len(profile.value_types))
        for index, value in enumerate(sample.values):
            values[index] += value
    for (stack, labels), values in merged.items():
        tables.add_sample(stack, labels, values)
    if profile.period_type is not None:
        tables.value_type(message.period_type, profile.period_type)
    message.period = saturated(profile.period)
    message.time_nanos = saturated(profile.time_unix_nano)
    message.duration_nanos = saturated(profile.duration_ns)
    message.default_sample_type = tables.text(profile.shown_type.name)
    message.comment.extend(map(tables.text, profile.comments))
    # No time in the head: the same profile is the same bytes.
    return gzip.compress(message.SerializeToString(deterministic=True), mtime=0)


@dataclass(slots=True)
class _Tables:
    """The message while it is made; whatever is said twice stands in it once."""

    message: pb.Profile = field(default_factory=lambda: pb.Profile(string_table=[""]))
    texts: dict[str, int] = field(default_factory=lambda: {"": 0})
    locations: dict[Frame, int] = field(default_factory=dict)
    functions: dict[tuple[str, str], int] = field(default_factory=dict)
    mappings: dict[str, int] = field(default_factory=lambda: {"": 0})

    def text(self, text: str) -> int:
        index = self.texts.get(text)
        if index is None:
            index = self.texts[text] = len(self.texts)
            self.message.string_table.append(valid_text(text))
        return index

    def value_type(self, place: pb.ValueType, kind: ValueType) -> None:
        place.type, place.unit = self.text(kind.name), self.text(kind.unit)

    def add_sample(self, stack: Stack, labels: Labels, values: list[int]) -> None:
        frames, labels = split_root(stack, labels)
        sample = self.message.sample.add(value=map(saturated, values))
        locations = self.locations
        sample.location_id.extend(
            [locations.get(frame) or self._location(frame) for frame in reversed(frames)]
        )
        for label in labels:
            added = sample.label.add(key=self.text(label.key), num_unit=self.text(label.unit))
            if isinstance(label.value, str):
                added.str = self.text(label.value)
            else:
                added.num = saturated(label.value)

    def _location(self, frame: Frame) -> int:
        index = self.locations[frame] = len(self.locations) + 1
        location = self.message.location.add(id=index, mapping_id=self._mapping(mapping_of(frame)))
        location.line.add(function_id=self._function(frame), line=frame.line)
        return index

    def _function(self, frame: Frame) -> int:
        index = self.functions.get((frame.name, frame.file))
        if index is None:
            index = self.functions[frame.name, frame.file] = len(self.functions) + 1
            name = self.text(frame.name)
            # No system name: where both are the same pprof takes the name for a mangled one, and
            # cuts <module> out of it.
            self.message.function.add(id=index, name=name, filename=self.text(frame.file))
        return index

    def _mapping(self, file: str) -> int:
        index = self.mappings.get(file)
        if index is None:
            index = self.mappings[file] = len(self.mappings)
            self.message.mapping.add(
                id=index, filename=self.text(file), has_functions=True, has_filenames=True
            )
        return index


def read_pprof(data: bytes, place: str, warn: Warn) -> Profile:
    """A profile of a message without its gzip.

    Raises:
        UsageError: It is no such message, or an index or an id in it leads nowhere.
    """
    try:
        return _Reader(place, warn).read(data)
    except (ValueError, DecodeError) as error:
        raise bad_profile(place, f"no pprof: {error or 'it is malformed'}") from None


class _Reader:
    """Reads one message field by field, so that what is in it can be bounded."""

    def __init__(self, place: str, warn: Warn) -> None:
        self._place = place
        self._warn = warn
        self._frames = Frames(place)
        self._entries: dict[int, list[Any]] = {number: [] for number in (*_MESSAGES, _STRINGS)}
        self._numbers: dict[int, int] = {}
        self._comments: list[int] = []
        self._locations: dict[int, Stack] = {}
        self._stacks: dict[tuple[int, ...], Stack] = {}

    def read(self, data: bytes) -> Profile:
        self._collect(data)
        types = [self._value_type(it) for it in self._entries[1]]
        if not types:
            raise ValueError("it has no sample type")
        self._locations = self._read_locations()
        samples = [self._sample(index, len(types)) for index in range(len(self._entries[2]))]
        wanted = self._text(self._numbers.get(14, 0))
        names = [kind.name for kind in types]
        return Profile(
            tuple(types),
            samples,
            shown=names.index(wanted) if wanted in names else len(names) - 1,
            time_unix_nano=max(0, self._numbers.get(9, 0)),
            duration_ns=max(0, self._numbers.get(10, 0)),
            period=self._numbers.get(12, 0),
            period_type=self._value_type(self._entries[11][-1]) if self._entries[11] else None,
            comments=tuple(map(self._text, self._comments)),
        )

    def _collect(self, data: bytes) -> None:
        """Take the fields apart; entries of tables stay bytes until they are read."""
        for number, value in protobuf_fields(data):
            if isinstance(value, int):
                self._numbers[number] = _signed(value)
                if number == 13:
                    self._comments.append(_signed(value))
            elif number == 13:
                self._comments += pb.Profile.FromString(b"j" + _prefixed(value)).comment
            elif number in self._entries:
                table = self._entries[number]
                table.append(bytes(value))
                if len(table) > (MAX_SAMPLES if number == 2 else _MAX_TABLE):
                    raise ValueError(f"it has more than {len(table) - 1} entries of one kind")
                if number != _STRINGS and len(value) > _MAX_ENTRY_BYTES:
                    raise ValueError(f"one entry has {len(value)} bytes")
        self._entries[_STRINGS] = [
            text.decode("utf-8", "replace") for text in self._entries[_STRINGS]
        ]
        for number in (1, 11):
            self._entries[number] = list(map(_MESSAGES[number].FromString, self._entries[number]))

    def _read_locations(self) -> dict[int, Stack]:
        """The frames of each location by its id, outermost first."""
        functions = self._by_id(5)
        mappings = self._by_id(3)
        locations: dict[int, Stack] = {}
        for location in map(pb.Location.FromString, self._entries[4]):
            mapping = mappings.get(location.mapping_id) or pb.Mapping()
            file = self._text(mapping.filename)
            inside = max(0, location.address - mapping.memory_start) + mapping.file_offset
            found = []
            for line in reversed(location.line):
                function = functions.get(line.function_id)
                if function is None:
                    raise ValueError(f"no function {line.function_id}")
                name = self._text(function.name) or self._text(function.system_name)
                source = self._text(function.filename)
                found.append(self._frames.at(name, source, line.line, file, inside))
            locations[location.id] = tuple(found or [self._frames.at("", "", 0, file, inside)])
        return locations

    def _by_id(self, number: int) -> dict[int, Any]:
        return {it.id: it for it in map(_MESSAGES[number].FromString, self._entries[number])}

    def _sample(self, index: int, types: int) -> StackSample:
        sample = pb.Sample.FromString(self._entries[2][index])
        if len(sample.value) != types:
            raise ValueError(f"sample {index} has {len(sample.value)} values for {types} types")
        labels = tuple(map(self._label, sample.label))
        stack, labels = join_root(self._stack(tuple(sample.location_id)), labels)
        return StackSample(stack, tuple(sample.value), labels)

    def _stack(self, ids: tuple[int, ...]) -> Stack:
        stack = self._stacks.get(ids)
        if stack is None:
            parts = []
            for number in reversed(ids):
                location = self._locations.get(number)
                if location is None:
                    raise ValueError(f"no location {number}")
                self._frames.spend(len(location))
                parts.append(location)
            stack = self._stacks[ids] = tuple(frame for part in parts for frame in part)
        return stack

    def _label(self, label: pb.Label) -> Label:
        value = self._text(label.str) if label.str else label.num
        return Label(self._text(label.key), value, self._text(label.num_unit))

    def _value_type(self, kind: pb.ValueType) -> ValueType:
        return ValueType(self._text(kind.type), self._text(kind.unit))

    def _text(self, index: int) -> str:
        table = self._entries[_STRINGS]
        if index == 0:
            return ""
        if not 0 < index < len(table):
            raise ValueError(f"no text {index} in a table of {len(table)}")
        text: str = table[index]
        return text


def _signed(value: int) -> int:
    value &= (1 << 64) - 1
    return value - (1 << 64) if value >> 63 else value


def _prefixed(value: memoryview) -> bytes:
    """Bytes behind their length, which ends with the first byte below 128."""
    size, head = len(value), bytearray()
    while size > 127:
        head.append(size & 127 | 128)
        size >>= 7
    return bytes([*head, size]) + bytes(value)
