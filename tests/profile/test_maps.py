"""Lines of /proc/PID/maps."""

import mmap
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.profile.maps import AddressSpace, Mapping, parse_maps, read_address_space

TEXT = """\
00400000-00452000 r-xp 00001000 08:02 173521      /usr/bin/dbus daemon
00651000-00652000 r--p 00051000 08:02 173521      /usr/bin/dbus daemon
7f00-8f00 r-xp 00000000 00:00 0
7fff0000-7fff1000 r-xp 00000000 00:00 0                          [vdso]
35b1800000-35b1820000 r-xp 00000000 08:02 135522  /usr/lib/old.so (deleted)
nonsense
"""


def test_lines_become_mappings() -> None:
    first, second, anonymous, vdso, deleted = parse_maps(TEXT.split("\n"))
    assert first == Mapping(
        0x400000, 0x452000, True, 0x1000, "08:02", 173521, "/usr/bin/dbus daemon"
    )
    assert (second.executable, anonymous.base_name, vdso.base_name) == (False, "[anon]", "[vdso]")
    assert (deleted.path, deleted.base_name, deleted.is_file) == ("/usr/lib/old.so", "old.so", True)


def test_an_address_is_found_in_code_only() -> None:
    space = AddressSpace(parse_maps(TEXT.split("\n")))
    inside = space.find_code(0x400000)
    assert inside is not None and inside.inode == 173521
    assert space.find_code(0x452000) is None
    assert space.find_code(0x651000) is None
    assert space.find_code(0) is None


def test_this_process_is_mapped() -> None:
    assert any(m.base_name == "[vdso]" for m in read_address_space(os.getpid()).executable)


@pytest.mark.parametrize("ends", ["\n", "\r", "\f", "\x85", "\u2028"])
def test_the_name_of_a_mapped_file_is_no_mapping(ends: str, tmp_path: Path) -> None:
    file = tmp_path / f"a{ends}7000-8000 r-xp 00000000 00:01 4711 "
    file.write_bytes(bytes(4096))
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, prot=mmap.PROT_READ):
        mappings = read_address_space(os.getpid()).mappings
    assert [it for it in mappings if it.inode == 4711] == []
    assert any(it.path.startswith(str(tmp_path)) for it in mappings)


def test_numbers_beyond_any_that_the_kernel_writes_are_no_mapping() -> None:
    assert parse_maps([f"7000-8000 r-xp 00000000 00:01 {'9' * 5000} /x"]) == []


def test_a_process_that_is_not_there_has_nothing_mapped() -> None:
    assert read_address_space(1 << 30).mappings == []


@given(st.text())
def test_hostile_text_never_raises(text: str) -> None:
    AddressSpace(parse_maps(text.split("\n"))).find_code(0x1000)
