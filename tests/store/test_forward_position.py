"""A position is what was written or none: no bit of it can change unseen."""

import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.store.errors import StoreDamaged
from otx.store.forward_position import (
    ForwardPosition,
    decode_forward_position,
    encode_forward_position,
    read_forward_position,
    write_forward_position,
)
from otx.store.log_position import LogPosition

places = st.builds(LogPosition, st.integers(0, 1 << 24), st.integers(0, (1 << 40) - 1))
positions = st.builds(ForwardPosition, st.text(), st.dictionaries(st.text(), places, max_size=4))


@given(positions)
def test_what_is_written_is_read(position: ForwardPosition) -> None:
    assert decode_forward_position(encode_forward_position(position)) == position


@given(positions, st.data())
def test_a_changed_bit_is_seen(position: ForwardPosition, data: st.DataObject) -> None:
    content = bytearray(encode_forward_position(position))
    at = data.draw(st.integers(0, len(content) * 8 - 1))
    content[at // 8] ^= 1 << at % 8
    with pytest.raises(ValueError):
        decode_forward_position(bytes(content))


@given(positions, st.data())
def test_a_torn_end_is_seen(position: ForwardPosition, data: st.DataObject) -> None:
    content = encode_forward_position(position)
    with pytest.raises(ValueError):
        decode_forward_position(content[: data.draw(st.integers(0, len(content) - 1))])


@given(st.binary())
def test_anything_else_is_none(content: bytes) -> None:
    with pytest.raises(ValueError):
        decode_forward_position(content)


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 10_000,
        b'{"format": 1, "destination": "a:4317", "positions": {"log": [Infinity, 7]}}',
        b'{"format": 1, "destination": "a:4317", "positions": {"log": [1, 1e400]}}',
    ],
)
def test_a_right_checksum_makes_no_position(content: bytes) -> None:
    with pytest.raises(ValueError):
        decode_forward_position(b"%08x\n" % zlib.crc32(content) + content)


def test_a_file_that_is_not_there_is_no_position(tmp_path: Path) -> None:
    assert read_forward_position(tmp_path / "a.position") is None


def test_a_file_is_replaced_and_its_damage_named(tmp_path: Path) -> None:
    file = tmp_path / "a.position"
    for number in (1, 2):
        write_forward_position(file, ForwardPosition("a:4317", {"log": LogPosition(number, 7)}))
    assert read_forward_position(file) == ForwardPosition("a:4317", {"log": LogPosition(2, 7)})
    file.write_bytes(b"")
    with pytest.raises(StoreDamaged, match=r"a\.position is no position"):
        read_forward_position(file)
