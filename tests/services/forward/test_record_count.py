"""The quick count is that of the official messages."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.model.signal import Signal
from otx.otlp.decode import decode_request
from otx.otlp.synthetic.shape import Shape
from otx.otlp.synthetic.source import make_source
from otx.services.forward.record_count import count_records_in


@pytest.mark.parametrize("signal", list(Signal))
def test_it_is_that_of_the_official_messages(signal: Signal) -> None:
    source = make_source(signal, Shape(services=3), random.Random(7), 200, 1 << 20)
    for wanted in (1, 10, 200):
        body, count = source.next(1_790_000_000_000_000_000, wanted)
        assert count_records_in(signal, body) == count
        assert decode_request(signal, body, "protobuf").records == count


@given(st.sampled_from(Signal), st.binary())
def test_other_bytes_have_some_count(signal: Signal, body: bytes) -> None:
    assert count_records_in(signal, body) >= 0
