"""What is written into the maps, read as BPF programs read it."""

import struct

from hypothesis import given
from hypothesis import strategies as st

from otx.profile.unwind.pool import REST_NS
from otx.profile.unwind.published import (
    FileIdentity,
    MappedObject,
    PublishedTables,
    UnwindMaps,
    room_for_many,
)
from otx.profile.unwind.table import build
from tests.profile.unwind.conftest import Fde, eh_frame

TABLE = build(eh_frame([Fde(0x1000, 0x20, b"\x41\x0e\x10")]))


class MemoryMap:
    """A map of the kernel's, as bytes: an array is written or set by index, a hash by key."""

    def __init__(self, max_entries: int) -> None:
        self.max_entries = max_entries
        self.values: dict[bytes, bytes] = {}
        self.memory = bytearray(max_entries * 4096)

    def update(self, key: bytes, value: bytes) -> None:
        self.values[key] = value

    def delete(self, key: bytes) -> None:
        self.values.pop(key, None)

    def write(self, offset: int, data: bytes) -> None:
        self.memory[offset : offset + len(data)] = data

    def read(self, offset: int, size: int) -> bytes:
        return bytes(self.memory[offset : offset + size])


class Published:
    def __init__(self, *, blocks: int = 2, mappings: int = 8, objects: int = 4) -> None:
        self.now_ns = 0
        self.maps = UnwindMaps(
            *(MemoryMap(blocks), MemoryMap(objects), MemoryMap(mappings)),
            *(MemoryMap(64), MemoryMap(64)),
        )
        self.tables = PublishedTables(self.maps, lambda: self.now_ns)

    def space(self, pid: int) -> list[tuple[int, ...]] | None:
        """The mappings that BPF programs see of a process."""
        assert isinstance(self.maps.spaces, MemoryMap)
        assert isinstance(self.maps.mappings, MemoryMap)
        entry = self.maps.spaces.values.get(pid.to_bytes(4, "little"))
        if entry is None:
            return None
        first, count = struct.unpack("<II", entry)
        return [
            struct.unpack_from("<QQQI", self.maps.mappings.memory, 32 * at)
            for at in range(first, first + count)
        ]

    def object(self, number: int) -> tuple[int, ...]:
        """What BPF programs see of an object."""
        assert isinstance(self.maps.objects, MemoryMap)
        entry = self.maps.objects.values[number.to_bytes(4, "little")]
        return struct.unpack_from("<QIIII", entry)


A, B = MappedObject(0x1000, 0x2000, 0x500, 1), MappedObject(0x4000, 0x5000, 0, 2)


def test_a_table_lies_where_its_object_says() -> None:
    one = Published()
    number = one.tables.new_number()
    assert number == 1 and one.tables.put_table(number, TABLE)
    base, pages_at, page_count, rules_at, rows_at = one.object(number)
    assert isinstance(one.maps.words, MemoryMap)
    image = bytes(one.maps.words.memory[4 * pages_at : 4 * pages_at + len(TABLE.image())])
    assert image == TABLE.image()
    assert (base, page_count) == (TABLE.base, TABLE.page_count)
    assert rules_at == pages_at + page_count + 1
    assert rows_at == rules_at + 2 * TABLE.rule_count


def test_a_table_without_room_is_refused_until_another_one_goes() -> None:
    one = Published(blocks=1)
    assert one.tables.put_table(1, TABLE)
    assert not one.tables.put_table(2, TABLE)
    one.tables.drop(1)
    assert one.object(1) == (0, 0, 0, 0, 0)
    assert not one.tables.put_table(2, TABLE)
    one.now_ns = REST_NS
    assert one.tables.put_table(2, TABLE)


def test_a_table_may_go_while_its_object_stays() -> None:
    one = Published(blocks=1)
    number = one.tables.new_number() or 0
    assert one.tables.put_table(number, TABLE)
    assert not one.tables.will_fit(TABLE.words)
    one.tables.drop_table(number)
    assert one.object(number) == (0, 0, 0, 0, 0)
    assert one.tables.will_fit(TABLE.words)
    assert not one.tables.will_fit(one.tables.room_words + 1)
    assert one.tables.new_number() == number + 1


