"""A position another process overwrites in place is read whole or not at all."""

from hypothesis import given
from hypothesis import strategies as st

from otx.store.log_position import LogPosition, decode_committed, encode_committed, log_file_name

POSITIONS = st.builds(LogPosition, st.integers(0, 2**24 - 1), st.integers(0, 2**40 - 1))


@given(POSITIONS)
def test_positions_come_back(position: LogPosition) -> None:
    assert decode_committed(encode_committed(position)) == position


@given(POSITIONS, POSITIONS, st.integers(0, 16))
def test_a_half_written_position_is_never_a_third_one(
    before: LogPosition, after: LogPosition, written: int
) -> None:
    mixed = encode_committed(after)[:written] + encode_committed(before)[written:]
    assert decode_committed(mixed) in (None, before, after)


def test_names_sort_as_numbers() -> None:
    names = [log_file_name(number) for number in (1, 2, 10, 999, 1000)]
    assert names == sorted(names)
