"""Records of the ring, as otx_cpu.bpf.c lays them out."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.profile.records import (
    NameRecord,
    ProcessRecord,
    PythonFrame,
    RecordKind,
    SampleRecord,
    SeenArea,
    decode_record,
)

HEAD = struct.Struct("<IIIHHHHIQQQQQ16s16s16Q")


def sample(kernel: int, user: int, python: int, words: list[int], kind: int = 1) -> bytes:
    event = (5, 4, 3, 2)
    counts = (kernel, user, python)
    head = HEAD.pack(kind, 42, 43, *counts, 32, 0, 999, *event, b"worker", b"shop", *range(16))
    return head + struct.pack(f"<{len(words)}Q", *words)


def test_a_sample_has_its_frames_by_kind() -> None:
    record = decode_record(sample(1, 2, 2, [1, 10, 11, 100, 1 << 63 | 7, 5, 200, 8, 6]))
    assert record == SampleRecord(
        pid=42,
        tid=43,
        flags=32,
        monotonic_ns=999,
        thread_comm="worker",
        process_comm="shop",
        kernel=(1,),
        user=(10, 11),
        python=(PythonFrame(100, 7, True, 5), PythonFrame(200, 8, False, 6)),
        user_stack=tuple(range(16)),
        kind=RecordKind.SAMPLE,
        value=5,
        lasted_ns=4,
        ready_ns=3,
        argument=2,
    )


def test_events_are_samples_of_another_kind() -> None:
    for kind in (RecordKind.WAIT, RecordKind.FAULT, RecordKind.ALLOCATION):
        record = decode_record(sample(0, 0, 0, [], kind))
        assert isinstance(record, SampleRecord) and record.kind is kind


def test_a_span_stands_between_native_and_python_frames() -> None:
    trace_id, span_id = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    ids = struct.unpack("<3Q", bytes.fromhex(trace_id + span_id))
    raw = bytearray(sample(1, 1, 1, [1, 10, *ids, 100, 7, 5]))
    struct.pack_into("<H", raw, 18, 1 << 15)
    record = decode_record(bytes(raw))
    assert isinstance(record, SampleRecord)
    assert (record.trace_id, record.span_id) == (trace_id, span_id)
    assert (record.user, record.python) == ((10,), (PythonFrame(100, 7, False, 5),))


@given(
    st.lists(
        st.builds(
            lambda page, pages, offset, number: SeenArea(page, page + pages, offset, number),
            st.integers(0, 1 << 40).map(lambda page: page * 4096),
            st.integers(0, (1 << 32) - 1).map(lambda pages: pages * 4096),
            st.integers(0, 1 << 63),
            st.integers(0, (1 << 32) - 1),
        ),
        max_size=5,
    )
)
def test_code_that_was_met_stands_in_place_of_the_stack(areas: list[SeenArea]) -> None:
    words = [len(areas)]
    for area in areas:
        words += [area.start, area.offset, (area.end - area.start) // 4096 | area.object << 32]
    raw = bytearray(sample(0, 0, 0, []))
    struct.pack_into("<H", raw, 18, 1 << 14)
    struct.pack_into("<16Q", raw, HEAD.size - 128, *words, *[7] * (16 - len(words)))
    record = decode_record(bytes(raw))
    assert isinstance(record, SampleRecord)
    assert (record.areas, record.user_stack) == (tuple(areas), ())


def test_a_process_record_names_the_parent() -> None:
    raw = struct.pack("<IIIIQ", 3, 7, 6, 0, 1)
    assert decode_record(raw) == ProcessRecord(RecordKind.FORK, 7, 6)


def test_a_name_is_the_start_of_two_texts_as_they_lay() -> None:
    head = struct.pack("<IIQQII", 9, 7, 100, 5, 3, 512)
    raw = head + b"sumXX".ljust(208, b"Y") + b"f" * 512
    assert decode_record(raw) == NameRecord(7, 100, 5, b"sum", b"f" * 512)


def test_a_cut_record_is_an_error() -> None:
    with pytest.raises(ValueError, match="cut"):
        decode_record(sample(1, 2, 2, [1]))


@given(st.binary(max_size=800))
def test_hostile_records_raise_value_errors_only(raw: bytes) -> None:
    for attempt in (raw, b"\1\0\0\0" + raw, b"\2\0\0\0" + raw, b"\t\0\0\0" + raw):
        try:
            decode_record(attempt)
        except ValueError:
            continue