def test_when_walks_came_by_is_told_by_number() -> None:
    one = Published(objects=4)
    assert isinstance(one.maps.objects, MemoryMap)
    one.maps.objects.write(3 * 32, struct.pack("<QIIIIII", 0, 0, 0, 0, 0, 7, 0))
    assert list(one.tables.last_needed_ns()) == [0, 0, 0, 7 << 30]


def test_a_machine_with_little_memory_keeps_the_usual_room() -> None:
    blocks = [room_for_many(gib << 30)["unwind_words"] * 4096 >> 20 for gib in (0, 1, 2, 64)]
    assert blocks == [16, 16, 32, 64]


def test_a_file_is_known_until_its_number_is_taken_back() -> None:
    one = Published()
    files = one.maps.files
    assert isinstance(files, MemoryMap)
    one.tables.know_file(1, FileIdentity("fe:01", 77, 4096, 5_000_000_007), -0x1000)
    key = struct.pack("<QQQII", 77, 4096, 5_000_000_007, 0xFE << 20 | 1, 0)
    assert files.values == {key: struct.pack("<IIq", 1, 0, -0x1000)}
    one.tables.drop_table(1)
    assert files.values
    one.tables.drop(1)
    assert not files.values


def test_numbers_end_and_0_is_none_of_them() -> None:
    one = Published(objects=3)
    assert [one.tables.new_number() for _ in range(3)] == [1, 2, None]


def test_a_process_has_its_mappings_until_it_is_forgotten() -> None:
    one = Published()
    assert one.tables.set_mappings(7, [A, B])
    assert one.space(7) == [(0x1000, 0x2000, 0x500, 1), (0x4000, 0x5000, 0, 2)]
    assert one.tables.set_mappings(7, [B])
    assert one.space(7) == [(0x4000, 0x5000, 0, 2)]
    one.tables.forget(7)
    assert one.space(7) is None


def test_a_forked_process_keeps_what_it_shares() -> None:
    one = Published(mappings=3)
    one.tables.set_mappings(7, [A, B])
    one.tables.share(8, 7)
    one.tables.set_mappings(7, [A])
    one.now_ns = REST_NS
    assert not one.tables.set_mappings(9, [A, B])
    assert one.space(8) == [(0x1000, 0x2000, 0x500, 1), (0x4000, 0x5000, 0, 2)]
    one.tables.forget(8)
    one.now_ns *= 2
    assert one.tables.set_mappings(9, [A, B])


def test_a_child_of_an_unknown_process_has_nothing() -> None:
    one = Published()
    one.tables.share(8, 7)
    assert one.space(8) is None


def test_a_process_that_maps_too_much_has_no_mappings() -> None:
    one = Published(mappings=1)
    assert one.tables.set_mappings(7, [A])
    assert not one.tables.set_mappings(7, [A, B])
    assert one.space(7) is None


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["set", "share", "forget"]),
            st.integers(1, 4),
            st.integers(1, 4),
            st.lists(st.sampled_from([A, B]), unique=True),
        ),
        max_size=30,
    )
)
def test_every_process_has_what_it_was_given_last(
    steps: list[tuple[str, int, int, list[MappedObject]]],
) -> None:
    one = Published(mappings=64)
    wanted: dict[int, list[MappedObject]] = {}
    for what, pid, other, mappings in steps:
        one.now_ns += REST_NS
        mappings.sort(key=lambda mapped: mapped.start)
        if what == "set":
            one.tables.set_mappings(pid, mappings)
            wanted[pid] = mappings
        elif what == "share" and other in wanted:
            one.tables.share(pid, other)
            wanted[pid] = wanted[other]
        elif what == "forget":
            one.tables.forget(pid)
            wanted.pop(pid, None)
        for each in range(1, 5):
            seen = one.space(each)
            given_last = wanted.get(each)
            if given_last is None:
                assert seen is None
            else:
                assert seen == [(m.start, m.end, m.bias, m.number) for m in given_last]
