"""Messages as maps: enums and keys that stand twice, as they are written and as they are stored."""

import json

from otx.model.signal import Signal
from otx.otlp.decode import decode_request
from otx.ottl.record_state import states_of
from otx.ottl.shortened import Again, Form, Short
from tests.ottl.documents import attributes, document

METRIC = {
    "name": "m",
    "metadata": [*attributes(k=1), *attributes(k=2)],
    "sum": {"aggregationTemporality": 2, "dataPoints": [{"asInt": "1"}]},
}


def metric(form: Form) -> Short:
    whole = json.dumps(document("Metrics", METRIC)).encode()
    body = decode_request(Signal.METRICS, whole, "json").body
    (state,) = states_of(Signal.METRICS, body, form)
    short: Short = state.short["metric"]
    return short


def test_as_people_write_it_enums_are_words_and_the_first_entry_of_a_key_counts() -> None:
    assert metric("written") == {
        "name": "m",
        "type": "sum",
        "data_points": [{"value": 1}],
        "aggregation_temporality": "CUMULATIVE",
        "metadata": {"k": 1},
    }


def test_as_it_is_stored_enums_are_numbers_and_every_entry_is_there() -> None:
    assert metric("stored") == {
        "name": "m",
        "type": 2,
        "data_points": [{"value": 1}],
        "aggregation_temporality": 2,
        "metadata": {"k": 1, Again("k", 2): 2},
    }


def test_an_entry_that_stands_again_is_no_key_that_people_use() -> None:
    assert Again("k", 2) not in ("k", "k2", "k (entry 2)")
    assert Again("k", 2) == Again("k", 2) != Again("k", 3)
