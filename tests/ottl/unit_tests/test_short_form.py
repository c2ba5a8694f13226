"""The short form of records: what it says, what it refuses and where."""

from typing import Any

import pytest

from otx.model.signal import Signal
from otx.ottl.record_state import states_of
from otx.ottl.unit_tests.record_state import Part, WrittenRecord, request_of
from otx.ottl.unit_tests.yaml_values import Unreadable

NORMALISED: list[tuple[str, Signal, dict[str, Any], dict[str, Any]]] = [
    ("words of enums", Signal.TRACES, {"kind": "server"}, {"kind": "SERVER"}),
    ("full names of enums", Signal.TRACES, {"kind": "SPAN_KIND_SERVER"}, {"kind": "SERVER"}),
    ("numbers of enums", Signal.LOGS, {"severity_number": 9}, {"severity_number": "INFO"}),
    ("unknown numbers of enums", Signal.LOGS, {"severity_number": 99}, {"severity_number": 99}),
    ("ids", Signal.TRACES, {"span_id": "EEE19B7EC3C1B174"}, {"span_id": "eee19b7ec3c1b174"}),
    ("defaults are nothing", Signal.TRACES, {"name": "", "flags": 0, "status": {}}, {}),
    (
        "attributes of every type",
        Signal.TRACES,
        {"attributes": {"a": 1, "b": 1.0, "c": True, "d": None, "e": b"x", "f": [1, {"g": "h"}]}},
        {"attributes": {"a": 1, "b": 1.0, "c": True, "d": None, "e": b"x", "f": [1, {"g": "h"}]}},
    ),
    ("a body that is a map", Signal.LOGS, {"body": {"a": {}}}, {"body": {"a": {}}}),
    ("an empty map as a body", Signal.LOGS, {"body": {}}, {"body": {}}),
    (
        "parts",
        Signal.TRACES,
        {"events": [{"name": "e", "attributes": {"a": 1}}, {}], "status": {"code": "ERROR"}},
        {"events": [{"name": "e", "attributes": {"a": 1}}, {}], "status": {"code": "ERROR"}},
    ),
    (
        "a number's type is that of the YAML",
        Signal.METRICS,
        {"type": "gauge", "data_points": [{"value": 1}, {"value": 1.0}]},
        {"type": "gauge", "data_points": [{"value": 1}, {"value": 1.0}]},
    ),
    (
        "the fields of a metric's type stand beside it",
        Signal.METRICS,
        {"name": "m", "type": "sum", "is_monotonic": True, "aggregation_temporality": "DELTA"},
        {"name": "m", "type": "sum", "is_monotonic": True, "aggregation_temporality": "DELTA"},
    ),
    (
        "doubles of fields may be written without a dot",
        Signal.METRICS,
        {"type": "histogram", "data_points": [{"sum": 5, "explicit_bounds": [1, 2.5]}]},
        {"type": "histogram", "data_points": [{"sum": 5.0, "explicit_bounds": [1.0, 2.5]}]},
    ),
    ("a metric's type alone", Signal.METRICS, {"type": "summary"}, {"type": "summary"}),
]

REFUSED: list[tuple[Signal, dict[str, Any], tuple[str | int, ...], str]] = [
    (Signal.TRACES, {"nmae": "x"}, ("nmae",), "there is no field 'nmae'"),
    (Signal.TRACES, {"name": True}, ("name",), "a text is wanted, not bool True"),
    (Signal.TRACES, {"kind": "SREVER"}, ("kind",), "'SREVER' is none of"),
    (Signal.TRACES, {"kind": None}, (), ""),
    (Signal.TRACES, {"span_id": "ee"}, ("span_id",), "an id of 8 bytes is wanted, not 1"),
    (Signal.TRACES, {"trace_id": "xyz"}, ("trace_id",), "'xyz' is no hex"),
    (Signal.TRACES, {"flags": -1}, ("flags",), "-1 does not fit: 0 to 4294967295 do"),
    (Signal.TRACES, {"attributes": []}, ("attributes",), "a map is wanted, not a list"),
    (Signal.TRACES, {"events": {}}, ("events",), "a list is wanted, not a map"),
    (Signal.TRACES, {"events": [{"x": 1}]}, ("events", 0, "x"), "there is no field 'x'"),
    (Signal.LOGS, {"body": 1 << 63}, ("body",), "9223372036854775808 does not fit"),
    (Signal.METRICS, {"type": "gague"}, ("type",), "'gague' is none of gauge, sum"),
    (Signal.METRICS, {"data_points": []}, ("data_points",), "data_points needs the metric's type"),
    (
        Signal.METRICS,
        {"type": "gauge", "is_monotonic": True},
        ("is_monotonic",),
        "there is no field 'is_monotonic'",
    ),
    (
        Signal.METRICS,
        {"type": "gauge", "data_points": [{"value": "1"}]},
        ("data_points", 0, "value"),
        "an int is wanted, not the text '1'",
    ),
    (
        Signal.METRICS,
        {"type": "sum", "is_monotonic": 1},
        ("is_monotonic",),
        "true or false is wanted, not int 1",
    ),
]


def read(signal: Signal, item: dict[str, Any]) -> dict[str, Any]:
    (state,) = states_of(signal, request_of(signal, [WrittenRecord(Part(item))]))
    short: dict[str, Any] = state.short[state.word]
    return short


@pytest.mark.parametrize(
    ("signal", "written", "said"),
    [case[1:] for case in NORMALISED],
    ids=[case[0] for case in NORMALISED],
)
def test_a_record_says_what_is_written(
    signal: Signal, written: dict[str, Any], said: dict[str, Any]
) -> None:
    assert read(signal, written) == said
    assert read(signal, said) == said


@pytest.mark.parametrize(("signal", "written", "path", "message"), REFUSED)
def test_what_cannot_be_is_refused_at_its_place(
    signal: Signal, written: dict[str, Any], path: tuple[str | int, ...], message: str
) -> None:
    if not message:
        assert read(signal, written) == {}
        return
    with pytest.raises(Unreadable) as refused:
        read(signal, written)
    assert refused.value.path == path
    assert message in str(refused.value)


def test_what_yaml_took_for_something_else_is_to_be_quoted() -> None:
    with pytest.raises(Unreadable) as refused:
        read(Signal.TRACES, {"name": 12})
    assert refused.value.hint == "quoted, it is a text"
