"""Records as they are at one moment, and what people know them by."""

import json
from typing import Any

import pytest

from otx.model.signal import Signal
from otx.otlp.decode import decode_request
from otx.ottl.batch import WALKS
from otx.ottl.record_state import RecordState, item_of, state_of, states_of
from tests.ottl.documents import Document, attributes, document
from tests.ottl.vector_run import open_case

IDS = {"traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "b7ad6b7169203331"}


def only(signal: Signal, whole: Document) -> RecordState:
    body = decode_request(signal, json.dumps(whole).encode(), "json").body
    (state,) = states_of(signal, body, "stored")
    return state


def log(body: Any) -> Document:
    return document("Logs", {"body": body})


MAP = {"kvlistValue": {"values": [{"key": "n", "value": {"boolValue": True}}]}}


@pytest.mark.parametrize(
    ("signal", "whole", "title"),
    [
        (
            Signal.TRACES,
            document("Spans", {"name": "GET /", **IDS}),
            f'span "GET /", trace {IDS["traceId"]} span {IDS["spanId"]}',
        ),
        (Signal.METRICS, document("Metrics", {"name": "m"}), 'metric "m"'),
        (Signal.LOGS, log({"stringValue": "x"}), 'log record "x"'),
        (Signal.LOGS, log(MAP), 'log record {"n": true}'),
        (Signal.LOGS, log({"bytesValue": "AP8="}), "log record 0x00ff"),
        (Signal.LOGS, log({"arrayValue": {"values": [MAP, {}]}}), 'log record [{"n": true}, null]'),
        (Signal.LOGS, document("Logs", {}), "log record without a body"),
    ],
)
def test_titles_are_in_the_words_of_json(signal: Signal, whole: Document, title: str) -> None:
    assert only(signal, whole).full_title == title


def test_a_title_of_megabytes_is_cut() -> None:
    state = only(Signal.LOGS, log({"stringValue": "x" * 10_000_000}))
    assert state.full_title == 'log record "' + "x" * 58 + "…"


def test_an_item_of_an_opened_batch_is_told_as_it_is_by_now() -> None:
    batch = open_case({"input": document("Logs", {"attributes": attributes(a=1)})})
    record = next(batch.items())
    record.attributes["b"] = None
    record.body = [1]
    assert state_of(record).short == {"log": {"body": [1], "attributes": {"a": 1, "b": None}}}


def test_parts_belong_to_an_item_and_resources_to_none() -> None:
    metric = {"name": "m", "gauge": {"dataPoints": [{"exemplars": [{}]}]}}
    batch = open_case({"input": document("Metrics", metric)})
    (item,) = batch.items()
    for context in ("metric", "datapoint", "exemplar"):
        assert item_of(next(WALKS[context](batch))) is item
    for context in ("resource", "scope"):
        assert item_of(next(WALKS[context](batch))) is None
