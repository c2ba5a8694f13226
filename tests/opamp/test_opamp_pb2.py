"""The generated classes are those of proto/opamp.proto."""

import re
from pathlib import Path

import pytest

from otx.opamp.opamp_pb2 import DESCRIPTOR

PROTO = (Path(__file__).parents[2] / "proto" / "opamp.proto").read_text()
ENUMS: dict[str, str] = dict(re.findall(r"^enum (\w+) \{(.*?)^\}$", PROTO, re.M | re.S))


def test_nothing_is_missing() -> None:
    assert set(DESCRIPTOR.message_types_by_name) == set(re.findall(r"^message (\w+)", PROTO, re.M))
    assert set(DESCRIPTOR.enum_types_by_name) == set(ENUMS)


@pytest.mark.parametrize("name", sorted(DESCRIPTOR.message_types_by_name))
def test_fields_have_their_numbers(name: str) -> None:
    start = PROTO.index(f"message {name} {{")
    body = PROTO[start : PROTO.index("\n}", start)] if "{}" not in PROTO[start : start + 60] else ""
    written = {word: int(number) for word, number in re.findall(r"(\w+) = (\d+);", body)}
    fields = DESCRIPTOR.message_types_by_name[name].fields
    assert {field.name: field.number for field in fields} == written


@pytest.mark.parametrize("name", sorted(ENUMS))
def test_enums_have_their_values(name: str) -> None:
    written = {word: int(n, 0) for word, n in re.findall(r"(\w+) = (\w+);", ENUMS[name])}
    values = DESCRIPTOR.enum_types_by_name[name].values
    assert {value.name: value.number for value in values} == written
