"""Tables on disk: the same back, and nothing of what has another form."""

from array import array
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from otx.profile.unwind.cache import TableCache, pack, unpack
from otx.profile.unwind.rules import ENTRY, Rule
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


@given(
    st.lists(st.integers(0, 4) | st.integers(0, (1 << 32) - 1), min_size=1, max_size=6),
    st.lists(st.binary(min_size=8, max_size=8), max_size=3),
    st.lists(st.integers(0, 4).map(lambda number: number << 16), max_size=4),
    st.integers(0, 6 << 10),
)
def test_a_table_that_nobody_built_can_be_asked(
    pages: list[int], rules: list[bytes], rows: list[int], address: int
) -> None:
    table = UnwindTable(0, array(WORD, pages), b"".join(rules), array(WORD, rows))
    assert isinstance(table.find(address), Rule)
    assert table.function_start(address) is None or ENTRY.packed() in rules


@given(st.binary(max_size=100), st.integers(0, len(pack(TABLE)) - 1))
def test_other_forms_and_cut_ones_are_no_table(raw: bytes, length: int) -> None:
    assert unpack(raw) is None or len(raw) >= 28  # counts of nothing, and the end of the pages
    assert unpack(pack(TABLE)[:length]) is None


def test_what_was_stored_is_loaded(tmp_path: Path) -> None:
    cache = TableCache(tmp_path / "unwind")
    assert cache.load(BUILD_ID) is None
    cache.store(BUILD_ID, TABLE)
    assert cache.load(BUILD_ID) == TABLE
    assert [path.name for path in (tmp_path / "unwind").iterdir()] == [BUILD_ID.hex() + ".unwind"]
