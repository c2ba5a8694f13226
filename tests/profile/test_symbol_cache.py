"""Ordered symbols on disk: names are the same from memory and from a file, large or small."""

import struct
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from otx.profile.file_cache import HEAD_SIZE
from otx.profile.symbol_cache import SymbolCache, pack, unpack
from otx.profile.symbols import SymbolTable, order_symbols

KEY = ("fd:01", 4711, 1000, 99)
MANY = 20_000


def table_of(*functions: tuple[int, str, int]) -> SymbolTable:
    """Functions with address, name and size."""
    names, symbols = b"\0", b""
    for address, name, size in functions:
        symbols += struct.pack("<IBBHQQ", len(names), 1 << 4 | 2, 0, 1, address, size)
        names += name.encode() + b"\0"
    return order_symbols([(symbols, names)])


def same(one: SymbolTable, other: SymbolTable, most: int) -> None:
    assert len(one) == len(other)
    for address in range(most):
        for is_sure in (False, True):
            assert one.find(address, is_sure=is_sure) == other.find(address, is_sure=is_sure)


@given(
    st.lists(
        st.tuples(st.integers(0, 60), st.text("abc@", max_size=6), st.integers(0, 20)), max_size=12
    )
)
def test_a_table_comes_back_as_it_was(functions: list[tuple[int, str, int]]) -> None:
    table = table_of(*functions)
    again = unpack(bytes(HEAD_SIZE) + b"".join(pack(table)))
    assert again is not None
    same(table, again, 90)


@settings(max_examples=200)
@given(st.binary(max_size=400), st.integers(0, 1 << 64))
def test_whatever_is_in_a_file_names_something_or_nothing(content: bytes, address: int) -> None:
    table = unpack(bytes(HEAD_SIZE) + content)
    if table is not None:
        table.find(address)


def test_what_was_stored_is_loaded_and_mapped_where_it_is_large(tmp_path: Path) -> None:
    cache, orders = SymbolCache.below(tmp_path), []
    small = table_of(*((0x10 * at, f"f{at}", 0x10) for at in range(1, 100)))
    large = table_of(*((0x10 * at, f"function_{at}", 0x10) for at in range(1, MANY)))
    for number, table in enumerate((small, large)):

        def order(table: SymbolTable = table) -> SymbolTable:
            orders.append(table)
            return table

        key = ("fd:01", number, 1000, 99)
        assert cache.table(key, order) is table
        again = cache.table(key, order)
        assert again is not None and again is not table
        assert again.find(0x10 * (len(table) - 1) + 5) == table.find(0x10 * (len(table) - 1) + 5)
    assert orders == [small, large]


def test_a_file_that_has_changed_is_another_one(tmp_path: Path) -> None:
    cache = SymbolCache.below(tmp_path)
    cache.store(KEY, table_of(*((0x10 * at, f"f{at}", 0x10) for at in range(1, 100))))
    assert cache.load(KEY) is not None
    for changed in (("fd:02", *KEY[1:]), (*KEY[:2], 1001, 99), (*KEY[:3], 100)):
        assert cache.load(changed) is None


def test_few_symbols_are_ordered_each_time_and_without_a_place_all_are(tmp_path: Path) -> None:
    few = table_of((0x10, "f", 0x10))
    SymbolCache.below(tmp_path).store(KEY, few)
    assert not list(tmp_path.iterdir())
    nowhere = SymbolCache.below(None)
    many = table_of(*((0x10 * at, f"f{at}", 0x10) for at in range(1, 100)))
    assert nowhere.table(KEY, lambda: many) is many
    assert nowhere.load(KEY) is None
