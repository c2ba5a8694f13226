"""The dictionary of profiles, and attributes that lie in it."""

from typing import Any

import pytest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList

from otx.model.signal import Signal
from otx.otlp.any_value import encode_any
from otx.otlp.open_view import open_class
from otx.ottl.batch import Batch
from otx.ottl.errors import ExecutionError
from otx.ottl.profile_dictionary import Dictionary, ProfileAttributes


@pytest.fixture
def request_message() -> Any:
    """A request with one profile and a dictionary."""
    message: Any = open_class(Signal.PROFILES)()
    dictionary = message.dictionary
    dictionary.string_table.extend([b"", b"k", b"ns", b"m", b"\xff"])
    dictionary.attribute_table.add()
    dictionary.attribute_table.add(key_strindex=1, value=encode_any("v"))
    dictionary.attribute_table.add(key_strindex=3, value=encode_any({"a": 1}), unit_strindex=2)
    profile = message.resource_profiles.add().scope_profiles.add().profiles.add()
    profile.attribute_indices.extend([1, 2])
    return message


@pytest.fixture
def profile(request_message: Any) -> Any:
    """The profile."""
    return request_message.resource_profiles[0].scope_profiles[0].profiles[0]


@pytest.fixture
def dictionary(request_message: Any) -> Dictionary:
    """The dictionary."""
    return Dictionary(request_message.dictionary)


def test_texts_are_found_or_appended(dictionary: Dictionary, request_message: Any) -> None:
    assert [dictionary.index_of(text) for text in ("k", "new", "new", "\udcff")] == [1, 5, 5, 4]
    assert list(request_message.dictionary.string_table)[5:] == [b"new"]
    assert dictionary.text(5) == "new"


@pytest.mark.parametrize("index", [-1, 5])
def test_an_index_that_leads_nowhere(dictionary: Dictionary, index: int) -> None:
    with pytest.raises(ExecutionError, match=f"string {index} is not in the dictionary"):
        dictionary.text(index)
    with pytest.raises(ExecutionError, match=f"attribute {index} is not in the dictionary"):
        dictionary.attribute(index)


def test_attributes_are_found_by_key_value_and_unit(dictionary: Dictionary) -> None:
    assert dictionary.index_of_attribute("k", "v") == 1
    # One with a unit is another one.
    assert dictionary.index_of_attribute("m", {"a": 1}) == 3
    assert dictionary.index_of_attribute("m", {"a": 1}) == 3
    assert dictionary.index_of_attribute("k", 1) == 4


def test_a_map_of_attributes(profile: Any, dictionary: Dictionary) -> None:
    found = ProfileAttributes(profile, dictionary)
    assert dict(found) == {"k": "v", "m": {"a": 1}}
    assert ("k" in found, "x" in found, len(found)) == (True, False, 2)
    found.flush()
    assert list(profile.attribute_indices) == [1, 2]


def test_only_what_changed_gets_another_entry(profile: Any, dictionary: Dictionary) -> None:
    found = ProfileAttributes(profile, dictionary)
    found["k"] = "w"
    found["new"] = None
    del found["m"]
    found.flush()
    assert list(profile.attribute_indices) == [3, 4]
    assert dict(ProfileAttributes(profile, dictionary)) == {"k": "w", "new": None}


def test_a_value_changed_in_place_is_announced(profile: Any, dictionary: Dictionary) -> None:
    found = ProfileAttributes(profile, dictionary)
    found.touch("m")
    found["m"]["b"] = 2
    found.flush()
    assert list(profile.attribute_indices) == [1, 3]
    assert ProfileAttributes(profile, dictionary)["m"] == {"a": 1, "b": 2}


def test_a_unit_is_kept_with_an_attribute_that_stays(profile: Any, dictionary: Dictionary) -> None:
    found = ProfileAttributes(profile, dictionary)
    found.keep({"m"})
    found.flush()
    assert list(profile.attribute_indices) == [2]
    found.clear()
    found.flush()
    assert not profile.attribute_indices


def test_of_two_with_one_key_the_last_counts(profile: Any, dictionary: Dictionary) -> None:
    profile.attribute_indices.append(dictionary.index_of_attribute("k", "last"))
    assert dict(ProfileAttributes(profile, dictionary)) == {"k": "last", "m": {"a": 1}}


def reference(index: int) -> AnyValue:
    return AnyValue(string_value_strindex=index)


@pytest.mark.parametrize(
    ("entry", "wanted"),
    [
        (KeyValue(key_strindex=1, value=reference(3)), {"k": "m"}),
        (KeyValue(key="own", value=reference(3)), {"own": "m"}),
        (KeyValue(key_strindex=1, value=AnyValue(int_value=5)), {"k": 5}),
        (
            KeyValue(
                key="list",
                value=AnyValue(array_value=ArrayValue(values=[reference(1), reference(3)])),
            ),
            {"list": ["k", "m"]},
        ),
        (
            KeyValue(
                key="map",
                value=AnyValue(
                    kvlist_value=KeyValueList(
                        values=[
                            KeyValue(key_strindex=1, value=reference(3)),
                            KeyValue(key_strindex=3, value=reference(1)),
                        ]
                    )
                ),
            ),
            {"map": {"k": "m", "m": "k"}},
        ),
        (KeyValue(key="bad", value=reference(99)), {"bad": ""}),
        (KeyValue(key="plain", value=AnyValue(string_value="x")), {"plain": "x"}),
    ],
)
def test_references_from_outside_are_resolved(
    request_message: Any, entry: KeyValue, wanted: dict[str, Any]
) -> None:
    group = request_message.resource_profiles[0]
    group.resource.attributes.append(entry.SerializeToString())
    group.scope_profiles[0].scope.attributes.append(entry.SerializeToString())
    batch = Batch(Signal.PROFILES, request_message.SerializeToString())
    assert dict(batch.resources[0].attributes) == wanted
    assert dict(batch.resources[0].scopes[0].attributes) == wanted


def test_a_text_that_is_no_utf8_is_left_alone(request_message: Any) -> None:
    data = b"\x0a\x01\xff\x12\x00"
    request_message.resource_profiles[0].resource.attributes.append(data)
    batch = Batch(Signal.PROFILES, request_message.SerializeToString())
    assert list(batch.resources[0].item.attributes) == [data]
