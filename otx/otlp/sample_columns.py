"""OTLP profiles to Arrow columns: a row a sample, its stack as names, root first.

Profiles are few and large, and what a request says it says once, in the tables of its dictionary.
So protobuf's own decoder parses it, each stack, set of attributes and link is read once, and rows
are made by index; only indices and values are touched a sample at a time.

A sample with timestamps (profiles.proto, `Sample`) is a row for each of them, so that its rows say
when it was; one without is a row at its profile's start. Values that are left out count 1.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

import pyarrow as pa
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.profiles.v1development.profiles_service_pb2 import (
    ExportProfilesServiceRequest,
)

from otx.model.telemetry import Attributes
from otx.otlp.column_groups import SCHEMA_URLS, TIME, Batch, Undecodable
from otx.otlp.json_columns import read_attributes
from otx.otlp.oddity import MAX_UNIX_NANO
from otx.otlp.profile_dictionary import BadIndex, Dictionary
from otx.otlp.shared_columns import SHARED_LIST, SHARED_TEXT, shared_lists, shared_texts

Profile: TypeAlias = Any
Sample: TypeAlias = Any

SAMPLE_SCHEMA = pa.schema(
    [
        ("time", TIME),
        ("pid", pa.int64()),
        ("tid", pa.int64()),
        ("comm", SHARED_TEXT),
        ("service", SHARED_TEXT),
        ("event", SHARED_TEXT),
        ("value", pa.int64()),
        ("unit", SHARED_TEXT),
        ("stack", SHARED_LIST),
        ("trace_id", SHARED_TEXT),
        ("span_id", SHARED_TEXT),
        ("attributes", SHARED_TEXT),
        ("resource", SHARED_TEXT),
        ("scope", SHARED_TEXT),
        ("scope_version", SHARED_TEXT),
        ("profile_id", SHARED_TEXT),
        ("period", pa.int64()),
        ("duration_ns", pa.int64()),
        ("received_time", TIME),
        *SCHEMA_URLS,
    ]
)
"""Columns of samples, as they are queried and as they are kept."""


def sample_columns(bodies: Sequence[bytes], received_unix_nano: Sequence[int]) -> Batch:
    """Samples of several ExportProfilesServiceRequests as rows of `SAMPLE_SCHEMA`.

    Raises:
        Undecodable: One of the bodies is no such request, or an index in it leads nowhere.
    """
    tables = [SAMPLE_SCHEMA.empty_table()]
    request_of_row: list[int] = []
    for number, (body, received) in enumerate(zip(bodies, received_unix_nano, strict=True)):
        try:
            request = ExportProfilesServiceRequest.FromString(body)
            rows = _Rows(Dictionary(request.dictionary), min(received, MAX_UNIX_NANO))
            for profile in _profiles(request, rows):
                rows.add(profile)
        except (DecodeError, BadIndex) as error:
            raise Undecodable(str(error)) from None
        tables.append(rows.table())
        request_of_row += [number] * len(tables[-1])
    return Batch(pa.concat_tables(tables), pa.array(request_of_row, pa.int64()))


def _profiles(request: Any, rows: "_Rows") -> Iterator[Profile]:
    """The profiles of a request; what they are under is told to `rows` before each."""
    for group in request.resource_profiles:
        rows.enter_resource(group.resource, group.schema_url)
        for scoped in group.scope_profiles:
            rows.scope = _Scope(scoped.scope.name, scoped.scope.version, scoped.schema_url)
            yield from scoped.profiles


class _Scope(NamedTuple):
    """What wrote some profiles, and the schema that they follow."""

    name: str = ""
    version: str = ""
    schema_url: str = ""


@dataclass(frozen=True, slots=True)
class _Origin:
    """What the samples of a profile share with others that have the same attributes."""

    pid: int | None
    tid: int | None
    comm: str
    attributes: str


@dataclass(slots=True)
class _Profile:
    """What all samples of one profile share."""

    start: int
    event: str
    unit: str
    profile_id: str
    period: int
    duration: int
    resource: str
    resource_schema_url: str
    service: str
    scope: _Scope


@dataclass(slots=True)
class _Rows:
    """The rows of one request: what is distinct, and for each row which of it is its own."""

    dictionary: Dictionary
    received: int
    scope: _Scope = field(default_factory=_Scope)
    resource: Attributes = field(default_factory=dict)
    resource_text: str = "{}"
    resource_schema_url: str = ""
    profiles: list[_Profile] = field(default_factory=list)
    profile_of_row: list[int] = field(default_factory=list)
    origins: dict[tuple[int, tuple[int, ...]], int] = field(default_factory=dict)
    known_origins: list[_Origin] = field(default_factory=list)
    origin_of_row: list[int] = field(default_factory=list)
    stack_of_row: list[int] = field(default_factory=list)
    link_of_row: list[int] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    values: list[int] = field(default_factory=list)

    def enter_resource(self, resource: Any, schema_url: str) -> None:
        """Take what the profiles that follow are of."""
        self.resource_text = self.dictionary.resource_text(resource.attributes)
        self.resource = read_attributes(self.resource_text)
        self.resource_schema_url = schema_url

    def add(self, profile: Profile) -> None:
        """Take the samples of a profile."""
        text = self.dictionary.text
        service = self.resource.get("service.name")
        shared = _Profile(
            start=min(profile.time_unix_nano, MAX_UNIX_NANO),
            event=text(profile.sample_type.type_strindex),
            unit=text(profile.sample_type.unit_strindex),
            profile_id=profile.profile_id.hex(),
            period=profile.period,
            duration=min(profile.duration_nano, MAX_UNIX_NANO),
            resource=self.resource_text,
            resource_schema_url=self.resource_schema_url,
            service=service if isinstance(service, str) else "",
            scope=self.scope,
        )
        number = len(self.profiles)
        self.profiles.append(shared)
        own = tuple(profile.attribute_indices)
        for sample in profile.samples:
            self._add_sample(sample, number, shared.start, own)

    def _add_sample(self, sample: Sample, profile: int, start: int, own: tuple[int, ...]) -> None:
        times, values = _observations(sample, start)
        count = len(times)
        origin = self._origin(profile, own + tuple(sample.attribute_indices))
        stack = self.dictionary.checked_stack(sample.stack_index)
        self.dictionary.spend(count * len(self.dictionary.stacks()[stack]))
        link = self.dictionary.checked_link(sample.link_index)
        self.times += times
        self.values += values
        self.profile_of_row += [profile] * count
        self.origin_of_row += [origin] * count
        self.stack_of_row += [stack] * count
        self.link_of_row += [link] * count

    def _origin(self, profile: int, indices: tuple[int, ...]) -> int:
        """The index of what these attributes say, where a profile's resource says the rest."""
        key = (profile, indices)
        known = self.origins.get(key)
        if known is None:
            known = self.origins[key] = len(self.known_origins)
            text = self.dictionary.attributes_text(indices)
            self.known_origins.append(_origin_of(text, self.resource))
        return known

    def table(self) -> Any:
        """The rows as a table."""
        columns = {
            **self._of_profiles(),
            **self._of_origins(),
            **self._of_dictionary(),
            "time": pa.array(self.times, pa.int64()).cast(TIME),
            "value": pa.array(self.values, pa.int64()),
            "received_time": pa.repeat(pa.scalar(self.received, TIME), len(self.times)),
        }
        arrays = [columns[field.name] for field in SAMPLE_SCHEMA]
        return pa.Table.from_arrays(arrays, schema=SAMPLE_SCHEMA)

    def _of_profiles(self) -> dict[str, Any]:
        of_row = pa.array(self.profile_of_row, pa.int32())
        columns: dict[str, list[Any]] = {
            "service": [one.service for one in self.profiles],
            "event": [one.event for one in self.profiles],
            "unit": [one.unit for one in self.profiles],
            "resource": [one.resource for one in self.profiles],
            "resource_schema_url": [one.resource_schema_url for one in self.profiles],
            "scope": [one.scope.name for one in self.profiles],
            "scope_version": [one.scope.version for one in self.profiles],
            "scope_schema_url": [one.scope.schema_url for one in self.profiles],
            "profile_id": [one.profile_id for one in self.profiles],
            "period": [one.period for one in self.profiles],
            "duration_ns": [one.duration for one in self.profiles],
        }
        return _taken(columns, of_row)

    def _of_origins(self) -> dict[str, Any]:
        of_row = pa.array(self.origin_of_row, pa.int32())
        columns: dict[str, list[Any]] = {
            "pid": [one.pid for one in self.known_origins],
            "tid": [one.tid for one in self.known_origins],
            "comm": [one.comm for one in self.known_origins],
            "attributes": [one.attributes for one in self.known_origins],
        }
        return _taken(columns, of_row)

    def _of_dictionary(self) -> dict[str, Any]:
        links = self.dictionary.links()
        ids = {"trace_id": [one[0] for one in links], "span_id": [one[1] for one in links]}
        return {
            "stack": shared_lists(
                self.dictionary.stacks(), pa.array(self.stack_of_row, pa.int32())
            ),
            **_taken(ids, pa.array(self.link_of_row, pa.int32())),
        }


