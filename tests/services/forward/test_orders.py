"""Orders come through the pipe as they were given."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.services.forward.line import Keep
from otx.services.forward.orders import Orders, decode_orders, encode_orders


@given(st.lists(st.text()), st.integers(0), st.integers(0))
def test_a_line_holds_them(destinations: list[str], age_ns: int, size: int) -> None:
    orders = Orders(Path("/store"), destinations, Keep(age_ns, size))
    line = encode_orders(orders)
    assert line.count(b"\n") == 1
    assert decode_orders(line) == orders


@pytest.mark.parametrize("line", [b"", b"1\n", b"{}\n", b"[]\n", b"\xff\n"])
def test_other_lines_are_none(line: bytes) -> None:
    with pytest.raises(ValueError):
        decode_orders(line)
