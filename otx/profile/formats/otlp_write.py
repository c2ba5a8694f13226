"""A profile as an OTLP profiles request (opentelemetry-proto, profiles/v1development).

A message holds one type of value, so each type becomes a profile of its own; all share one
dictionary. What labels say of a process (`process.*`, `container.*`, `service.*`, `host.*`) is its
resource's, and a trace and span its link's. Samples keep their times where all of them and the
profile's start are known, since one profile has one shape.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from opentelemetry.proto.collector.profiles.v1development.profiles_service_pb2 import (
    ExportProfilesServiceRequest,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.profiles.v1development import profiles_pb2 as pb

from otx import __version__
from otx.model.profile import Label, Labels, Profile, StackSample, ValueType, saturated
from otx.model.stack import Frame, Stack
from otx.otlp.encode import to_json
from otx.otlp.profile_rules import FRAME_TYPE
from otx.profile.formats.reading import SPAN_ID, TRACE_ID, mapping_of, split_root, valid_text

_OF_RESOURCES = ("process.", "container.", "service.", "host.", "k8s.", "deployment.", "telemetry.")
_FRAME_TYPES = {"python": "cpython", "native": "native", "kernel": "kernel"}
_Identity: TypeAlias = tuple[int, tuple[int, ...], int]
"""Stack, attributes and link: what makes two samples one (profiles.proto, `Sample`)."""
_Row: TypeAlias = tuple[_Identity, StackSample]


def write_otlp(profile: Profile) -> bytes:
    """The request as protobuf."""
    return otlp_request(profile).SerializeToString(deterministic=True)


def write_otlp_json(profile: Profile) -> str:
    """The request as OTLP/JSON."""
    return to_json(otlp_request(profile)).decode() + "\n"


def otlp_request(profile: Profile) -> ExportProfilesServiceRequest:
    """The request; a resource for each process that labels tell apart."""
    request = ExportProfilesServiceRequest()
    tables = Tables(request.dictionary)
    groups: dict[Labels, list[_Row]] = {}
    for sample in profile.samples:
        stack, labels = split_root(sample.stack, sample.labels)
        ours = tuple(sorted((it for it in labels if _is_of_resource(it)), key=lambda it: it.key))
        rest = tuple(it for it in labels if not _is_of_resource(it))
        link, rest = tables.link_of(rest)
        identity = tables.stack(stack), tables.attributes(rest), link
        groups.setdefault(ours, []).append((identity, sample))
    has_times = profile.time_unix_nano > 0 and all(
        sample.offset_ns is not None for sample in profile.samples
    )
    for labels, rows in groups.items() or [((), [])]:
        group = request.resource_profiles.add()
        group.resource.attributes.extend(map(_key_value, labels))
        scope = group.scope_profiles.add()
        scope.scope.name, scope.scope.version = "otx", __version__
        for number in _shown_first(profile):
            message = scope.profiles.add()
            _head(message, profile, number, tables)
            _fill(message, rows, number, profile, has_times)
    return request


def _head(message: pb.Profile, profile: Profile, number: int, tables: "Tables") -> None:
    tables.set_type(message.sample_type, profile.value_types[number])
    message.time_unix_nano = _unsigned(profile.time_unix_nano)
    message.duration_nano = _unsigned(profile.duration_ns)
    if profile.period_type is not None:
        tables.set_type(message.period_type, profile.period_type)
        message.period = saturated(profile.period)


def _fill(
    message: pb.Profile,
    rows: Iterable[_Row],
    number: int,
    profile: Profile,
    has_times: bool,
) -> None:
    """Add the samples of one type; one identity is one sample (profiles.proto, `Sample`)."""
    samples: dict[_Identity, Any] = {}
    for row in rows:
        identity, taken = row
        value = taken.values[number]
        if not value and number != profile.shown:
            continue
        sample = samples.get(identity)
        if sample is None:
            stack, attributes, link = identity
            sample = samples[identity] = message.samples.add(
                stack_index=stack, attribute_indices=attributes, link_index=link
            )
        if has_times:
            sample.values.append(saturated(value))
            sample.timestamps_unix_nano.append(
                _unsigned(profile.time_unix_nano + (taken.offset_ns or 0))
            )
        elif sample.values:
            sample.values[0] = saturated(sample.values[0] + value)
        else:
            sample.values.append(saturated(value))


def _unsigned(time_ns: int) -> int:
    """A time as near to it as 64 bits without a sign can say."""
    return max(0, min(time_ns, (1 << 64) - 1))


def _shown_first(profile: Profile) -> Sequence[int]:
    """Types in their order, but for the one that is shown: a file's first profile is."""
    others = [index for index in range(len(profile.value_types)) if index != profile.shown]
    return [profile.shown, *others]


