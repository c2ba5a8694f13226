"""Rows of samples say what protobuf's own decoder says, for every request that is consistent."""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.profiles.v1development.profiles_service_pb2 import (
    ExportProfilesServiceRequest,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from otx.otlp import profile_dictionary
from otx.otlp.column_groups import Undecodable
from otx.otlp.sample_columns import SAMPLE_SCHEMA, sample_columns
from tests.otlp.profile_messages import PROFILE_REQUESTS
from tests.otlp.test_columns import attributes_of, clamped, read, service_of

Request = ExportProfilesServiceRequest


def observations(requests: list[Request]) -> Iterator[tuple[int, Any, Any, Any, Any, int, int]]:
    """Each value or timestamp of each sample, with where it stands."""
    for index, request in enumerate(requests):
        for group in request.resource_profiles:
            for scoped in group.scope_profiles:
                for profile in scoped.profiles:
                    for sample in profile.samples:
                        times = list(sample.timestamps_unix_nano) or [profile.time_unix_nano]
                        values = list(sample.values) or [1] * len(times)
                        for time, value in zip(times, values, strict=True):
                            yield index, group, scoped, profile, sample, time, value


def plain_rows(table: Any) -> list[dict[str, Any]]:
    """Rows with times as integers."""
    columns = {
        name: table[name].cast(pa.int64()) if name.endswith("time") else table[name]
        for name in table.schema.names
    }
    return list(pa.table(columns).to_pylist())


@settings(max_examples=80)
@given(st.lists(PROFILE_REQUESTS, min_size=1, max_size=2))
def test_samples_are_what_protobuf_says(requests: list[Request]) -> None:
    received = list(range(1000, 1000 + len(requests)))
    batch = sample_columns([request.SerializeToString() for request in requests], received)
    assert batch.rows.schema == SAMPLE_SCHEMA
    batch.rows.validate(full=True)
    expected = list(observations(requests))
    assert batch.request_of_row.to_pylist() == [index for index, *_ in expected]
    for row, (index, group, scoped, profile, sample, time, value) in zip(
        plain_rows(batch.rows), expected, strict=True
    ):
        tables = requests[index].dictionary
        strings = tables.string_table
        pairs = [
            (strings[entry.key_strindex], entry.value)
            for at in [*profile.attribute_indices, *sample.attribute_indices]
            if at
            for entry in [tables.attribute_table[at]]
        ]
        link = tables.link_table[sample.link_index]
        assert (row["time"], row["value"]) == (clamped(time), value)
        assert row["event"] == strings[profile.sample_type.type_strindex]
        assert row["unit"] == strings[profile.sample_type.unit_strindex]
        assert row["trace_id"] == (link.trace_id.hex() if any(link.trace_id) else "")
        assert row["span_id"] == (link.span_id.hex() if any(link.span_id) else "")
        assert read(row["attributes"]) == {
            key: attributes_of([Pair(key, value)])[key] for key, value in reversed(pairs)
        }
        assert row["service"] == service_of(group.resource)
        assert read(row["resource"]) == attributes_of(group.resource.attributes)
        assert (row["scope"], row["scope_version"]) == (scoped.scope.name, scoped.scope.version)
        assert row["resource_schema_url"] == group.schema_url
        assert row["scope_schema_url"] == scoped.schema_url
        assert row["profile_id"] == profile.profile_id.hex()
        assert (row["period"], row["duration_ns"]) == (
            profile.period,
            clamped(profile.duration_nano),
        )
        frames = tables.stack_table[sample.stack_index].location_indices
        assert len(row["stack"]) >= len(frames)
        assert row["received_time"] == received[index]


class Pair:
    """A key and a value, as `attributes_of` takes them."""

    def __init__(self, key: str, value: AnyValue) -> None:
        self.key, self.value = key, value


def one_sample(**fields: Any) -> Request:
    """A request with one profile of one sample, and tables for it."""
    request = Request()
    tables = request.dictionary
    tables.string_table.extend(["", "cpu", "nanoseconds", "process.pid", "thread.id"])
    tables.string_table.extend(["thread.name", "worker-1", "main", "work"])
    for table in (
        tables.mapping_table,
        tables.function_table,
        tables.location_table,
        tables.stack_table,
        tables.link_table,
        tables.attribute_table,
    ):
        table.add()
    for number, name in enumerate((7, 8), 1):
        tables.function_table.add(name_strindex=name)
        tables.location_table.add().lines.add(function_index=number)
    tables.stack_table.add(location_indices=[2, 1])
    tables.link_table.add(trace_id=b"t" * 16, span_id=b"s" * 8)
    tables.attribute_table.add(key_strindex=3).value.int_value = 42
    tables.attribute_table.add(key_strindex=4).value.int_value = 43
    tables.attribute_table.add(key_strindex=5).value.string_value_strindex = 6
    group = request.resource_profiles.add()
    profile = group.scope_profiles.add().profiles.add(time_unix_nano=1000)
    profile.sample_type.type_strindex = 1
    profile.sample_type.unit_strindex = 2
    profile.samples.add(**fields)
    return request


def row_of(request: Request) -> dict[str, Any]:
    (row,) = plain_rows(sample_columns([request.SerializeToString()], [1]).rows)
    return row


def test_process_and_thread_stand_in_columns() -> None:
    request = one_sample(stack_index=1, link_index=1, attribute_indices=[1, 2, 3], values=[7])
    row = row_of(request)
    assert (row["pid"], row["tid"], row["comm"]) == (42, 43, "worker-1")
    assert row["stack"] == ["main", "work"]
    assert (row["trace_id"], row["span_id"]) == ("74" * 16, "73" * 8)
    assert (row["value"], row["event"], row["unit"], row["time"]) == (7, "cpu", "nanoseconds", 1000)
    assert row["attributes"] == '{"process.pid":42,"thread.id":43,"thread.name":"worker-1"}'


def test_a_process_may_be_named_by_its_resource() -> None:
    request = one_sample(stack_index=1, attribute_indices=[2], values=[1])
    attributes = request.resource_profiles[0].resource.attributes
    attributes.add(key="process.pid").value.int_value = 9
    attributes.add(key="process.executable.name").value.string_value = "shop"
    attributes.add(key_strindex=5).value.string_value = "by index"
    row = row_of(request)
    assert (row["pid"], row["tid"], row["comm"]) == (9, 43, "by index")


def test_a_sample_is_a_row_for_each_timestamp() -> None:
    for values, expected in (([], [1, 1]), ([5, 6], [5, 6])):
        request = one_sample(stack_index=1, timestamps_unix_nano=[10, 20], values=values)
        rows = plain_rows(sample_columns([request.SerializeToString()], [1]).rows)
        assert [(row["time"], row["value"]) for row in rows] == list(
            zip([10, 20], expected, strict=True)
        )


@pytest.mark.parametrize(
    "fields",
    [
        {"stack_index": 2},
        {"stack_index": -1},
        {"link_index": 9},
        {"attribute_indices": [4]},
        {"values": [1, 2], "timestamps_unix_nano": [1, 2, 3]},
    ],
)
def test_an_index_that_leads_nowhere_refuses_the_request(fields: dict[str, Any]) -> None:
    body = one_sample(**fields).SerializeToString()
    with pytest.raises(Undecodable, match=r"table of|timestamps"):
        sample_columns([one_sample(stack_index=1).SerializeToString(), body], [1, 2])


def test_no_index_is_trusted_however_deep() -> None:
    for break_it in (
        lambda tables: tables.stack_table[1].location_indices.append(7),
        lambda tables: tables.location_table[1].lines.add(function_index=7),
        lambda tables: tables.location_table[1].attribute_indices.append(-2),
        lambda tables: setattr(tables.function_table[1], "name_strindex", 70),
        lambda tables: setattr(tables.attribute_table[1], "key_strindex", 70),
        lambda tables: setattr(tables.attribute_table[3].value, "string_value_strindex", 70),
    ):
        request = one_sample(stack_index=1, attribute_indices=[1, 3])
        break_it(request.dictionary)
        with pytest.raises(Undecodable, match="table of"):
            sample_columns([request.SerializeToString()], [1])


def test_no_rows_come_of_nothing() -> None:
    for bodies in ([], [b""]):
        batch = sample_columns(bodies, [1] * len(bodies))
        assert (len(batch.rows), batch.rows.schema) == (0, SAMPLE_SCHEMA)
    with pytest.raises(Undecodable):
        sample_columns([b"\xff\xff"], [1])


def test_a_request_whose_stacks_would_take_all_memory_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(profile_dictionary, "MAX_ITEMS", 6)
    fits = one_sample(stack_index=1, values=[1, 2]).SerializeToString()
    assert len(sample_columns([fits, fits], [1, 2]).rows) == 4
    for fields in (
        {"stack_index": 1, "values": [1, 2, 3]},
        {"attribute_indices": [3] * 50},
    ):
        with pytest.raises(Undecodable, match="more than 6 frames"):
            sample_columns([one_sample(**fields).SerializeToString()], [1])
    inlined = one_sample(stack_index=1)
    inlined.dictionary.location_table[1].lines.extend(
        [inlined.dictionary.location_table[1].lines[0]] * 7
    )
    with pytest.raises(Undecodable, match="more than 6 frames"):
        sample_columns([inlined.SerializeToString()], [1])
