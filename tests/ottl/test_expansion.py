"""Variables as the Collector's confmap (v1.71) expands them; the cases were run through it."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.errors import UsageError
from otx.ottl.expansion import find_reference
from otx.ottl.processors.transform import read_transform
from otx.ottl.yaml_places import YamlInvalid, as_data, as_text
from otx.ottl.yaml_reading import load_yaml

VARIABLES = {
    "A": "alpha",
    "N": "12",
    "IND": "A",
    "QUOTED": '"q"',
    "EMPTY": "",
    "MAP": "a: ${A}\nn: 12",
    "BAD": "[",
    "DOLLARS": "a$$${env:A}b",
    "ESCAPED": "a$${env:A}b",
    "SELF": "${env:SELF}",
    "STATEMENT": 'set(log.body, "x: y")',
    "LIST": "- 'set(log.body, \"${env:A}\")'\n- set(log.severity_text, nil)",
}


def value(text: str) -> Any:
    document = load_yaml(f"t: '{text}'\n", "f.yaml", VARIABLES)
    return document.data["t"]


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("${env:A}", "alpha"),
        ("${A}-${N}", "alpha-12"),
        ("${env:${env:IND}}", "alpha"),
        ("${yaml:abc}", "abc"),
        ("$$", "$"),
        ("$1 $$1 $A", "$1 $1 $A"),
        ("$${A}", "${A}"),
        ("$$${A}", "$alpha"),
        ("${QUOTED}", '"q"'),
        ("${BAD}", "["),
        ("${DOLLARS}", "a$alphab"),
        ("${ESCAPED}", "a${env:A}b"),
        ("${env:NONE:-rest}", "rest"),
        ("${env:NONE:-}x", "x"),
        ("<${N}>", "<12>"),
        ("} ${ A", "} ${ A"),
    ],
)
def test_references_are_expanded_from_the_innermost_out(text: str, expanded: str) -> None:
    assert value(text) == expanded


@pytest.mark.parametrize(
    ("text", "data"),
    [("${N}", 12), ("${EMPTY}", None), ("${yaml:true}", True), ("${yaml:1.5}", 1.5)],
)
def test_one_reference_alone_is_what_yaml_reads_and_keeps_its_text(text: str, data: Any) -> None:
    found = value(text)
    assert isinstance(found, str)
    assert as_data(found) == data
    assert as_data("x") == "x"


def test_lists_and_maps_come_out_of_variables_with_the_place_of_the_reference() -> None:
    document = load_yaml("a: 1\nt: ${env:LIST}\n", "f.yaml", VARIABLES)
    assert document.data["t"] == ['set(log.body, "alpha")', "set(log.severity_text, nil)"]
    place = document.place(("t", 1), 9)
    assert (place.line, place.column) == (2, 4)
    found = value("${MAP}")
    assert {key: as_data(one) for key, one in found.items()} == {"a": "alpha", "n": 12}
    assert as_text(found) == "a: alpha\nn: 12"


def test_statements_may_stand_in_variables() -> None:
    source = "log_statements: ${env:LIST}\n"
    read_transform(load_yaml(source, "f.yaml", VARIABLES).data)
    # YAML reads a map in it, but a text is wanted there.
    source = "log_statements: [{statements: ['${env:STATEMENT}']}]\n"
    read_transform(load_yaml(source, "f.yaml", VARIABLES).data)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a ${1}", "${1}: '1' cannot be the name of a variable"),
        ("${env:1X}", "'1X' cannot be the name"),
        ("${}", "'' cannot be the name"),
        ("${A:-x}", "is no reference: write ${env:NAME}"),
        ("${NAME:-x}", "there is no provider 'NAME'; write ${env:NAME}"),
        ("${env:A$}", "a $ cannot stand in a reference"),
        ("${SELF}", "too many expansions"),
    ],
)
def test_what_a_collector_does_not_start_with_is_named_with_its_place(
    text: str, message: str
) -> None:
    with pytest.raises(YamlInvalid) as caught:
        value(text)
    assert message in caught.value.message
    assert caught.value.message.startswith(f"f.yaml:1:{5 + text.find('${')}: ")


def test_what_other_providers_say_is_left_and_told() -> None:
    document = load_yaml("t: ${file:a.yaml} ${N}\n", "f.yaml", VARIABLES)
    assert document.data == {"t": "${file:a.yaml} 12"}
    assert [one.text for one in document.warnings] == ["${file:a.yaml} is not read here"]


def test_some_paths_may_be_left_alone() -> None:
    source = "a: ${N}\nb: [$$, '${1}']\n"
    document = load_yaml(source, "f.yaml", VARIABLES, lambda path: path[0] != "b")
    assert document.data == {"a": "12", "b": ["$$", "${1}"]}


def test_several_documents_are_told_as_what_they_are() -> None:
    with pytest.raises(UsageError, match=r"f:2:1: no YAML: several documents, and a Collector's"):
        load_yaml("a: 1\n---\nb: 2\n", "f")


@given(
    st.lists(st.sampled_from(["$", "${", "}", "A", "env:", "yaml:", ":-", "N", "1"]), max_size=9)
)
def test_no_text_is_a_fault(parts: list[str]) -> None:
    text = "".join(parts)
    reference = find_reference(text)
    assert reference in text
    with contextlib.suppress(UsageError):
        value(text)