def _is_of_resource(label: Label) -> bool:
    return label.key.startswith(_OF_RESOURCES) and not label.unit


def _key_value(label: Label) -> KeyValue:
    return KeyValue(key=valid_text(label.key), value=_any_value(label.value))


def _any_value(value: str | int) -> AnyValue:
    if isinstance(value, str):
        return AnyValue(string_value=valid_text(value))
    return AnyValue(int_value=saturated(value))


@dataclass(slots=True)
class Tables:
    """A dictionary while it is made: index 0 of each table stands for nothing, the rest is unique.

    Attributes:
        message: What was made so far.
    """

    message: Any
    texts: dict[str, int] = field(default_factory=lambda: {"": 0})
    stacks: dict[Stack, int] = field(default_factory=lambda: {(): 0})
    locations: dict[Frame, int] = field(default_factory=dict)
    functions: dict[tuple[str, str], int] = field(default_factory=dict)
    mappings: dict[str, int] = field(default_factory=lambda: {"": 0})
    pairs: dict[Label, int] = field(default_factory=dict)
    labels: dict[Labels, tuple[int, ...]] = field(default_factory=dict)
    links: dict[tuple[str, str], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("mapping", "location", "function", "attribute", "stack"):
            getattr(self.message, f"{name}_table").add()
        # Strict readers want ids of the right length here too.
        self.message.link_table.add(trace_id=bytes(16), span_id=bytes(8))
        self.message.string_table.append("")

    def text(self, text: str) -> int:
        """The index of a text."""
        index = self.texts.get(text)
        if index is None:
            index = self.texts[text] = len(self.texts)
            self.message.string_table.append(valid_text(text))
        return index

    def set_type(self, place: pb.ValueType, kind: ValueType) -> None:
        """Say a type of values."""
        place.type_strindex, place.unit_strindex = self.text(kind.name), self.text(kind.unit)

    def stack(self, stack: Stack) -> int:
        """The index of a stack."""
        index = self.stacks.get(stack)
        if index is None:
            locations = self.locations
            leaf_first = [locations.get(it) or self._location(it) for it in reversed(stack)]
            index = self.stacks[stack] = len(self.stacks)
            self.message.stack_table.add(location_indices=leaf_first)
        return index

    def attributes(self, labels: Labels) -> tuple[int, ...]:
        """The indices of labels, the first of each key."""
        indices = self.labels.get(labels)
        if indices is None:
            first: dict[str, Label] = {}
            for label in labels:
                first.setdefault(label.key, label)
            indices = self.labels[labels] = tuple(map(self._pair, first.values()))
        return indices

    def link_of(self, labels: Labels) -> tuple[int, Labels]:
        """The index of the link that labels say, and what else they do."""
        said = {it.key: it.value for it in labels if it.key in (TRACE_ID, SPAN_ID)}
        trace, span = said.get(TRACE_ID), said.get(SPAN_ID, "0" * 16)
        if not is_id(trace, 32) or not is_id(span, 16):
            return 0, labels
        ids = str(trace), str(span)
        index = self.links.get(ids)
        if index is None:
            index = self.links[ids] = len(self.message.link_table)
            self.message.link_table.add(
                trace_id=bytes.fromhex(ids[0]), span_id=bytes.fromhex(ids[1])
            )
        return index, tuple(it for it in labels if it.key not in said)

    def _pair(self, label: Label) -> int:
        index = self.pairs.get(label)
        if index is None:
            table = self.message.attribute_table
            index = self.pairs[label] = len(table)
            table.add(
                key_strindex=self.text(label.key),
                value=_any_value(label.value),
                unit_strindex=self.text(label.unit),
            )
        return index

    def _location(self, frame: Frame) -> int:
        index = self.locations[frame] = len(self.message.location_table)
        location = self.message.location_table.add(mapping_index=self._mapping(mapping_of(frame)))
        if kind := _FRAME_TYPES.get(frame.kind):
            location.attribute_indices.append(self._pair(Label(FRAME_TYPE, kind)))
        location.lines.add(function_index=self._function(frame), line=frame.line)
        return index

    def _function(self, frame: Frame) -> int:
        key = (frame.name, frame.file)
        index = self.functions.get(key)
        if index is None:
            index = self.functions[key] = len(self.message.function_table)
            self.message.function_table.add(
                name_strindex=self.text(frame.name), filename_strindex=self.text(frame.file)
            )
        return index

    def _mapping(self, file: str) -> int:
        index = self.mappings.get(file)
        if index is None:
            index = self.mappings[file] = len(self.message.mapping_table)
            self.message.mapping_table.add(filename_strindex=self.text(file))
        return index


def is_id(value: object, digits: int) -> bool:
    """Whether a label's value is the hex text of an id, in lower case."""
    return isinstance(value, str) and len(value) == digits and set(value) <= set("0123456789abcdef")
