"""The span of a thread, read from outside: of real programs, and of memory of any content."""

import re
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.context.layout import RECORD, VALID, encode_record
from otx.profile.context.place import DtvForm, Place
from otx.profile.context.reader import ContextReader, TraceContext, decode_record
from otx.profile.dump.subject import find_subject
from otx.profile.dump.take import DumpOptions, take_dump
from tests.conftest import wait_until
from tests.profile.conftest import Start
from tests.profile.context.conftest import WAYS, BuildWay
from tests.profile.context.test_finder import FUNCTIONS
from tests.profile.fake_memory import BASE, SIZE, FakeMemory, wild_memories

RECORD_AT, THREAD, DTV = 0x100, 0x200, 0x300
SEVEN = TraceContext(f"{7:032x}", f"{7:016x}")
BY_DTV = Place(2, 16)
BY_MUSLS_DTV = Place(2, 16, DtvForm.MUSL)


def memory_of(record: bytes, **words: int) -> FakeMemory:
    """A thread whose variable lies 8 below its pointer, and in the block of its object 2."""
    data = bytearray(SIZE)
    data[RECORD_AT : RECORD_AT + len(record)] = record
    known = {
        "below": (THREAD - 8, BASE + RECORD_AT),
        "dtv": (THREAD + 8, BASE + DTV),
        "modules": (DTV - 16, 2),
        "block": (DTV + 32, BASE + 0x400),
        "variable": (0x410, BASE + RECORD_AT),
    }
    for name, (at, word) in known.items():
        struct.pack_into("<Q", data, at, words.get(name, word))
    return FakeMemory(bytes(data))


@pytest.mark.parametrize("place", [Place(0, -8), BY_DTV])
def test_a_record_is_found_by_either_way(place: Place) -> None:
    reader = ContextReader(memory_of(encode_record(7, 7)), place)
    assert reader.read(BASE + THREAD) == SEVEN
    assert reader.read(0) is None


@pytest.mark.parametrize(
    "words",
    [{"variable": 0}, {"dtv": 0}, {"modules": 1}, {"block": (1 << 64) - 1}, {"variable": 0x10}],
    ids=["no span", "no dtv", "loaded later", "no block yet", "wild"],
)
def test_a_thread_without_one_has_none(words: dict[str, int]) -> None:
    memory = memory_of(encode_record(7, 7), **words)
    assert ContextReader(memory, BY_DTV).read(BASE + THREAD) is None


@pytest.mark.parametrize("count", [2, 1])
def test_a_dtv_of_musl_has_its_count_in_front_and_smaller_entries(count: int) -> None:
    memory = memory_of(encode_record(7, 7))
    data = bytearray(memory.data)
    struct.pack_into("<3Q", data, DTV, count, 0, BASE + 0x400)
    found = ContextReader(FakeMemory(bytes(data)), BY_MUSLS_DTV).read(BASE + THREAD)
    assert found == (SEVEN if count == 2 else None)


@given(st.binary(min_size=RECORD.size, max_size=RECORD.size))
def test_only_valid_records_have_ids(head: bytes) -> None:
    found = decode_record(head)
    trace_id, span_id, valid, _, _ = RECORD.unpack(head)
    is_valid = valid == VALID and any(trace_id) and any(span_id)
    assert found == (TraceContext(trace_id.hex(), span_id.hex()) if is_valid else None)


@given(st.integers(1, (1 << 128) - 1), st.integers(1, (1 << 64) - 1))
def test_what_is_encoded_is_decoded(trace_id: int, span_id: int) -> None:
    expected = TraceContext(f"{trace_id:032x}", f"{span_id:016x}")
    assert decode_record(encode_record(trace_id, span_id)) == expected


class Changing(FakeMemory):
    """A thread that goes to its next span each time that its record is read."""

    def read(self, address: int, size: int) -> bytes:
        if size == RECORD.size:
            return encode_record(self.reads + 1, 1) if super().read(address, size) else b""
        return super().read(address, size)


def test_a_record_that_changes_while_it_is_read_is_none() -> None:
    memory = Changing(memory_of(encode_record(7, 7)).data)
    assert ContextReader(memory, Place(0, -8)).read(BASE + THREAD) is None


@given(wild_memories(), st.integers(0, 3), st.integers(-64, 64), st.integers(0, SIZE))
def test_wild_memory_ends_in_ids_or_in_none(
    memory: FakeMemory, module: int, offset: int, thread: int
) -> None:
    found = ContextReader(memory, Place(module, offset)).read(BASE + thread)
    assert found is None or re.fullmatch("[0-9a-f]{32}", found.trace_id)


# Each is a program of some busy threads; the ways themselves are `test_place.py`'s.
QUICK = ("program", "loaded descriptor", "musl loaded general-dynamic")
BY_WAY = [pytest.param(it, marks=[] if it in QUICK else [pytest.mark.long]) for it in WAYS]


@pytest.mark.bpf
@pytest.mark.usefixtures("bpf_machine")
@pytest.mark.parametrize("way", BY_WAY)
def test_a_dump_names_the_span_of_each_thread(way: str, build_way: BuildWay, start: Start) -> None:
    process = start(*build_way(way))
    found: dict[str, TraceContext | None] = {}

    def look() -> bool:
        dump = take_dump(find_subject(process.pid), DumpOptions(), pytest.fail)
        for thread in dump.threads:
            name = next((it.name for it in thread.stack if it.name in FUNCTIONS), "")
            found[name] = thread.context
        return found.keys() >= FUNCTIONS and found["blue"] is not None and found["red"] is not None

    wait_until(look, "all threads are at work")
    assert found["red"] == TraceContext(f"{1:032x}", f"{1:016x}")
    assert found["blue"] == TraceContext(f"{2:032x}", f"{2:016x}")
    assert {name for name, context in found.items() if context} == {"red", "blue"}
