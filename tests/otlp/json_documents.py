"""Random OTLP/JSON requests of each signal: as senders write them, and as none should."""

from functools import cache
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from hypothesis import strategies as st

from otx.model.signal import Signal
from otx.otlp.json_codec import write_message
from otx.otlp.json_open import official_descriptor
from tests.otlp.messages import any_values

_F = FieldDescriptor
_HEX = ("trace_id", "span_id", "parent_span_id", "profile_id")
_TEXTS = st.sampled_from(
    ["", "a", "b", "service.name", "/7/x", "é€", "x" * 70, "1", '{"user":"u"}']
)
_UNKNOWN: st.SearchStrategy[Any] = st.sampled_from([None, 1, "x", [], {}, [None], True])
_REPEATED_MOST = 3


@st.composite
def documents(draw: st.DrawFn, signal: Signal, *, is_hostile: bool) -> dict[str, Any]:
    """A request that has records."""
    official = official_descriptor(signal)
    (outer, *_) = official.fields
    groups = draw(
        st.lists(_messages(outer.message_type, is_hostile), min_size=1, max_size=2)
        if not is_hostile
        else st.lists(_messages(outer.message_type, is_hostile), max_size=2)
    )
    document = draw(_messages(official, is_hostile)) if is_hostile else {}
    return {**document, outer.json_name: groups}


@cache
def _messages(descriptor: Descriptor, is_hostile: bool) -> st.SearchStrategy[Any]:
    if descriptor.name == "AnyValue":
        plain = any_values().map(write_message)
        return st.one_of(plain, _ODD_VALUES) if is_hostile else plain
    if descriptor.name == "KeyValue":
        entry = st.fixed_dictionaries(
            {"key": _TEXTS, "value": _messages(descriptor.fields[1].message_type, is_hostile)}
        )
        return st.one_of(entry, _ODD_ENTRIES) if is_hostile else entry
    return _dictionaries(descriptor, is_hostile)


@st.composite
def _dictionaries(draw: st.DrawFn, descriptor: Descriptor, is_hostile: bool) -> dict[str, Any]:
    document: dict[str, Any] = {}
    chosen: set[str] = set()
    for field in draw(st.permutations(list(descriptor.fields))):
        is_inner = field.message_type is not None
        if not draw(st.booleans() if not is_inner else st.sampled_from([True, True, False])):
            continue
        oneof = field.containing_oneof
        if oneof is not None and len(oneof.fields) > 1:
            if oneof.name in chosen and not (is_hostile and draw(st.integers(0, 9)) == 0):
                continue
            chosen.add(oneof.name)
        document[field.json_name] = draw(_contents(field, is_hostile))
        if is_hostile and draw(st.integers(0, 9)) == 0:
            document[draw(st.sampled_from([field.name, "unknown", "a_b"]))] = draw(_UNKNOWN)
    return document


def _contents(field: FieldDescriptor, is_hostile: bool) -> st.SearchStrategy[Any]:
    inner = field.message_type
    one = _scalars(field, is_hostile) if inner is None else _messages(inner, is_hostile)
    whole = st.lists(one, max_size=_REPEATED_MOST) if field.is_repeated else one
    return _mostly(whole, _UNKNOWN) if is_hostile else whole


