"""OTLP profiles, both ways, and by the rules of the profiles' checker."""

import json

import pytest
from hypothesis import given
from opentelemetry.proto.collector.profiles.v1development.profiles_service_pb2 import (
    ExportProfilesServiceRequest,
)

from otx.model.profile import CPU, SAMPLES, Label, Profile, StackSample
from otx.otlp.profile_rules import broken_rules
from otx.otlp.sample_columns import sample_columns
from otx.profile.formats import otlp_read
from otx.profile.formats.opening import open_profile
from otx.profile.formats.otlp_write import otlp_request, write_otlp, write_otlp_json
from tests.profile.formats.profiles import EXAMPLE, SHOP, content, deep, profiles

TRACE, SPAN = "5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174"


def opened(data: bytes) -> Profile:
    warnings: list[str] = []
    profile = open_profile(data, "x", warnings.append).profile
    assert warnings == []
    return profile


@given(profiles())
def test_what_is_written_is_read(profile: Profile) -> None:
    assert content(opened(write_otlp(profile))) == content(profile)
    assert content(opened(write_otlp_json(profile).encode())) == content(profile)


@given(profiles(times=True))
def test_times_are_kept(profile: Profile) -> None:
    read = opened(write_otlp(profile))
    assert content(read) == content(profile)
    assert (read.time_unix_nano, read.duration_ns) == (profile.time_unix_nano, profile.duration_ns)


@given(profiles(), profiles(times=True))
def test_no_rule_is_broken(one: Profile, other: Profile) -> None:
    for profile in (one, other):
        request = otlp_request(profile)
        assert [it for it in broken_rules(request) if it.rule != "sample identity"] == []


def test_each_type_is_a_profile_and_the_shown_one_is_first() -> None:
    request = otlp_request(Profile(EXAMPLE.value_types, EXAMPLE.samples, shown=1))
    (group,) = request.resource_profiles
    texts = request.dictionary.string_table
    types = [texts[it.sample_type.type_strindex] for it in group.scope_profiles[0].profiles]
    assert types == ["cpu", "samples"]


def test_a_process_is_a_resource_and_a_span_a_link() -> None:
    labels = (Label("process.pid", 7), Label("trace_id", TRACE), Label("span_id", SPAN))
    request = otlp_request(Profile((SAMPLES,), [StackSample((SHOP,), (1,), labels)]))
    (group,) = request.resource_profiles
    said = {it.key: it.value for it in group.resource.attributes}
    assert said["process.pid"].int_value == 7
    assert said["process.executable.name"].string_value == "shop"
    link = request.dictionary.link_table[1]
    assert (link.trace_id.hex(), link.span_id.hex()) == (TRACE, SPAN)


def test_the_store_reads_what_is_written() -> None:
    table = sample_columns([write_otlp(EXAMPLE)], [1]).rows
    rows = table.select(["comm", "event", "value", "stack"]).to_pylist()
    assert {(row["comm"], row["event"], row["value"]) for row in rows} == {
        ("shop", "samples", 3),
        ("shop", "samples", 1),
        ("shop", "cpu", 30),
        ("shop", "cpu", 10),
    }
    assert ["<module> (shop.py)", "std::sort"] in [row["stack"] for row in rows]


def test_json_has_ids_in_hex_and_names_in_camel_case() -> None:
    labels = (Label("trace_id", TRACE), Label("span_id", SPAN))
    document = json.loads(
        write_otlp_json(Profile((SAMPLES,), [StackSample((SHOP,), (1,), labels)]))
    )
    assert document["dictionary"]["linkTable"][1] == {"traceId": TRACE, "spanId": SPAN}


def test_a_dictionary_before_its_profiles_is_read() -> None:
    request = otlp_request(EXAMPLE)
    first = ExportProfilesServiceRequest(dictionary=request.dictionary)
    second = ExportProfilesServiceRequest(resource_profiles=request.resource_profiles)
    data = first.SerializeToString() + second.SerializeToString()
    assert content(opened(data)) == content(EXAMPLE)


def test_lines_of_requests_are_put_together() -> None:
    text = write_otlp_json(EXAMPLE)
    read = opened((text + text).encode())
    assert read.total == 2 * EXAMPLE.total


@pytest.mark.parametrize("data", [write_otlp, lambda it: write_otlp_json(it).encode()])
def test_a_recursion_of_100_000_calls_goes_through(data: object) -> None:
    profile = Profile((SAMPLES, CPU), [StackSample(deep(100_000), (1, 2))])
    assert callable(data)
    assert content(opened(data(profile))) == content(profile)


def test_what_is_too_large_to_be_checked_is_read_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(otlp_read, "_MOST_CHECKED", 3)
    warnings: list[str] = []
    profile = open_profile(write_otlp(EXAMPLE), "x", warnings.append).profile
    assert content(profile) == content(EXAMPLE)
    assert warnings == ["x: too large for OTLP's rules to be checked"]


def test_the_first_breaches_are_told_and_the_rest_counted() -> None:
    request = otlp_request(EXAMPLE)
    request.dictionary.string_table.extend(["unused", "unused", "also unused"])
    warnings: list[str] = []
    assert open_profile(request.SerializeToString(), "x", warnings.append).profile.total == 4
    assert len(warnings) == 4
    assert warnings[0].endswith(" (duplicate)")
    assert warnings[3] == "x: 1 more breaches of OTLP's rules for profiles"


@pytest.mark.parametrize("time_ns", [-5, 1 << 70])
def test_times_no_message_can_say_become_the_nearest(time_ns: int) -> None:
    profile = Profile((SAMPLES,), [StackSample((SHOP,), (1,), (), time_ns)], 0, 5, time_ns)
    assert opened_loosely(write_otlp(profile)).total == 1


def opened_loosely(data: bytes) -> Profile:
    return open_profile(data, "x", lambda text: None).profile
