"""What is written is read back; what is torn or hostile ends the log and nothing else."""

from hypothesis import given
from hypothesis import strategies as st

from otx.model.signal import Signal
from otx.store.log_format import (
    FILE_HEADER_BYTES,
    FileHeader,
    decode_file_header,
    decode_records,
    encode_file_header,
    encode_record_header,
    record_length,
)

RECORDS = st.lists(
    st.tuples(st.sampled_from(Signal), st.binary(max_size=200), st.integers(0, 2**64 - 1)),
    max_size=8,
)


def encode(records: list[tuple[Signal, bytes, int]]) -> bytes:
    return b"".join(
        encode_record_header(signal, body, received) + body for signal, body, received in records
    )


@given(RECORDS, st.integers(0, 2**40))
def test_records_come_back(records: list[tuple[Signal, bytes, int]], base: int) -> None:
    data = encode(records)
    read = list(decode_records(data, base))
    assert [(one.signal, one.body, one.received_unix_nano) for one in read] == records
    assert [one.start for one in read[1:]] == [one.end for one in read[:-1]]
    if read:
        assert (read[0].start, read[-1].end) == (base, base + len(data))


@given(RECORDS.filter(bool), st.data())
def test_a_torn_tail_loses_only_the_torn_record(
    records: list[tuple[Signal, bytes, int]], data: st.DataObject
) -> None:
    whole = encode(records)
    cut = data.draw(st.integers(0, len(whole) - 1))
    read = list(decode_records(whole[:cut], 0))
    assert [(one.signal, one.body, one.received_unix_nano) for one in read] == records[: len(read)]
    complete = [len(encode(records[: n + 1])) <= cut for n in range(len(records))]
    assert len(read) == sum(complete)


@given(RECORDS.filter(bool), st.data())
def test_a_changed_byte_ends_the_log_there(
    records: list[tuple[Signal, bytes, int]], data: st.DataObject
) -> None:
    whole = bytearray(encode(records))
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= data.draw(st.integers(1, 255))
    hit = next(n for n in range(len(records)) if at < len(encode(records[: n + 1])))
    assert len(list(decode_records(bytes(whole), 0))) == hit


@given(st.binary(max_size=300))
def test_hostile_bytes_are_read_or_refused(data: bytes) -> None:
    for record in decode_records(data, 0):
        assert record.end <= len(data)
    decode_file_header(data)
    record_length(data)


def test_zeros_are_no_record() -> None:
    assert list(decode_records(bytes(4096), 0)) == []


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_file_headers_come_back(number: int, previous_end: int) -> None:
    header = FileHeader(number, previous_end)
    encoded = encode_file_header(header)
    assert len(encoded) == FILE_HEADER_BYTES
    assert decode_file_header(encoded) == header
    assert decode_file_header(encoded[:-1]) is None
    assert decode_file_header(b"x" + encoded[1:]) is None