def _mostly(usual: st.SearchStrategy[Any], odd: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.integers(0, 29).flatmap(lambda roll: odd if roll == 0 else usual)


def _scalars(field: FieldDescriptor, is_hostile: bool) -> st.SearchStrategy[Any]:
    """Values of a scalar, in the spellings that readers take."""
    if field.enum_type is not None:
        numbers = st.integers(0, 5)
        names = st.sampled_from([one.name for one in field.enum_type.values] + ["3", "NONE", "-1"])
        return st.one_of(numbers, names) if is_hostile else numbers
    if field.type == _F.TYPE_STRING:
        return _mostly(_TEXTS, st.just(5)) if is_hostile else _TEXTS
    if field.type == _F.TYPE_BOOL:
        return _mostly(st.booleans(), st.sampled_from([0, "true"])) if is_hostile else st.booleans()
    if field.type == _F.TYPE_BYTES:
        if field.name in _HEX:
            ids = st.binary(max_size=16).map(bytes.hex)
            return st.one_of(ids, ids.map(str.upper), _ODD_HEX) if is_hostile else ids
        return st.sampled_from(["", "AA==", "AA", "_-8=", "+/8="])
    if field.type in (_F.TYPE_DOUBLE, _F.TYPE_FLOAT):
        return _ODD_DOUBLES if is_hostile else st.floats(allow_nan=False, allow_infinity=False)
    return _integers(field, is_hostile)


def _integers(field: FieldDescriptor, is_hostile: bool) -> st.SearchStrategy[Any]:
    is_signed = field.type in (_F.TYPE_INT32, _F.TYPE_SINT32, _F.TYPE_INT64, _F.TYPE_SFIXED64)
    bits = 64 if field.type in _OF_64_BITS else 32
    most = (1 << (bits - 1 if is_signed else bits)) - 1
    least = -most - 1 if is_signed else 0
    numbers = st.one_of(st.integers(0, 9), st.integers(least, most), st.sampled_from([least, most]))
    usual = numbers.map(str) if bits == 64 else numbers
    if not is_hostile:
        return usual
    return st.one_of(usual, _mostly(st.one_of(numbers, numbers.map(str)), _ODD_INTEGERS))


_OF_64_BITS = (_F.TYPE_INT64, _F.TYPE_UINT64, _F.TYPE_FIXED64, _F.TYPE_SFIXED64, _F.TYPE_SINT64)
_ODD_INTEGERS = st.sampled_from(
    ["007", "-0", "", "1_0", " 1", "٣", "1e3", 1.0, 1.5, True, str(1 << 64), -1, "²", "9" * 19]
)
_ODD_HEX = st.sampled_from(["", "0", "zz", "AB cd", "ab cd", "é", "0aF0"])
_ODD_DOUBLES = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([0, 1, -0.0, "1.5", "NaN", "Infinity", "-Infinity", "x", " 1", True, "1_0"]),
)
_ODD_VALUES: st.SearchStrategy[Any] = st.sampled_from(
    [
        {},
        None,
        [],
        ["stringValue"],
        "stringValue",
        7,
        {"stringValue": ""},
        {"stringValue": 5},
        {"stringValue": None},
        {"stringValue": "x", "unknown": 1},
        {"stringValue": "x", "intValue": None},
        {"stringValue": "x", "intValue": "1"},
        {"string_value": "x"},
        {"unknown": "x"},
        {"intValue": 7},
        {"intValue": "007"},
        {"intValue": "-0"},
        {"intValue": "0"},
        {"intValue": "-5"},
        {"intValue": "²"},
        {"intValue": 9223372036854775807},
        {"intValue": "9223372036854775808"},
        {"intValue": True},
        {"boolValue": False},
        {"boolValue": 1},
        {"doubleValue": 1},
        {"doubleValue": -0.0},
        {"doubleValue": "NaN"},
        {"doubleValue": "Infinity"},
        {"doubleValue": "2.5"},
        {"bytesValue": "_-8"},
        {"bytesValue": ""},
        {"bytesValue": "*"},
        {"arrayValue": {}},
        {"arrayValue": {"values": []}},
        {"arrayValue": {"values": [{"intValue": 1}, {}, {"arrayValue": None}]}},
        {"arrayValue": {"values": [None]}},
        {"kvlistValue": {"values": [{"key": "a"}, {"key": "a", "value": {"intValue": 2}}]}},
        {"kvlistValue": []},
    ]
)
_ODD_ENTRIES: st.SearchStrategy[Any] = st.sampled_from(
    [
        {},
        None,
        5,
        [],
        "key",
        {"key": "a"},
        {"key": None, "value": {"stringValue": "x"}},
        {"key": 5, "value": {"stringValue": "x"}},
        {"value": {"stringValue": "no key"}},
        {"key": "", "value": {"boolValue": True}},
        {"key": "a", "value": None},
        {"key": "a", "value": {"stringValue": "x"}, "more": 1},
        {"value": {"intValue": "3"}, "key": "a"},
        {"Key": "a", "value": {"intValue": "3"}},
    ]
)
