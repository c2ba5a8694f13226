"""Unwind tables: every row that readelf prints of real libraries, and searches against a list."""

import os
import re
import shutil
import subprocess
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.profile.elf import EhFrame, ElfFile, bytes_reader
from otx.profile.errors import UnreadableError
from otx.profile.unwind.rules import GAP, BpKind, CfaKind, Rule
from otx.profile.unwind.table import WORD, UnwindTable, build, build_in_steps
from tests.profile.unwind.conftest import Fde, eh_frame

ROW = re.compile(r"([0-9a-f]{16}) (\S+) +(.*)")
ENTRY = re.compile(r" CIE | FDE .*pc=[0-9a-f]+\.\.([0-9a-f]+)")
SIMPLE_CFA = {"rsp": CfaKind.SP, "rbp": CfaKind.BP}


def table_of(path: Path) -> UnwindTable:
    table = ElfFile(bytes_reader(path.read_bytes())).eh_frame()
    assert table is not None
    return build(table)


def interpreted_rows(path: Path) -> Iterator[tuple[int, str, str, str]]:
    """Address, CFA, rbp and return address of each row, as readelf works them out."""
    words = ["readelf", "--debug-dump=frames-interp", str(path)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120)
    columns: list[str] = []
    ends_at = 0
    for line in re.sub(r" \(\w+\)", "", done.stdout).splitlines():
        if entry := ENTRY.search(line):
            ends_at = int(entry[1] or "0", 16)
        elif line.lstrip().startswith("LOC"):
            columns = line.split()
        elif (row := ROW.fullmatch(line.strip())) and int(row[1], 16) < ends_at:
            fields = dict(zip(columns, line.split(), strict=True))
            yield int(row[1], 16), fields["CFA"], fields.get("rbp", "u"), fields["ra"]


def real_objects() -> list[Path]:
    """The system's interpreter and libraries that most programs load."""
    names = ("libc.so.6", "libm.so.6", "libpthread.so.0", "ld-linux-x86-64.so.2", "libcrypto.so.3")
    folders = (Path("/usr/lib/x86_64-linux-gnu"), Path("/usr/lib64"))
    found = [Path("/usr/bin/python3"), *(folder / name for folder in folders for name in names)]
    return [path for path in found if path.exists()]


@pytest.mark.skipif(shutil.which("readelf") is None, reason="readelf is not installed")
@pytest.mark.parametrize("path", real_objects(), ids=lambda path: path.name)
def test_rules_are_those_of_readelf(path: Path) -> None:
    table = table_of(path)
    compared = 0
    for address, cfa, bp, ra in interpreted_rows(path):
        rule = table.find(address)
        where = f"{path.name} {address:#x}: {cfa} {bp} {ra}, {rule}"
        register, sign, offset = re.split(r"([+-])", cfa) if cfa != "exp" else (cfa, "", "")
        if rule.cfa is CfaKind.SIGNAL:
            assert cfa == "exp" and ra == "exp", where
        elif ra == "u":
            assert rule.cfa is CfaKind.END, where
        elif ra == "c-8" and register in SIMPLE_CFA:
            compared += 1
            assert rule.cfa is SIMPLE_CFA[register], where
            assert rule.cfa_offset == int(sign + offset), where
            assert bp_column(rule) == bp or (rule.bp is BpKind.LOST and bp[:2] != "c-"), where
        else:
            assert rule.cfa not in (CfaKind.SP, CfaKind.BP, CfaKind.GAP), where
    assert compared > 0 or "vdso" in path.name


def bp_column(rule: Rule) -> str:
    """The rule of rbp in readelf's words."""
    if rule.bp is BpKind.AT_CFA:
        return f"c{rule.bp_offset:+}"
    return {BpKind.SAME: "u", BpKind.AT_BP: "exp"}.get(rule.bp, "?")


def test_steps_give_the_same_table_and_let_others_work_meanwhile() -> None:
    found = ElfFile(bytes_reader(Path(os.path.realpath("/bin/sh")).read_bytes())).eh_frame()
    assert found is not None
    *waits, table = build_in_steps(found)
    assert table == build(found)
    assert waits and set(waits) == {None}


