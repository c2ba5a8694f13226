"""Writing into shared pages, as BPF maps are: here those of a file in memory."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.errors import MachineError
from otx.profile.mapped import read_mapped, write_mapped

SIZE = 5 * 4096


@given(st.integers(0, SIZE - 1), st.binary(min_size=1, max_size=9000))
def test_the_bytes_are_where_they_were_put_and_nothing_else_is(at: int, data: bytes) -> None:
    data = data[: SIZE - at]
    descriptor = os.memfd_create("map")
    try:
        os.truncate(descriptor, SIZE)
        write_mapped(descriptor, at, data)
        assert read_mapped(descriptor, at, len(data)) == data
        after = os.pread(descriptor, SIZE, 0)
    finally:
        os.close(descriptor)
    assert after == bytes(at) + data + bytes(SIZE - at - len(data))


def test_what_cannot_be_mapped_is_an_error() -> None:
    with pytest.raises(MachineError, match="cannot map"):
        write_mapped(-1, 0, b"x")
