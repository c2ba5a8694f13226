"""A message over JSON is the message of the open view, and becomes it and comes of it unchanged."""

import copy
from collections import Counter
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from otx.model.signal import Signal
from otx.otlp.any_value import encode_key_value
from otx.otlp.json_normal import normalise
from otx.otlp.json_open import official_descriptor, read_open, write_open
from otx.otlp.json_view import JsonMessage, json_view
from otx.otlp.open_view import open_class
from tests.otlp.json_documents import documents

SIGNALS = st.sampled_from(list(Signal))


def view_of(signal: Signal, document: dict[str, Any]) -> Any:
    return json_view(signal)(normalise(document, official_descriptor(signal), Counter()))


def opened_of(signal: Signal, document: dict[str, Any]) -> Any:
    message = open_class(signal)()
    read_open(message, copy.deepcopy(document), official_descriptor(signal), Counter())
    return message


def text_of(document: Any) -> bytes:
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)


def assert_alike(view: Any, opened: Any) -> None:
    """Every field is the same, from one as from the other."""
    for field in opened.DESCRIPTOR.fields:
        mine, theirs = getattr(view, field.name), getattr(opened, field.name)
        if field.has_presence:
            assert view.HasField(field.name) == opened.HasField(field.name)
        if field.message_type is None:
            assert repr(list(mine) if field.is_repeated else mine) == repr(
                list(theirs) if field.is_repeated else theirs
            )
        elif field.is_repeated:
            assert len(mine) == len(theirs)
            for one, other in zip(mine, theirs, strict=True):
                assert_alike(one, other)
        elif opened.HasField(field.name):
            assert_alike(mine, theirs)
    for oneof in opened.DESCRIPTOR.oneofs:
        assert view.WhichOneof(oneof.name) == opened.WhichOneof(oneof.name)


@given(st.data(), SIGNALS)
def test_every_field_reads_as_in_the_open_view(data: st.DataObject, signal: Signal) -> None:
    document = data.draw(documents(signal, is_hostile=False))
    view = view_of(signal, document)
    assert_alike(view, opened_of(signal, view.fields))


@given(st.data(), SIGNALS)
def test_its_bytes_are_those_of_the_open_view(data: st.DataObject, signal: Signal) -> None:
    document = data.draw(documents(signal, is_hostile=False))
    view = view_of(signal, document)
    opened = opened_of(signal, view.fields)
    assert view.SerializeToString() == opened.SerializeToString()
    parsed = json_view(signal)()
    parsed.ParseFromString(opened.SerializeToString())
    assert text_of(parsed.fields) == text_of(write_open(opened, official_descriptor(signal)))


@given(st.data(), SIGNALS)
def test_a_copy_shares_nothing(data: st.DataObject, signal: Signal) -> None:
    view = view_of(signal, data.draw(documents(signal, is_hostile=False)))
    before = text_of(view.fields)
    copied = json_view(signal)()
    copied.CopyFrom(view)
    assert text_of(copied.fields) == before
    spoil(copied.fields)
    assert text_of(view.fields) == before


def spoil(value: Any) -> None:
    """Change everything that can be changed in place."""
    inner = list(value.values()) if isinstance(value, dict) else value
    if isinstance(inner, list):
        for one in inner:
            spoil(one)
        value.clear()


def span(**fields: Any) -> Any:
    document = {"resourceSpans": [{"scopeSpans": [{"spans": [fields]}]}]}
    return view_of(Signal.TRACES, document).resource_spans[0].scope_spans[0].spans[0]


def metric() -> Any:
    request: Any = json_view(Signal.METRICS)()
    return request.resource_metrics.add().scope_metrics.add().metrics.add()


def test_a_field_that_is_set_is_in_its_normal_form() -> None:
    one = span()
    one.name, one.trace_id, one.start_time_unix_nano, one.kind = b"a\xff", b"\xab", 5, 2
    assert one.fields == {
        "name": "a\udcff",
        "traceId": "ab",
        "startTimeUnixNano": "5",
        "kind": 2,
    }
    one.name, one.trace_id, one.start_time_unix_nano, one.kind = b"", b"", 0, 0
    assert one.fields == {}


def test_a_child_that_is_absent_comes_to_be_when_something_in_it_is_set() -> None:
    one = span()
    status = one.status
    assert (status.code, one.fields) == (0, {})
    status.code = 2
    one.status.message = b"m"
    assert one.fields == {"status": {"code": 2, "message": "m"}}


def test_two_looks_at_an_absent_child_are_looks_at_one() -> None:
    one = span()
    first, second = one.status, one.status
    first.code = 1
    second.message = b"m"
    assert one.fields == {"status": {"code": 1, "message": "m"}}


def test_of_a_oneof_one_field_is_set() -> None:
    point = metric().gauge.data_points.add(as_int=0)
    assert point.WhichOneof("value") == "as_int"
    assert point.fields == {"asInt": "0"}
    point.as_double = float("inf")
    assert point.fields == {"asDouble": "Infinity"}
    assert point.as_double == float("inf")


def test_data_takes_the_place_of_other_data() -> None:
    one = metric()
    one.gauge.data_points.add(as_int=1)
    one.sum.SetInParent()
    assert (one.WhichOneof("data"), one.fields) == ("sum", {"sum": {}})
    one.ClearField("sum")
    assert one.WhichOneof("data") is None


def test_optional_fields_have_presence() -> None:
    point = metric().histogram.data_points.add(sum=0.0)
    assert point.HasField("sum")
    assert not point.HasField("min")
    assert point.fields == {"sum": 0.0}


def test_text_that_is_no_utf8_survives_bytes() -> None:
    one = span()
    one.name = b"\xff"
    one.attributes.append(encode_key_value("k", ["\udcff"]))
    data = one.SerializeToString()
    back = type(one)()
    back.ParseFromString(data)
    assert isinstance(back, JsonMessage)
    assert back.fields == one.fields
