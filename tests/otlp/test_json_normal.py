"""The normal form of OTLP/JSON is what the open view reads and writes of it."""

import copy
from collections import Counter
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.model.signal import Signal
from otx.otlp.json_codec import InvalidJson
from otx.otlp.json_normal import normalise
from otx.otlp.json_open import official_descriptor, read_open, write_open
from otx.otlp.open_view import open_class
from tests.otlp.json_documents import documents

SIGNALS = st.sampled_from(list(Signal))


def by_protobuf(signal: Signal, document: Any) -> tuple[Any, Counter[str]]:
    """A document read as protobuf and written again, or why it is refused."""
    warnings: Counter[str] = Counter()
    message, official = open_class(signal)(), official_descriptor(signal)
    try:
        read_open(message, document, official, warnings)
    except InvalidJson as error:
        return str(error), Counter()
    return write_open(message, official), warnings


def in_place(signal: Signal, document: Any) -> tuple[Any, Counter[str]]:
    """A document normalised, or why it is refused."""
    warnings: Counter[str] = Counter()
    try:
        return normalise(document, official_descriptor(signal), warnings), warnings
    except InvalidJson as error:
        return str(error), Counter()


@given(st.data(), SIGNALS, st.booleans())
def test_the_normal_form_is_what_protobuf_makes_of_it(
    data: st.DataObject, signal: Signal, is_hostile: bool
) -> None:
    document = data.draw(documents(signal, is_hostile=is_hostile))
    expected, warnings = by_protobuf(signal, copy.deepcopy(document))
    normal, said = in_place(signal, document)
    # As text: to Python 1 is 1.0 and True.
    assert text_of(normal) == text_of(expected)
    assert said == warnings


def text_of(document: Any) -> bytes:
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)


@given(st.data(), SIGNALS)
def test_what_is_normal_stays_as_it_is(data: st.DataObject, signal: Signal) -> None:
    document, _ = by_protobuf(signal, data.draw(documents(signal, is_hostile=False)))
    before = copy.deepcopy(document)
    assert text_of(normalise(document, official_descriptor(signal), Counter())) == text_of(before)


def test_objects_that_are_normal_are_not_made_anew() -> None:
    entry = {"key": "a", "value": {"intValue": "7"}}
    document = {"resourceSpans": [{"resource": {"attributes": [entry]}}]}
    normal = normalise(document, official_descriptor(Signal.TRACES), Counter())
    assert normal is document
    assert normal["resourceSpans"][0]["resource"]["attributes"][0] is entry


@pytest.mark.parametrize("document", [[], "x", None, 1, {"resourceSpans": {}}])
def test_what_is_no_request_is_refused(document: Any) -> None:
    with pytest.raises(InvalidJson):
        normalise(document, official_descriptor(Signal.TRACES), Counter())
