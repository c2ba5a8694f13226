"""Records by path, and where two states of one differ."""

import json
import math

from otx.model.signal import Signal
from otx.otlp.decode import decode_request
from otx.ottl.batch import Batch
from otx.ottl.changes import Change, Flat, changes, flat, is_same, state_changes
from otx.ottl.record_state import states_of
from tests.ottl.documents import Document, attributes, document


def body_of(signal: Signal, whole: Document) -> bytes:
    return decode_request(signal, json.dumps(whole).encode(), "json").body


def log(**fields: object) -> bytes:
    """A log record alone, of a resource with a schema."""
    scopes = [{"scope": {"name": "shop"}, "logRecords": [fields]}]
    resource = {"resource": {}, "schemaUrl": "http://schema", "scopeLogs": scopes}
    return body_of(Signal.LOGS, {"resourceLogs": [resource]})


def only(body: bytes, signal: Signal = Signal.LOGS) -> Flat:
    (state,) = states_of(signal, body, "stored")
    return flat(state.short)


def test_fields_are_named_by_path_down_to_the_leaves() -> None:
    value = {"kvlistValue": {"values": [{"key": "c", "value": {"intValue": "1"}}]}}
    found = only(
        log(
            severityText="INFO",
            severityNumber=9,
            body={"stringValue": "hello"},
            traceId="4bf92f3577b34da6a3ce929d0e0e4736",
            attributes=[{"key": "a.b", "value": value}, {"key": "e", "value": {}}],
        )
    )
    assert found == {
        "log.severity_number": 9,
        "log.severity_text": "INFO",
        "log.body": "hello",
        'log.attributes["a.b"]["c"]': 1,
        'log.attributes["e"]': None,
        "log.trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
        "resource.schema_url": "http://schema",
        "scope.name": "shop",
    }


def test_parts_of_records_go_by_the_names_of_their_contexts() -> None:
    exemplar = {"asInt": "3", "timeUnixNano": "1"}
    points = [
        {"asInt": "1", "attributes": attributes(k="v")},
        {"asDouble": 2, "exemplars": [exemplar]},
    ]
    found = only(
        body_of(
            Signal.METRICS, document("Metrics", {"name": "m", "gauge": {"dataPoints": points}})
        ),
        Signal.METRICS,
    )
    assert found == {
        "metric.name": "m",
        "metric.type": 1,
        "datapoint[0].value_int": 1,
        'datapoint[0].attributes["k"]': "v",
        "datapoint[1].value_double": 2.0,
        "datapoint[1].exemplar[0].time_unix_nano": 1,
        "datapoint[1].exemplar[0].int_value": 3,
        'resource.attributes["service"]': "shop",
        "scope.name": "scope",
    }


def test_text_that_is_no_utf_8_is_read_all_the_same() -> None:
    batch = Batch(Signal.LOGS, log(body={"stringValue": "x"}))
    record = next(batch.items())
    record.item.severity_text = b"\xff"
    assert only(batch.close())["log.severity_text"] == "\udcff"


def test_a_key_that_occurs_twice_is_told_twice_and_its_first_entry_counts() -> None:
    twice = [*attributes(k=1), *attributes(k=2), *attributes(k=3)]
    before = log(attributes=twice)
    (old,) = states_of(Signal.LOGS, before, "stored")
    (new,) = states_of(Signal.LOGS, log(attributes=twice[1:]), "stored")
    assert state_changes(old, new) == [
        Change("~", 'log.attributes["k"]', 1, 2),
        Change("~", 'log.attributes["k"] (entry 2)', 2, 3),
        Change("-", 'log.attributes["k"] (entry 3)', before=3),
    ]


def test_changes_are_told_in_order_with_their_signs() -> None:
    before = {"a": 1, "b": 2, "c": 3}
    after = {"a": 1.0, "c": 3, "d": True}
    assert changes(before, after) == [
        Change("~", "a", 1, 1.0),
        Change("-", "b", before=2),
        Change("+", "d", after=True),
    ]


def test_not_a_number_is_itself_and_true_is_not_1() -> None:
    assert is_same([math.nan], [math.nan])
    assert not is_same([1], [True])
    assert not is_same({"a": 1}, {"b": 1})


def test_profiles_are_read_by_their_dictionary() -> None:
    value = {"keyStrindex": 1, "value": {"intValue": "7"}}
    whole = {
        "dictionary": {"stringTable": ["", "k", "cpu"], "attributeTable": [{}, value]},
        "resourceProfiles": [
            {
                "scopeProfiles": [
                    {"profiles": [{"sampleType": {"typeStrindex": 2}, "attributeIndices": [1]}]},
                    {"profiles": [{"sampleType": {"typeStrindex": 9}, "attributeIndices": [9]}]},
                ]
            }
        ],
    }
    states = states_of(Signal.PROFILES, body_of(Signal.PROFILES, whole), "stored")
    known, unknown = (flat(one.short) for one in states)
    assert known == {"profile.sample_type.type": "cpu", 'profile.attributes["k"]': 7}
    assert unknown["profile.sample_type.type"] == 9
    assert 'profile.attributes["#9"]' in unknown


def test_a_state_is_flat_down_to_what_can_differ() -> None:
    state: dict[str, object] = {
        "span": {
            "events": [{"name": "e"}, {}],
            "attributes": {"m": {"x": 1, "y": {}}, "l": [1, {"z": 2}]},
        },
        "resource": {},
    }
    assert flat(state) == {
        "spanevent[0].name": "e",
        "spanevent[1]": {},
        'span.attributes["m"]["x"]': 1,
        'span.attributes["m"]["y"]': {},
        'span.attributes["l"]': [1, {"z": 2}],
    }
