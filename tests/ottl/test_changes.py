"""Records by path, and where two states of one differ."""

import json

from otx.model.signal import Signal
from otx.otlp.decode import decode_request
from otx.ottl.changes import Change, ItemState, changes, item_states
from otx.ottl.records import Batch


def log(**fields: object) -> bytes:
    """A log record alone, of a resource with a schema."""
    scopes = [{"scope": {"name": "shop"}, "logRecords": [fields]}]
    resource = {"resource": {}, "schemaUrl": "http://schema", "scopeLogs": scopes}
    document = {"resourceLogs": [resource]}
    return decode_request(Signal.LOGS, json.dumps(document).encode(), "json").body


def only(body: bytes) -> ItemState:
    (state,) = item_states(Signal.LOGS, body)
    return state


def test_fields_are_named_by_path_down_to_the_leaves() -> None:
    value = {"kvlistValue": {"values": [{"key": "c", "value": {"intValue": "1"}}]}}
    state = only(
        log(
            severityText="INFO",
            body={"stringValue": "hello"},
            traceId="4bf92f3577b34da6a3ce929d0e0e4736",
            attributes=[{"key": "a.b", "value": value}, {"key": "e", "value": {}}],
        )
    )
    assert state.title == 'log record "hello"'
    assert state.item == {
        "severity_text": "INFO",
        "body": "hello",
        'attributes["a.b"]["c"]': 1,
        'attributes["e"]': None,
        "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
    }
    assert state.scope == {"name": "shop"}
    assert state.resource == {"schema_url": "http://schema"}


def test_text_that_is_no_utf_8_is_read_all_the_same() -> None:
    batch = Batch(Signal.LOGS, log(body={"stringValue": "x"}))
    record = next(batch.items())
    record.item.severity_text = b"\xff"
    assert only(batch.close()).item["severity_text"] == "\udcff"


def test_changes_are_told_in_order_with_their_signs() -> None:
    before = {"a": 1, "b": 2, "c": 3}
    after = {"a": 1.0, "c": 3, "d": True}
    assert changes(before, after) == [
        Change("~", "a", 1, 1.0),
        Change("-", "b", before=2),
        Change("+", "d", after=True),
    ]


def test_profiles_are_read_by_their_dictionary() -> None:
    value = {"keyStrindex": 1, "value": {"intValue": "7"}}
    document = {
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
    body = decode_request(Signal.PROFILES, json.dumps(document).encode(), "json").body
    known, unknown = item_states(Signal.PROFILES, body)
    assert known.item == {"sample_type.type": "cpu", 'attributes["k"]': 7}
    assert unknown.item == {"sample_type.type_strindex": 9, "attribute_indices": [9]}
