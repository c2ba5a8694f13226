"""Sections of paths: numbers that are cut, texts that are bytes, ids that are hex."""

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.ottl.contexts.accessor import Accessor, group, hex_bytes, hopped, integer, text, time
from otx.ottl.errors import ExecutionError
from otx.ottl.values import Time

INT64 = st.integers(-(1 << 63), (1 << 63) - 1)


def record(**fields: Any) -> Any:
    return SimpleNamespace(item=SimpleNamespace(**fields))


def written(accessor: Accessor, value: Any, name: str = "field") -> Any:
    """What a field holds after it was written, and what it reads as."""
    one = record(**{name: None})
    assert accessor.set is not None
    accessor.set(one, value)
    return getattr(one.item, name), accessor.get(one)


@given(INT64)
def test_a_64_bit_number_is_what_was_written(value: int) -> None:
    assert written(integer("field"), value) == (value, value)
    # One that OTLP has as unsigned is shown as int64 all the same.
    kept, shown = written(integer("field", signed=False), value)
    assert (kept % (1 << 64), shown) == (value % (1 << 64), value)
    assert kept >= 0


@given(INT64)
def test_a_32_bit_number_is_cut(value: int) -> None:
    signed, unsigned = integer("field", 32), integer("field", 32, signed=False)
    assert written(signed, value)[1] == (value + (1 << 31)) % (1 << 32) - (1 << 31)
    assert written(unsigned, value)[1] == value % (1 << 32)


@pytest.mark.parametrize("value", [True, 1.0, "1", None])
def test_an_integer_takes_no_other_kind(value: Any) -> None:
    with pytest.raises(ExecutionError, match="field takes an int"):
        written(integer("field"), value)


@given(st.text() | st.binary().map(lambda data: data.decode("utf-8", "surrogateescape")))
def test_a_text_is_kept_as_bytes(value: str) -> None:
    assert written(text("field"), value)[1] == value


@given(INT64)
def test_a_moment_is_kept_as_nanoseconds(value: int) -> None:
    assert written(time("field", "field"), Time(value))[1] == Time(value)


@given(st.binary(min_size=8, max_size=8))
def test_an_id_has_a_hex_text(raw: bytes) -> None:
    assert hex_bytes(raw.hex(), 8) == raw == hex_bytes(raw.hex().upper(), 8)


@pytest.mark.parametrize(
    "value", ["", "00", "0" * 15, "0" * 17, "0" * 18, "z" * 16, "00 " * 8, "０" * 16]
)
def test_other_texts_are_no_ids(value: str) -> None:
    with pytest.raises(ExecutionError, match="no hex text of 8 bytes"):
        hex_bytes(value, 8)


def test_a_parent_is_read_and_written_from_its_child() -> None:
    parent = record(field=1, other=b"x")
    child = SimpleNamespace(parent=parent)
    inner = Accessor("a", lambda one: one, None, sections={"s": integer("field")}, is_nullable=True)
    above = hopped(inner, lambda one: one.parent)
    assert above.get(child) is parent
    assert (above.set, above.is_nullable) == (None, True)
    section = above.sections["s"]
    assert section.set is not None
    section.set(child, 5)
    assert section.get(child) == parent.item.field == 5


def test_a_group_stays_a_group_from_below() -> None:
    above = hopped(group(inner=integer("field")), lambda one: one)
    assert above.is_group
    assert list(above.sections) == ["inner"]
