"""Which tables go, and in which order."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from otx.profile.elf import ElfFile, bytes_reader
from otx.profile.maps import Mapping
from otx.profile.unwind.room import KnownObject, Lacking, expendable

OWN = ElfFile(bytes_reader(Path("/proc/self/exe").read_bytes()))
MAPPING = Mapping(0x1000, 0x2000, True, 0, "00:01", 1, "/lib/x.so")


def known(number: int, *, has_table: bool = True) -> KnownObject:
    key = (f"00:{number}", number, 1, 1)
    name = f"lib{number}.so"
    return KnownObject(key, number, name, b"", OWN, (1, MAPPING), False, has_table)


@given(
    st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 5)), max_size=8),
    st.none() | st.integers(0, 6),
)
def test_unmapped_ones_go_first_and_each_kind_by_need(
    shape: list[tuple[bool, bool, int]], idle_since_ns: int | None
) -> None:
    objects = [known(number, has_table=has) for number, (has, _, _) in enumerate(shape)]
    mapped = {number for number, (_, is_mapped, _) in enumerate(shape) if is_mapped}
    needed = [at for _, _, at in shape]
    order = [one.number for one in expendable(objects, mapped, needed, idle_since_ns)]
    assert order == sorted(order, key=lambda number: (number in mapped, needed[number]))
    for one in objects:
        is_idle = idle_since_ns is not None and needed[one.number] < idle_since_ns
        goes = one.has_table and (one.number not in mapped or is_idle)
        assert (one.number in order) == goes


def test_the_last_hundred_are_named_and_all_are_counted() -> None:
    lacking = Lacking()
    for number in range(150):
        lacking.add(known(number), "no unwind table")
    assert len(lacking) == 150
    assert lacking.texts()[-1] == "lib149.so (no unwind table)" and len(lacking.texts()) == 100
    lacking.remove(known(149))
    assert len(lacking) == 149
