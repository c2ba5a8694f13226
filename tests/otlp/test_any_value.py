"""Values by hand are what the official messages make of them."""

from typing import Any

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from otx.otlp.any_value import (
    MAX_DEPTH,
    decode_any,
    encode_any,
    encode_key_value,
    key_of,
    value_of,
)
from tests.otlp.messages import any_values

KEYS = st.one_of(st.text(max_size=6), st.text(min_size=120, max_size=140))
VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(1 << 63), (1 << 63) - 1),
        st.floats(allow_nan=False),
        st.text(max_size=5),
        st.text(min_size=110, max_size=140),
        st.binary(max_size=5),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=5,
)


def plain(value: AnyValue) -> Any:
    """An official AnyValue as the plain value that it stands for."""
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [plain(one) for one in value.array_value.values]
    if kind == "kvlist_value":
        return {one.key: plain(one.value) for one in value.kvlist_value.values}
    return getattr(value, kind) if kind else None


@given(VALUES)
def test_what_is_encoded_is_what_the_official_messages_read(value: Any) -> None:
    data = encode_any(value)
    assert plain(AnyValue.FromString(data)) == value
    assert decode_any(data) == value


@given(any_values())
def test_what_the_official_messages_write_is_decoded(value: AnyValue) -> None:
    decoded = decode_any(value.SerializeToString())
    assert repr(decoded) == repr(plain(value))


@given(KEYS, VALUES)
def test_a_key_and_a_value_are_found_in_either_order(key: str, value: Any) -> None:
    data = encode_key_value(key, value)
    official = KeyValue.FromString(data)
    assert official.key == key
    assert plain(official.value) == value
    inner = KeyValue(value=official.value).SerializeToString()
    turned = inner + KeyValue(key=key).SerializeToString()
    for written in (data, turned):
        assert key_of(written) == key
        assert value_of(written) == value


@given(st.binary(max_size=40))
def test_what_the_official_messages_read_is_read_alike(data: bytes) -> None:
    try:
        official = AnyValue.FromString(data)
    except DecodeError:
        return
    decoded = decode_any(data)
    if official.WhichOneof("value") in ("string_value", "bool_value", "double_value"):
        assert repr(decoded) == repr(plain(official))


def test_unknown_fields_are_passed_over_whatever_their_type() -> None:
    group = b"\xa3\x06" + b"\x0a\x01x" + b"\xab\x06\xac\x06" + b"\xa4\x06"
    for unknown in (group, b"\x20\x01", b"\x0d\x00\x00\x00\x00", b"\x12\x01x"):
        assert AnyValue.FromString(b"\x0a\x01a" + unknown).string_value == "a"
        assert decode_any(b"\x0a\x01a" + unknown) == "a"


def test_text_that_is_no_utf_8_comes_back_byte_for_byte() -> None:
    data = b"\x0a\x03a\xffb"
    assert decode_any(data) == "a\udcffb"
    assert encode_any("a\udcffb") == data


def test_what_is_nested_too_deep_is_refused() -> None:
    value: Any = 1
    for _ in range(MAX_DEPTH + 1):
        value = [value]
    with pytest.raises(ValueError, match="nested deeper"):
        decode_any(encode_any(value))


def test_the_last_of_two_values_counts_and_the_first_of_two_equal_keys() -> None:
    assert decode_any(b"\x18\x01\x0a\x01x") == "x"
    entries = [encode_key_value("a", number) for number in (1, 2)]
    twice = b"".join(b"\x0a" + bytes((len(one),)) + one for one in entries)
    assert decode_any(b"\x32" + bytes((len(twice),)) + twice) == {"a": 1}


@pytest.mark.parametrize("data", [b"\x0a\x05ab", b"\x18", b"\x18" + b"\xff" * 11, b"\x0b", b"\x0c"])
def test_what_is_malformed_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"truncated|longer|never began"):
        decode_any(data)


def test_what_has_no_otlp_form_is_refused() -> None:
    with pytest.raises(TypeError, match="has no OTLP form"):
        encode_any(object())  # type: ignore[arg-type]  # what is tested
