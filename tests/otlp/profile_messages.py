"""Random OTLP profiles, for tests of what reads them."""

from typing import Any

from hypothesis import strategies as st
from opentelemetry.proto.collector.profiles.v1development.profiles_service_pb2 import (
    ExportProfilesServiceRequest,
)
from opentelemetry.proto.profiles.v1development.profiles_pb2 import (
    Function,
    KeyValueAndUnit,
    Line,
    Link,
    Location,
    Mapping,
    Profile,
    ProfilesDictionary,
    ResourceProfiles,
    Sample,
    ScopeProfiles,
    Stack,
    ValueType,
)

from tests.otlp.test_columns import IDS, RESOURCES, SCOPES, TEXT, UINT64, any_values

ENTRIES = 3
"""How many entries a table has behind the one at index 0."""
KEYS = ("process.pid", "thread.id", "thread.name", "profile.frame.type")
STRINGS = ("", "main", "work", "app.py", "/usr/lib/libc.so.6", "cpu", "nanoseconds", *KEYS)

INDEX = st.integers(0, ENTRIES)
STRING = st.integers(0, len(STRINGS) - 1)
INT64 = st.integers(-(2**63), 2**63 - 1)


def table(entry: st.SearchStrategy[Any], nothing: Any) -> st.SearchStrategy[list[Any]]:
    return st.lists(entry, min_size=ENTRIES, max_size=ENTRIES).map(lambda made: [nothing, *made])


DICTIONARIES = st.builds(
    ProfilesDictionary,
    string_table=st.just(list(STRINGS)),
    mapping_table=table(
        st.builds(
            Mapping, memory_start=UINT64, file_offset=st.integers(0, 99), filename_strindex=STRING
        ),
        Mapping(),
    ),
    location_table=table(
        st.builds(
            Location,
            mapping_index=INDEX,
            address=UINT64,
            lines=st.lists(st.builds(Line, function_index=INDEX), max_size=2),
            attribute_indices=st.lists(INDEX, max_size=1),
        ),
        Location(),
    ),
    function_table=table(
        st.builds(
            Function, name_strindex=STRING, system_name_strindex=STRING, filename_strindex=STRING
        ),
        Function(),
    ),
    link_table=table(st.builds(Link, trace_id=IDS, span_id=IDS), Link()),
    stack_table=table(st.builds(Stack, location_indices=st.lists(INDEX, max_size=4)), Stack()),
    attribute_table=table(
        st.builds(KeyValueAndUnit, key_strindex=STRING, value=any_values(1)), KeyValueAndUnit()
    ),
)


@st.composite
def samples(draw: st.DrawFn) -> Sample:
    """A sample of one of the shapes that OTLP allows."""
    times = draw(st.lists(UINT64, max_size=3))
    count = len(times) or 1
    values = st.lists(INT64, min_size=count, max_size=count)
    return Sample(
        stack_index=draw(INDEX),
        attribute_indices=draw(st.lists(INDEX, max_size=3, unique=True)),
        link_index=draw(INDEX),
        values=draw(st.one_of(st.just([]), values)),
        timestamps_unix_nano=times,
    )


PROFILES = st.builds(
    Profile,
    sample_type=st.builds(ValueType, type_strindex=STRING, unit_strindex=STRING),
    samples=st.lists(samples(), max_size=4),
    time_unix_nano=UINT64,
    duration_nano=UINT64,
    period=INT64,
    profile_id=IDS,
    attribute_indices=st.lists(INDEX, max_size=1),
)
PROFILE_REQUESTS = st.builds(
    ExportProfilesServiceRequest,
    dictionary=DICTIONARIES,
    resource_profiles=st.lists(
        st.builds(
            ResourceProfiles,
            resource=st.one_of(st.none(), RESOURCES),
            scope_profiles=st.lists(
                st.builds(
                    ScopeProfiles,
                    scope=st.one_of(st.none(), SCOPES),
                    profiles=st.lists(PROFILES, max_size=2),
                    schema_url=TEXT,
                ),
                max_size=2,
            ),
        ),
        max_size=2,
    ),
)
