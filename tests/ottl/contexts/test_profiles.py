"""Paths of profiles and their samples."""

from typing import Any

import pytest

from otx.ottl.values import Opaque, ProfileId, Time
from tests.ottl.documents import (
    Document,
    after,
    assert_same,
    document,
    items,
    refusal,
    value_of,
    with_,
)

PROFILE = {
    "profileId": "0102030405060708090a0b0c0d0e0f10",
    "timeUnixNano": "100",
    "durationNano": "5",
    "period": "7",
    "sampleType": {"typeStrindex": 1, "unitStrindex": 2},
    "periodType": {"typeStrindex": 1},
    "droppedAttributesCount": 2,
    "originalPayloadFormat": "pprof",
    "originalPayload": "AQL/",
    "attributeIndices": [1, 2],
    "samples": [
        {
            "stackIndex": 1,
            "values": ["1", "-2"],
            "attributeIndices": [1],
            "timestampsUnixNano": ["5", "6"],
            "linkIndex": 1,
        },
        {"values": ["3"]},
    ],
}
DICTIONARY = {
    "stringTable": ["", "cpu", "ns", "k", "m"],
    "attributeTable": [
        {},
        {"keyStrindex": 3, "value": {"stringValue": "v"}},
        {"keyStrindex": 4, "value": {"intValue": "1"}, "unitStrindex": 2},
    ],
}
WHOLE = document("Profiles", PROFILE, dictionary=DICTIONARY)


def changed(context: str, *statements: str) -> Document:
    (found,) = items(after(WHOLE, context, statements))
    return found


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("profile_id", ProfileId(bytes(range(1, 17)))),
        ("profile_id.string", "0102030405060708090a0b0c0d0e0f10"),
        ("time_unix_nano", 100),
        ("time", Time(100)),
        ("duration_unix_nano", 5),
        ("duration", 5),
        ("period", 7),
        ("sample_type.type", "cpu"),
        ("sample_type.unit", "ns"),
        ("period_type.type", "cpu"),
        ("period_type.unit", ""),
        ("attribute_indices", [1, 2]),
        ('attributes["k"]', "v"),
        ('attributes["m"]', 1),
        ('attributes["none"]', None),
        ("Len(attributes)", 2),
        ("dropped_attributes_count", 2),
        ("original_payload_format", "pprof"),
        ("original_payload", b"\x01\x02\xff"),
        ("Len(sample)", 2),
        ('resource.attributes["service"]', "shop"),
        ("scope.name", "scope"),
    ],
)
def test_a_profile_is_read(path: str, value: Any) -> None:
    assert value_of(WHOLE, "profile", path) == value


@pytest.mark.parametrize(
    ("statement", "changes"),
    [
        (
            'set(profile_id.string, "ff000000000000000000000000000000")',
            {"profileId": "ff" + "0" * 30},
        ),
        ("set(time_unix_nano, 1)", {"timeUnixNano": "1"}),
        ("set(duration, 9)", {"durationNano": "9"}),
        ("set(duration_unix_nano, 9)", {"durationNano": "9"}),
        ("set(period, -1)", {"period": "-1"}),
        ('set(sample_type.type, "ns")', {"sampleType": {"typeStrindex": 2, "unitStrindex": 2}}),
        ("set(period_type, sample_type)", {"periodType": PROFILE["sampleType"]}),
        ("clear(sample_type)", {"sampleType": {}}),
        ("set(attribute_indices, [2])", {"attributeIndices": [2]}),
        ("set(attribute_indices, nil)", {"attributeIndices": None}),
        ("set(attributes, nil)", {"attributeIndices": None}),
        ('delete_key(attributes, "k")', {"attributeIndices": [2]}),
        ("set(dropped_attributes_count, 0)", {"droppedAttributesCount": None}),
        ('set(original_payload_format, "jfr")', {"originalPayloadFormat": "jfr"}),
        ("set(original_payload, 0x00)", {"originalPayload": "AA=="}),
        ("set(sample, nil)", {"samples": None}),
        ("set(sample, sample)", {}),
    ],
)
def test_a_profile_is_written(statement: str, changes: Document) -> None:
    assert_same(changed("profile", statement), with_(PROFILE, **changes))


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("set(duration, -1)", "a duration cannot be negative"),
        ("set(duration, 1.0)", "takes an int, not double"),
        ("set(profile_id, nil)", "profile_id cannot be nil"),
        ('set(profile_id.string, "ff")', "no hex text of 16 bytes"),
        ('set(profile_id.string, "00000000000000000000000000000000")', "cannot be zero"),
        ("set(sample_type, 1)", "sample_type takes a value type, not int"),
        ("set(sample_type.type, 1)", "sample_type.type takes a string, not int"),
        ('set(original_payload, "x")', "original_payload takes bytes, not string"),
        ("set(attribute_indices, [1.0])", "one holds double"),
        ("set(attributes, 1)", "attributes takes a map, not int"),
        ("set(sample, [])", "profile.sample takes a list of samples"),
    ],
)
def test_what_does_not_fit_is_refused(statement: str, why: str) -> None:
    found = refusal(WHOLE, "profile", statement)
    assert found.startswith("execute: ")
    assert why in found


def test_both_views_of_attributes_show_the_same() -> None:
    texts = [
        'set(attributes["n"], "v")',
        "set(attribute_indices, attribute_indices)",
        'set(attributes["copied"], attribute_indices)',
        "set(attribute_indices, [1])",
        'set(attributes["after"], attributes["n"])',
    ]
    found = items(after(WHOLE, "profile", texts))[0]["attributeIndices"]
    assert len(found) == 2
    assert found[0] == 1


def test_an_index_that_leads_nowhere_is_an_error() -> None:
    whole = document("Profiles", {"attributeIndices": [9], "sampleType": {"typeStrindex": 9}})
    for path in ('attributes["k"]', "sample_type.type"):
        found = refusal(whole, "profile", f"set(original_payload_format, {path})")
        assert "is not in the dictionary" in found


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("values", [1, -2]),
        ("attribute_indices", [1]),
        ('attributes["k"]', "v"),
        ("link_index", 1),
        ("timestamps_unix_nano", [5, 6]),
        ("timestamps", Opaque("list of times", (5, 6))),
        ("profile.period", 7),
        ("scope.name", "scope"),
    ],
)
def test_a_sample_is_read(path: str, value: Any) -> None:
    assert value_of(WHOLE, "profilesample", path) == value


def test_samples_are_written() -> None:
    first, second = changed(
        "profilesample",
        'set(attributes["n"], profile.sample_type.unit)',
        "set(values, [7]) where link_index == 1",
        "set(link_index, 2)",
        "set(timestamps, timestamps)",
        "append(timestamps_unix_nano, -1)",
    )["samples"]
    assert first["values"] == ["7"]
    assert first["linkIndex"] == second["linkIndex"] == 2
    assert first["timestampsUnixNano"] == ["5", "6", str((1 << 64) - 1)]
    # Both samples have the one attribute that was added to the dictionary.
    assert first["attributeIndices"] == [1, 3]
    assert second["attributeIndices"] == [3]


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("set(link_index, 2147483647)", "too large for a link_index"),
        ("set(timestamps, [1])", "timestamps takes a list of times, not list"),
        ("set(values, 1)", "values takes a list of int, not int"),
    ],
)
def test_what_does_not_fit_a_sample_is_refused(statement: str, why: str) -> None:
    assert why in refusal(WHOLE, "profilesample", statement)
