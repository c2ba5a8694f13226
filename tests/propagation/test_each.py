"""Streams of header sets: lines, blocks, and documents, however the bytes come."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.errors import UsageError
from otx.propagation.each import LOOKED_AT_BYTES, MAX_SET_BYTES, EachReader
from otx.propagation.inputs import HeaderSet
from tests.propagation.strategies import values

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def read(data: bytes, size: int = 1 << 20) -> list[HeaderSet]:
    reader = EachReader()
    chunks = [data[at : at + size] for at in range(0, len(data), size)]
    return [one for chunk in chunks for one in reader.feed(chunk)] + list(reader.finish())


def test_without_an_empty_line_every_line_is_a_set() -> None:
    sets = read(f"traceparent: {PARENT}\n{PARENT}\nb3: 0".encode())
    assert [one.pairs[0][0] for one in sets] == ["traceparent", "traceparent", "b3"]


@pytest.mark.parametrize("end", ["", "\n", "\n\n\n"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_with_one_a_set_is_what_stands_between(end: str, newline: str) -> None:
    text = f"traceparent: {PARENT}\ntracestate: a=1\n\n\ntraceparent: {PARENT}{end}"
    sets = read(text.replace("\n", newline).encode())
    assert [len(one.pairs) for one in sets] == [2, 1]


def test_one_block_alone_ends_in_an_empty_line() -> None:
    (one,) = read(f"traceparent: {PARENT}\ntracestate: a=1\n\n".encode())
    assert len(one.pairs) == 2


def test_json_objects_a_line_and_a_har_file() -> None:
    lines = read(b'{"b3": "0"}\n{"b3": "1"}\n')
    assert [one.pairs for one in lines] == [(("b3", "0"),), (("b3", "1"),)]
    request = b'{"method": "GET", "url": "/", "headers": [{"name": "b3", "value": "0"}]}'
    (one,) = read(b'{\n "log": {"entries": [{"request": ' + request + b"}]}}")
    assert one.request == "GET /"


def test_lines_are_given_before_the_stream_ends() -> None:
    reader = EachReader()
    line = f"traceparent: {PARENT}\n".encode()
    given_out = list(reader.feed(line * (LOOKED_AT_BYTES // len(line) + 1)))
    assert len(given_out) > 800
    assert len(list(reader.feed(line))) == 1


def test_what_is_kept_is_bounded() -> None:
    with pytest.raises(UsageError, match="longer than"):
        read(b"\n" + b"x" * (MAX_SET_BYTES + 1))
    with pytest.raises(UsageError, match="longer than"):
        read(b"\n" + b"a: b\n" * MAX_SET_BYTES, size=1 << 16)


@given(
    st.lists(st.one_of(values, st.just(""), st.just("b3: 0")), max_size=6),
    st.integers(1, 7),
)
def test_the_bytes_may_come_in_any_pieces(lines: list[str], size: int) -> None:
    data = "\n".join(lines).encode("utf-8", "replace")
    with suppress(UsageError):
        assert read(data, size) == read(data)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with suppress(UsageError):
        read(data)


@pytest.mark.parametrize("first", [PARENT, "  " + PARENT, "trace;desc=" + PARENT])
def test_a_value_without_a_name_is_answered_as_soon_as_its_line_ends(first: str) -> None:
    reader = EachReader()
    assert list(reader.feed(first.encode())) == []
    assert len(list(reader.feed(b"\n"))) == 1
    assert [one.pairs[0][0] for one in reader.feed(b"b3: 0\n")] == ["b3"]


@pytest.mark.parametrize(
    "lines",
    [
        [f"traceparent: {PARENT}"],
        [f"< traceparent: {PARENT}"],
        [f"TRACEPARENT={PARENT}"],
        ["b3: 0", "B3: 1", "b3=d"],
    ],
)
def test_a_pause_behind_lines_of_one_header_means_that_each_is_a_set(lines: list[str]) -> None:
    reader = EachReader()
    assert list(reader.feed("".join(f"{line}\n" for line in lines).encode())) == []
    was_undecided = reader.is_undecided
    assert len(list(reader.pause())) == len(lines)
    assert (was_undecided, reader.is_undecided) == (True, False)
    assert len(list(reader.feed(f"traceparent: {PARENT}\n".encode()))) == 1


@pytest.mark.parametrize(
    "text",
    [
        f"traceparent: {PARENT}",
        f"traceparent: {PARENT}\ntracestate: a=1\n",
        "*   Trying 127.0.0.1:8080...\n",
        "HOME=/root\n",
        f"host: localhost\ntraceparent: {PARENT}\n",
    ],
)
def test_a_pause_in_what_may_be_a_block_decides_nothing(text: str) -> None:
    reader = EachReader()
    sets = [*reader.feed(text.encode()), *reader.pause(), *reader.feed(b"\n\n")]
    assert len(sets) == 1


@given(
    st.lists(st.sampled_from([PARENT, f"traceparent: {PARENT}", "tracestate: a=1", "", "b3: 0"]))
)
def test_pauses_lose_nothing_and_show_nothing_twice(lines: list[str]) -> None:
    reader = EachReader()
    sets = []
    for line in lines:
        sets += [*reader.feed(f"{line}\n".encode()), *reader.pause()]
    sets += reader.finish()
    assert sum(len(one.pairs) for one in sets) == sum(map(bool, lines))
