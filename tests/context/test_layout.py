"""A thread's record, as OTEP 4947 lays it out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.context.layout import RECORD, encode_record


def test_a_record_has_28_bytes_and_its_ids_in_the_order_of_trace_context() -> None:
    record = encode_record(0x4BF92F3577B34DA6A3CE929D0E0E4736, 0x00F067AA0BA902B7, 3)
    assert record.hex() == "4bf92f3577b34da6a3ce929d0e0e473600f067aa0ba902b7" + "01" + "03" + "0000"


@given(st.integers(1, (1 << 128) - 1), st.integers(1, (1 << 64) - 1), st.integers(0, 255))
def test_what_is_encoded_is_there(trace_id: int, span_id: int, flags: int) -> None:
    trace, span, *rest = RECORD.unpack(encode_record(trace_id, span_id, flags))
    assert (int.from_bytes(trace, "big"), int.from_bytes(span, "big")) == (trace_id, span_id)
    assert rest == [1, flags, 0]


@pytest.mark.parametrize(
    "ids", [(0, 1, 0), (1, 0, 0), (1 << 128, 1, 0), (1, 1 << 64, 0), (-1, 1, 0), (1, 1, 256)]
)
def test_what_is_no_span_is_an_error(ids: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="no "):
        encode_record(*ids)
