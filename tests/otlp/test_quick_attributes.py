"""The walk over attributes writes, byte by byte, what Arrow's columns of values give."""

import ctypes
import random
import struct
from collections.abc import Sequence

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue

from otx.otlp import quick_attributes as quick
from otx.otlp.attribute_columns import attribute_texts
from otx.otlp.column_groups import Undecodable
from otx.otlp.json_columns import Column
from tests.otlp.messages import any_values

TEXTS = st.one_of(st.text(max_size=20), st.text('\x00\x1f\x7f"\\\n\té€😀 ab', max_size=40))
KEY_VALUES = st.builds(
    lambda key, value: KeyValue(key=key, value=value).SerializeToString(),
    TEXTS,
    st.one_of(any_values(), TEXTS.map(lambda text: AnyValue(string_value=text))),
)


@pytest.fixture(autouse=True)
def library(native: ctypes.CDLL, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quick, "library", lambda: native)


def column(lists: Sequence[Sequence[bytes]]) -> Column:
    return pa.array(lists, pa.list_(pa.binary()))


def texts_of(lists: Column) -> list[str] | None:
    """What becomes of lists; None where they are refused."""
    try:
        texts: list[str] = attribute_texts(lists).to_pylist()
    except Undecodable:
        return None
    return texts


def by_arrow(lists: Column) -> list[str] | None:
    """The same without the library."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(quick, "library", lambda: None)
        return texts_of(lists)


def key_value(value: AnyValue) -> bytes:
    return KeyValue(key="k", value=value).SerializeToString()


def left(lists: Sequence[Sequence[bytes]]) -> int:
    """How many attributes the library leaves."""
    seen: list[int] = []

    def members(key_values: Column) -> Column:
        seen.append(len(key_values))
        return pa.array(["?"] * len(key_values), pa.string())

    quick.quick_objects(column(lists), members)
    return sum(seen)


@given(st.lists(st.lists(KEY_VALUES, max_size=4), max_size=4))
def test_any_attributes_are_written_as_arrow_does(lists: list[list[bytes]]) -> None:
    made = column(lists)
    assert texts_of(made) is not None
    assert texts_of(made) == by_arrow(made)


@given(st.lists(KEY_VALUES, min_size=1, max_size=3), st.randoms(use_true_random=False))
def test_spoilt_attributes_are_what_arrow_makes_of_them(
    some: list[bytes], chance: random.Random
) -> None:
    spoilt = []
    for one in some:
        data = bytearray(one)
        at = chance.randrange(len(data) + 1)
        change = chance.randrange(3)
        if change == 0:
            data[at:] = b""
        elif change == 1:
            data[at:at] = data[at : at + chance.randrange(1, 6)]
        elif at < len(data):
            data[at] ^= 1 << chance.randrange(8)
        spoilt.append(bytes(data))
    made = column([spoilt])
    assert texts_of(made) == by_arrow(made)


@given(st.one_of(st.floats(), st.integers(-(10**12), 10**12).map(lambda n: n / 10**6)))
def test_every_double_is_written_as_arrow_does(value: float) -> None:
    made = column([[key_value(AnyValue(double_value=value))]])
    assert texts_of(made) == by_arrow(made)


@pytest.mark.parametrize(
    ("value", "is_left"),
    [
        (AnyValue(), False),
        (AnyValue(string_value="/cart"), False),
        (AnyValue(string_value='a"b\\c\n\x01'), False),
        (AnyValue(bool_value=False), False),
        (AnyValue(int_value=-(2**63)), False),
        (AnyValue(double_value=0.0), False),
        (AnyValue(double_value=-12.5), False),
        (AnyValue(double_value=100.0), False),
        (AnyValue(double_value=-0.0), True),
        (AnyValue(double_value=1 / 3), True),
        (AnyValue(double_value=1e6), True),
        (AnyValue(double_value=float("nan")), True),
        (AnyValue(bytes_value=b"x"), True),
        (AnyValue(array_value=ArrayValue(values=[AnyValue()])), True),
    ],
)
def test_what_is_rare_is_left(value: AnyValue, is_left: bool) -> None:
    lists = [[key_value(value)]]
    assert left(lists) == is_left
    assert texts_of(column(lists)) == by_arrow(column(lists))


def test_what_is_left_comes_to_its_place() -> None:
    plain, rare = AnyValue(int_value=1), AnyValue(bytes_value=b"x")
    lists = [[], [key_value(rare), key_value(plain), key_value(rare)], [], [key_value(rare)]]
    assert left(lists) == 3
    assert texts_of(column(lists)) == by_arrow(column(lists))


def test_a_part_of_a_column_is_read_as_such() -> None:
    values = [AnyValue(int_value=number) for number in range(8)]
    values[4] = AnyValue(bytes_value=b"x")
    whole = column([[key_value(one), key_value(AnyValue(string_value="t"))] for one in values])
    assert texts_of(whole.slice(3, 3)) == by_arrow(whole)[3:6]  # type: ignore[index]


def test_texts_that_grow_have_their_room() -> None:
    controls = AnyValue(string_value="\x01" * 10_000)
    made = column([[key_value(controls)]])
    assert texts_of(made) == by_arrow(made)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x0a\x01k",  # no value
        b"\x12\x02\x18\x01\x0a\x01k",  # the value first
        b"\x0a\x01k\x12\x02\x18\x01\x12\x02\x18\x02",  # two of them
        b"\x0a\x01k\x12\x04\x18\x01\x18\x02",  # a value in two fields
        b"\x0a\x01k\x12\x04\x18\x01\x10\x01",  # of two kinds
        b"\x0a\x01k\x12\x03\x10\x80\x00",  # a flag of two bytes
        b"\x0a\x01k\x12\x09\x21" + struct.pack("<d", 2.5),
        b"\x0a\x01k\x12\x0a\x21" + struct.pack("<d", 2.5) + b"\x00",
        b"\x0a\x01k\x12\x03\x0a\x01\xff",  # no UTF-8
        b"\x0a\x01\xff\x12\x02\x18\x01",
        b"\x0a\x7fk\x12\x02\x18\x01",  # a key that is cut off
    ],
)
def test_unusual_forms_are_what_arrow_makes_of_them(data: bytes) -> None:
    assert texts_of(column([[data]])) == by_arrow(column([[data]]))