def _taken(columns: dict[str, list[Any]], of_row: Any) -> dict[str, Any]:
    """Columns of what is distinct, as columns of rows."""
    return {
        name: shared_texts(pa.array(values, pa.string()), of_row)
        if SAMPLE_SCHEMA.field(name).type == SHARED_TEXT
        else pa.array(values, pa.int64()).take(of_row)
        for name, values in columns.items()
    }


def _observations(sample: Sample, start: int) -> tuple[list[int], list[int]]:
    """When a sample was seen and what it counted then.

    Raises:
        BadIndex: It has values and timestamps of different counts.
    """
    times = [min(time, MAX_UNIX_NANO) for time in sample.timestamps_unix_nano]
    values = list(sample.values)
    if not times:
        return [start] * (len(values) or 1), values or [1]
    if values and len(values) != len(times):
        raise BadIndex(f"a sample has {len(values)} values for {len(times)} timestamps")
    return times, values or [1] * len(times)


def _origin_of(text: str, resource: Attributes) -> _Origin:
    """Process and thread of samples with these attributes (semantic conventions, `process.*`)."""
    attributes = {**resource, **read_attributes(text)}
    comm = attributes.get("thread.name") or attributes.get("process.executable.name")
    return _Origin(
        _whole(attributes.get("process.pid")),
        _whole(attributes.get("thread.id")),
        comm if isinstance(comm, str) else "",
        text,
    )


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
