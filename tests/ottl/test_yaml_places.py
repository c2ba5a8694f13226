"""Where a character of a text stands in the file, however YAML holds the text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.errors import UsageError
from otx.ottl.yaml_nodes import MAX_NODES
from otx.ottl.yaml_places import YamlWarning
from otx.ottl.yaml_reading import load_yaml

SOURCE = """\
list:
  - plain text here
  - 'single ''quoted'' here'
  - "double \\"quoted\\" \\x41 here"
  - >
    folded
    over here
  - |
    literal
      indented here
  - plain
    folded here
"""


@pytest.mark.parametrize(
    ("number", "place"),
    [(0, (2, 16)), (1, (3, 24)), (2, (4, 29)), (3, (7, 10)), (4, (10, 16)), (5, (12, 12))],
)
def test_a_character_is_found_in_every_style(number: int, place: tuple[int, int]) -> None:
    document = load_yaml(SOURCE, "f.yaml", {})
    text = document.data["list"][number]
    found = document.place(("list", number), text.index("here"))
    assert (found.line, found.column) == place
    assert found.text[found.column - 1 :].startswith("here")


def test_variables_are_expanded_as_the_collector_does_and_the_way_back_is_kept() -> None:
    source = 'a: "${env:NAME} $$1 $1 ${NAME} ${env:NONE:-rest} end"\nb: ${env:NONE}\n'
    document = load_yaml(source, "f.yaml", {"NAME": "value"})
    assert document.data["a"] == "value $1 $1 value rest end"
    end = document.place(("a",), document.data["a"].index("end"))
    assert end.text[end.column - 1 :] == 'end"'
    assert document.data["b"] == ""
    text = "NONE is not set: it becomes empty text"
    assert document.warnings == [YamlWarning(source.index("${env:NONE}\n"), 11, text)]


def test_a_variable_that_is_not_set_is_told_once_where_it_stands_first() -> None:
    source = 'a: "x ${env:B} ${env:N}"\nb: [\'${N}\', "${env:${env:B}}"]\nc: ${env:N}\n'
    warnings = load_yaml(source, "f.yaml", {"B": "M"}).warnings
    assert [source[one.index : one.index + one.width] for one in warnings] == [
        "${env:N}",
        "${env:${env:B}}",
    ]


def test_without_variables_a_dollar_is_a_dollar() -> None:
    assert load_yaml("a: $$1 ${env:X}", "f.yaml").data == {"a": "$$1 ${env:X}"}


def test_types_are_those_of_yaml_and_merge_keys_merge() -> None:
    source = "x: &x {a: 1, b: 2.5}\ny: {<<: *x, b: true, c: null}\n"
    assert load_yaml(source, "f").data == {
        "x": {"a": 1, "b": 2.5},
        "y": {"a": 1, "b": True, "c": None},
    }


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("a: [1", "f:2:1: no YAML"),
        ("a: &x [*x]", "f:1:4: an anchor that contains itself"),
        ("a: 1\na: 2", "f:2:1: the key 'a' twice"),
        ("a: *nothing", "f:1:4: no YAML"),
        ("? [1]\n: 2", "f:1:3: a key that is no text"),
        ("a: " + "[" * 200 + "]" * 200, "nested deeper than 100 levels"),
        ("\x00", "no YAML"),
    ],
)
def test_what_is_no_configuration_is_named_with_its_place(source: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        load_yaml(source, "f", {})
    assert message in caught.value.message


def test_aliases_cannot_make_a_small_file_large() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    with pytest.raises(UsageError, match=f"more than {MAX_NODES} values"):
        load_yaml("\n".join(lines), "f")


@given(st.text(max_size=60))
def test_no_text_is_a_fault(source: str) -> None:
    try:
        document = load_yaml(source, "f", {})
    except UsageError:
        return
    document.place(("a", 0), 5)


@given(st.lists(st.sampled_from(["a", "'", '"', "\\", " ", "é", "#", ":", "x y"]), max_size=12))
def test_a_written_scalar_reads_back(parts: list[str]) -> None:
    text = "s" + "".join(parts) + "e"
    for style, quoted in (("'", "'old'"), ('"', '"old"')):
        document = load_yaml(f"a: {quoted}\n", "f")
        span = document.scalar(("a",))
        assert span is not None
        assert span.style == style
        assert load_yaml(f"a: {span.written(text)}\n", "f").data == {"a": text}