def test_functions_with_a_gap_between_them_leave_it_without_a_rule() -> None:
    table = build(eh_frame([Fde(0x1000, 0x10, b""), Fde(0x1050, 0x10, b"")]))
    assert table.find(0x100F).cfa is CfaKind.SP
    assert table.find(0x1010) == table.find(0x104F) == GAP
    assert table.find(0x1050).cfa is CfaKind.SP
    assert table.find(0x1060) == table.find(0xFFF) == table.find(0) == table.find(1 << 63) == GAP


def test_of_functions_that_overlap_the_later_one_wins() -> None:
    outer = Fde(0x1000, 0x100, b"\x0e\x10\x02\x50\x0e\x18")
    table = build(eh_frame([outer, Fde(0x1040, 0x20, b"\x0e\x40")]))
    assert [table.find(at).cfa_offset for at in (0x1000, 0x1040, 0x1055)] == [16, 64, 24]


def test_rows_beyond_the_end_of_their_function_are_none() -> None:
    table = build(eh_frame([Fde(0x1000, 0x10, b"\x50\x0e\x10"), Fde(0x1040, 0x10, b"")]))
    assert table.find(0x1010) == GAP


def test_a_rule_holds_on_into_the_next_page() -> None:
    table = build(eh_frame([Fde(0xFFF0, 0x30000, b"\x41\x0e\x10")]))
    assert table.page_count == (0x3FFF0 - 0xFC00) // 1024 + 1
    assert table.find(0xFFF0).cfa_offset == 8
    assert table.find(0xFFF1).cfa_offset == 16
    assert table.find(0x2FFFF).cfa_offset == 16


def test_a_table_without_a_function_is_none() -> None:
    with pytest.raises(UnreadableError, match="no function"):
        build(EhFrame(0, b"", array("Q"), array("Q")))


def test_entries_that_overlap_end_the_reading() -> None:
    honest = eh_frame([Fde(0x1000, 0x10, bytes(1000))])
    again = EhFrame(honest.address, honest.data, [0x1000] * 500, list(honest.entries) * 500)
    with pytest.raises(UnreadableError, match="overlapping"):
        build(again)


RULES = [GAP, *(Rule(CfaKind.SP, 8 * number) for number in range(1, 9))]


@given(
    st.dictionaries(st.integers(0, 1 << 13), st.sampled_from(range(len(RULES))), min_size=1),
    st.lists(st.integers(0, 1 << 13)),
    st.integers(0, 3).map(lambda page: page << 10),
)
def test_a_search_finds_the_last_row_that_is_not_beyond(
    rows: dict[int, int], wanted: list[int], base: int
) -> None:
    addresses = sorted(rows)
    count = (addresses[-1] >> 10) + 1
    pages = [sum(1 for at in addresses if at >> 10 < page) for page in range(count + 1)]
    words = [at & 0x3FF | rows[at] << 16 for at in addresses]
    packed = b"".join(rule.packed() for rule in RULES)
    table = UnwindTable(base, array(WORD, pages), packed, array(WORD, words))
    for address in (*wanted, *addresses):
        index = bisect_right(addresses, address) - 1
        beyond = address >> 10 >= count or index < 0
        assert table.find(base + address) == (GAP if beyond else RULES[rows[addresses[index]]])


@given(
    st.lists(st.tuples(st.integers(0, 1 << 12), st.binary(min_size=1, max_size=8)), max_size=8),
    st.integers(0, 1 << 12),
)
def test_hostile_tables_give_rules_or_the_rooms_error(
    changes: list[tuple[int, bytes]], length: int
) -> None:
    honest = eh_frame([Fde(0x1000 + 64 * at, 40, b"\x44\x0e\x10\x86\x02") for at in range(40)])
    data = bytearray(honest.data[: max(length, 64)])
    for offset, change in changes:
        data[offset : offset + len(change)] = change
    with suppress(UnreadableError):
        build(EhFrame(honest.address, bytes(data), honest.starts, honest.entries)).find(0x1008)
