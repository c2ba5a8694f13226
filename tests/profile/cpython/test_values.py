"""Values as text, read from outside: those of this very process, and of wild memory."""

import collections
import enum
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.opamp.secret_names import is_secret_name
from otx.profile.cpython.detect import Interpreter, find_interpreter
from otx.profile.cpython.layout import FROZEN_LAYOUTS
from otx.profile.cpython.objects import OBJECT_LAYOUTS
from otx.profile.cpython.values import MORE, ValueReader
from otx.profile.maps import read_address_space
from otx.profile.memory import ProcessMemory
from otx.profile.objects import ObjectFiles
from otx.redacted import without_users
from tests.profile.fake_memory import BASE, FakeMemory, wild_memories

TextOf = Callable[[Any], str]


@pytest.fixture(scope="module")
def reader() -> Iterator[ValueReader]:
    pid = os.getpid()
    memory = ProcessMemory(pid)
    found = find_interpreter(pid, read_address_space(pid), memory, ObjectFiles())
    if not isinstance(found, Interpreter):
        pytest.skip("the objects of this interpreter are not read")
    form = OBJECT_LAYOUTS[found.version]
    yield ValueReader(memory, found.layout, form, is_secret_name, without_users)
    memory.close()


@pytest.fixture
def text_of(reader: ValueReader) -> TextOf:
    reader.renew()
    return lambda value: reader.text(id(value))


class Colour(enum.IntEnum):
    RED = 3


class Other:
    """Of a class that is not read into."""


small = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(1 << 1000), 1 << 1000),
    st.floats(),
    st.text(max_size=60),
    st.binary(max_size=60),
)
nested = st.recursive(
    small,
    lambda inner: st.one_of(
        st.lists(inner, max_size=8),
        st.lists(inner, max_size=8).map(tuple),
        st.dictionaries(st.integers() | st.text(max_size=8), inner, max_size=8),
    ),
    max_leaves=12,
)


def depth_of(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth_of, value.values()), default=-1)
    if isinstance(value, (list, tuple)):
        return 1 + max(map(depth_of, value), default=-1)
    return 0


def has_secrets(value: Any) -> bool:
    if isinstance(value, dict):
        return any(is_secret_name(str(key)) or has_secrets(it) for key, it in value.items())
    if isinstance(value, (list, tuple)):
        return any(map(has_secrets, value))
    return isinstance(value, (str, bytes)) and "://" in str(value)


@given(nested)
def test_small_values_are_as_the_interpreter_writes_them(reader: ValueReader, value: Any) -> None:
    reader.renew()
    if depth_of(value) <= 2 and not has_secrets(value):
        assert reader.text(id(value)) == repr(value)


def test_sets_have_their_items(text_of: TextOf) -> None:
    assert text_of({7}) == "{7}"
    assert text_of(frozenset({"a"})) == "frozenset({'a'})"
    assert text_of(set()) == "set()"
    without = {1, 2}
    without.discard(1)
    assert text_of(without) == "{2}"


def test_classes_derived_from_plain_ones_are_named(text_of: TextOf) -> None:
    pair = collections.namedtuple("pair", "x y")
    assert text_of(Colour.RED) == "Colour(3)"
    assert text_of(pair(1, 2)) == "pair((1, 2))"
    assert text_of(collections.OrderedDict(a=1)) == "OrderedDict({'a': 1})"


def test_other_objects_are_their_class_and_place(text_of: TextOf) -> None:
    other = Other()
    assert text_of(other) == f"<Other at {id(other):#x}>"
    assert text_of(vars(Other())) == "{}"


def test_a_class_that_calls_itself_int_is_not_read_as_one(text_of: TextOf) -> None:
    impostor = type("int", (), {})()
    assert text_of(impostor) == f"<int at {id(impostor):#x}>"


def test_what_is_long_or_deep_is_cut(text_of: TextOf) -> None:
    assert text_of("x" * 300) == repr("x" * 120) + MORE
    assert text_of(b"x" * 300) == repr(b"x" * 120) + MORE
    assert text_of(list(range(9))) == f"[0, 1, 2, 3, 4, 5, 6, 7, {MORE}]"
    assert text_of([[[1]]]) == f"[[[{MORE}]]]"
    assert text_of([[(1,)]]) == f"[[({MORE})]]"
    assert text_of({i: i for i in range(9)}).endswith(f"7: 7, {MORE}}}")
    assert text_of(1 << 2000) == "<int of 2010 bits>"


def test_dicts_with_shared_keys_and_deleted_entries(text_of: TextOf) -> None:
    instance, values = Other(), {"a": 1, "b": 2, "c": 3}
    instance.first, instance.second = 1, "two"  # type: ignore[attr-defined]
    assert text_of(vars(instance)) == "{'first': 1, 'second': 'two'}"
    del values["b"]
    assert text_of(values) == "{'a': 1, 'c': 3}"


def test_secrets_are_not_shown(reader: ValueReader, text_of: TextOf) -> None:
    assert reader.named("db_password", id("hunter2")) == "[redacted]"
    assert text_of({"api_key": "hunter2"}) == "{'api_key': [redacted]}"
    url = "postgres://me:hunter2@host/" + "x" * 200
    assert "hunter2" not in text_of(url) + text_of(url.encode())


def test_a_circle_is_cut_and_the_budget_ends_it_all(reader: ValueReader) -> None:
    circle: list[Any] = []
    circle.extend([circle] * 8)
    few = ValueReader(
        reader._memory, reader._layout, reader._form, is_secret_name, without_users, budget=3
    )
    assert few.text(id(circle)).count("[") <= 3
    assert few.text(id(circle)) == MORE


@given(wild_memories(), st.sampled_from(sorted(FROZEN_LAYOUTS)), st.integers(0, 255))
def test_wild_memory_ends_in_some_text(
    memory: FakeMemory, version: tuple[int, int], at: int
) -> None:
    form = OBJECT_LAYOUTS[version]
    reader = ValueReader(memory, FROZEN_LAYOUTS[version], form, is_secret_name, without_users)
    assert isinstance(reader.text(BASE + 8 * at), str)
    assert memory.reads < 200_000


@given(st.integers(0, (1 << 34) - 1), st.integers(0, (1 << 64) - 1), st.binary(max_size=64))
def test_objects_of_any_kind_and_size_end_in_some_text(flags: int, size: int, rest: bytes) -> None:
    head = [1, BASE, size, BASE + 256, BASE + 64, BASE + 64]
    raw = b"".join(word.to_bytes(8, "little") for word in head) + rest
    memory = FakeMemory(raw.ljust(168, b"\0") + flags.to_bytes(8, "little") + b"name\0" * 200)
    for version, form in OBJECT_LAYOUTS.items():
        layout = FROZEN_LAYOUTS.get(version)
        if layout is not None:
            reader = ValueReader(memory, layout, form, is_secret_name, without_users)
            assert isinstance(reader.text(BASE), str)
