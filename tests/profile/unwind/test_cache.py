"""Tables on disk: the same back, and nothing where a byte is not as it was written."""

import os
from array import array
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.profile.unwind.cache import TableCache, pack, unpack
from otx.profile.unwind.table import WORD, UnwindTable, build
from tests.profile.unwind.conftest import Fde, eh_frame

TABLE = build(eh_frame([Fde(0x1000 * at, 0x20, b"\x41\x0e\x10") for at in range(1, 40)]))
BUILD_ID = bytes(range(20))


@given(
    st.integers(0, (1 << 47) - 1),
    st.lists(st.integers(0, (1 << 32) - 1), min_size=1),
    st.lists(st.binary(min_size=8, max_size=8)),
    st.lists(st.integers(0, (1 << 32) - 1)),
)
def test_a_table_comes_back_as_it_was(
    base: int, pages: list[int], rules: list[bytes], rows: list[int]
) -> None:
    table = UnwindTable(base, array(WORD, pages), b"".join(rules), array(WORD, rows))
    assert unpack(pack(table)) == table


@given(st.integers(0, len(pack(TABLE)) - 1), st.integers(1, 255))
def test_a_changed_byte_makes_it_no_table(at: int, change: int) -> None:
    raw = bytearray(pack(TABLE))
    raw[at] ^= change
    assert unpack(bytes(raw)) is None


@given(st.binary(max_size=100), st.integers(0, len(pack(TABLE)) - 1))
def test_other_files_and_cut_ones_are_no_table(raw: bytes, length: int) -> None:
    assert unpack(raw) is None
    assert unpack(pack(TABLE)[:length]) is None


def test_what_was_stored_is_loaded(tmp_path: Path) -> None:
    cache = TableCache(tmp_path / "new" / "unwind")
    assert cache.load(BUILD_ID) is None
    cache.store(BUILD_ID, TABLE)
    assert cache.load(BUILD_ID) == TABLE
    assert [path.name for path in (tmp_path / "new" / "unwind").iterdir()] == [
        BUILD_ID.hex() + ".unwind"
    ]


def test_what_was_used_longest_ago_makes_room(tmp_path: Path) -> None:
    cache = TableCache(tmp_path, max_size=2 * len(pack(TABLE)))
    for number, age_s in ((1, 30), (2, 20)):
        cache.store(bytes([number]), TABLE)
        path = next(tmp_path.glob(f"{number:02x}.*"))
        os.utime(path, (path.stat().st_mtime - age_s,) * 2)
    assert cache.load(b"\1") == TABLE  # used again just now
    cache.store(b"\3", TABLE)
    assert cache.load(b"\2") is None
    assert cache.load(b"\1") == cache.load(b"\3") == TABLE


def test_a_directory_that_cannot_be_is_no_error(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("in the way")
    cache = TableCache(file / "unwind")
    cache.store(BUILD_ID, TABLE)
    assert cache.load(BUILD_ID) is None


def test_nothing_half_written_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", refuse)
    TableCache(tmp_path).store(BUILD_ID, TABLE)
    assert list(tmp_path.iterdir()) == []
