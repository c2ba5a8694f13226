"""Values over JSON are those that the bytes hold."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from otx.otlp.any_value import MAX_MESSAGES, TooDeep, encode_any, encode_key_value, value_of
from otx.otlp.json_codec import read_message, write_message
from otx.otlp.json_values import (
    bytes_of_entry,
    bytes_of_json,
    entry_of,
    entry_of_bytes,
    json_of_bytes,
    json_of_value,
    valid_document,
    value_of_entry,
)
from tests.otlp.messages import any_values


@given(any_values())
def test_reading_gives_the_value_that_the_bytes_hold(value: AnyValue) -> None:
    message = KeyValue(key="k", value=value)
    entry, data = write_message(message), message.SerializeToString()
    assert repr(value_of_entry(entry)) == repr(value_of(data))
    assert bytes_of_entry(entry) == data
    assert repr(entry_of_bytes(data)) == repr(entry)
    assert bytes_of_json(entry["value"]) == value.SerializeToString()
    assert repr(json_of_bytes(value.SerializeToString())) == repr(entry["value"])


@given(any_values())
def test_writing_gives_what_the_bytes_of_the_value_give(value: AnyValue) -> None:
    plain = value_of(KeyValue(key="k", value=value).SerializeToString())
    expected = KeyValue.FromString(encode_key_value("k", plain))
    written = entry_of("k", plain)
    assert repr(written) == repr(write_message(expected))
    message = KeyValue()
    read_message(message, written, Counter())
    assert message.SerializeToString() == expected.SerializeToString()


def test_a_key_that_is_empty_is_left_out() -> None:
    assert entry_of("", None) == {"value": {}}
    assert entry_of_bytes(encode_key_value("", 1)) == {"value": {"intValue": "1"}}


def test_of_two_equal_keys_in_a_map_the_first_is_read_and_both_are_kept() -> None:
    value = {"kvlistValue": {"values": [entry_of("a", 1), entry_of("a", 2)]}}
    entry = {"key": "m", "value": value}
    assert value_of_entry(entry) == {"a": 1}
    assert entry_of_bytes(bytes_of_entry(entry)) == entry


def nested(levels: int, wrap: Any) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = wrap(value)
    return value


@pytest.mark.parametrize(
    ("wrap", "messages"), [(lambda inner: [inner], 2), (lambda inner: {"k": inner}, 3)]
)
def test_what_is_too_deep_for_bytes_is_too_deep_here(wrap: Any, messages: int) -> None:
    most = nested(MAX_MESSAGES // messages, wrap)
    json_of_value(most)
    encode_any(most)
    for encode in (json_of_value, encode_any):
        with pytest.raises(TooDeep):
            encode(wrap(most))


def test_what_has_no_form_in_otlp_is_refused() -> None:
    with pytest.raises(TypeError):
        json_of_value(object())  # type: ignore[arg-type]


def test_text_that_is_no_utf8_is_made_valid() -> None:
    document = {"a": ["x\udcff", {"b": "\udcc3\udca9"}, 1, None]}
    assert valid_document(document) == {"a": ["x\ufffd", {"b": "é"}, 1, None]}
