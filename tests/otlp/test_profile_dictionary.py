"""Frames are named as everywhere in otx, whatever a sender knows of them."""

import pytest
from opentelemetry.proto.profiles.v1development.profiles_pb2 import ProfilesDictionary

from otx.otlp.profile_dictionary import BadIndex, Dictionary
from otx.otlp.profile_rules import FRAME_TYPE


def frames(
    *,
    name: str = "",
    system_name: str = "",
    file: str = "",
    kind: str = "",
    mapping: tuple[str, int, int] | None = None,
    address: int = 0,
) -> list[str]:
    """The stack of one location with one line, or with none where nothing has a name."""
    tables = ProfilesDictionary(string_table=["", name, system_name, file, FRAME_TYPE, kind])
    for table in (
        tables.mapping_table,
        tables.location_table,
        tables.function_table,
        tables.stack_table,
        tables.attribute_table,
    ):
        table.add()
    tables.function_table.add(name_strindex=1, system_name_strindex=2, filename_strindex=3)
    tables.attribute_table.add(key_strindex=4).value.string_value_strindex = 5
    location = tables.location_table.add(address=address)
    if name or system_name:
        location.lines.add(function_index=1)
    if kind:
        location.attribute_indices.append(1)
    if mapping:
        tables.string_table.append(mapping[0])
        tables.mapping_table.add(
            filename_strindex=6, memory_start=mapping[1], file_offset=mapping[2]
        )
        location.mapping_index = 1
    tables.stack_table.add(location_indices=[1])
    dictionary = Dictionary(tables)
    return dictionary.stacks()[dictionary.checked_stack(1)]


def test_a_compiled_function_is_its_name() -> None:
    assert frames(name="main", file="/src/main.c", kind="native") == ["main"]
    assert frames(system_name="_ZN1a") == ["_ZN1a"]


def test_an_interpreters_function_has_its_file() -> None:
    assert frames(name="handle", file="/srv/app/views.py", kind="cpython") == ["handle (views.py)"]


def test_a_kernel_function_is_marked_once() -> None:
    assert frames(name="do_syscall_64", kind="kernel") == ["do_syscall_64_[k]"]
    assert frames(name="do_syscall_64_[k]", kind="kernel") == ["do_syscall_64_[k]"]


def test_what_has_no_symbol_is_a_place_in_its_file() -> None:
    assert frames(mapping=("/usr/lib/lib.so", 0x1000, 0x20), address=0x2F0E) == ["[lib.so+0x1f2e]"]
    assert frames(address=0x10) == ["[0x10]"]
    assert frames() == ["[unknown]"]


def test_inlined_calls_and_stacks_are_root_first() -> None:
    tables = ProfilesDictionary(string_table=["", "inlined", "caller", "root"])
    for table in (tables.location_table, tables.function_table, tables.stack_table):
        table.add()
    for name in (1, 2, 3):
        tables.function_table.add(name_strindex=name)
    leaf = tables.location_table.add()
    leaf.lines.add(function_index=1)
    leaf.lines.add(function_index=2)
    tables.location_table.add().lines.add(function_index=3)
    tables.stack_table.add(location_indices=[1, 2])
    dictionary = Dictionary(tables)
    assert dictionary.checked_stack(1) == dictionary.checked_stack(1) == 0
    assert dictionary.stacks() == [["root", "caller", "inlined"]]


def test_index_zero_is_nothing_even_without_tables() -> None:
    dictionary = Dictionary(ProfilesDictionary())
    assert dictionary.text(0) == ""
    assert dictionary.stacks()[dictionary.checked_stack(0)] == []
    assert dictionary.links()[dictionary.checked_link(0)] == ("", "")
    assert dictionary.attributes_text([0]) == "{}"
    with pytest.raises(BadIndex, match="no string 1 in a table of 0"):
        dictionary.text(1)
