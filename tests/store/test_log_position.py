"""A position another process overwrites in place is read whole or not at all."""

from hypothesis import given
from hypothesis import strategies as st

from otx.store.log_position import (
    Committed,
    LogPosition,
    current_boot,
    decode_committed,
    encode_committed,
    encode_position,
    log_file_name,
)

POSITIONS = st.builds(LogPosition, st.integers(0, 2**24 - 1), st.integers(0, 2**40 - 1))


COMMITTED = st.builds(Committed, POSITIONS, st.binary(min_size=16, max_size=16))


@given(COMMITTED)
def test_what_is_committed_comes_back(committed: Committed) -> None:
    assert decode_committed(encode_committed(committed)) == committed


@given(COMMITTED, POSITIONS, st.integers(0, 16))
def test_a_half_written_position_is_never_a_third_one(
    before: Committed, after: LogPosition, written: int
) -> None:
    mixed = encode_position(after)[:written] + encode_committed(before)[written:]
    assert decode_committed(mixed) in (None, before, Committed(after, before.boot))


def test_a_boot_has_one_name() -> None:
    assert current_boot() == current_boot()
    assert len(current_boot()) == 16


def test_names_sort_as_numbers() -> None:
    names = [log_file_name(number) for number in (1, 2, 10, 999, 1000)]
    assert names == sorted(names)
