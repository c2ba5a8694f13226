"""Values replaced in YAML: what has to change does, and every other byte stays."""

import textwrap
from typing import Any

import pytest
import yaml
from hypothesis import assume, example, given
from hypothesis import strategies as st

from otx.ottl.unit_tests.yaml_edit import CannotEdit, edited
from otx.ottl.yaml_places import YamlPath

CASES: list[tuple[str, str, YamlPath, Any, str | None]] = [
    ("a scalar", "a: 1 # c\nb: 2\n", ("a",), 3, "a: 3 # c\nb: 2\n"),
    ("the same scalar", "a: 'x'   # c\n", ("a",), "x", "a: 'x'   # c\n"),
    ("a text that needs quotes", "a: x\n", ("a",), "true", "a: 'true'\n"),
    ("a text of two lines", "a: x\n", ("a",), "x\ny", 'a: "x\\ny"\n'),
    ("nothing", "a: x\n", ("a",), None, "a: null\n"),
    ("bytes", "a: x\n", ("a",), b"hi", 'a: !!binary "aGk="\n'),
    ("a value that is not written", "a:\nb: 1\n", ("a",), 2, "a: 2\nb: 1\n"),
    ("a block scalar", "a: |\n  x\n  y\n\n# c\nb: 1\n", ("a",), "z", "a: z\n\n# c\nb: 1\n"),
    ("a list in brackets", "a: [0,  2] # c\n", ("a",), [1], "a: [1] # c\n"),
    ("within brackets", "a: {b: {c: 1}, d: 2}\n", ("a", "b"), {"c": "[x]"}, None),
    ("an entry of a block", "a:\n  # one\n  b: 1\n  c: 2\n", ("a",), {"b": 1, "c": 3}, None),
    (
        "entries that go and come",
        "a:\n  b: 1 # b\n  # about c\n  c: 2\nd: 1\n",
        ("a",),
        {"c": 2, "e": {"f": 1}},
        "a:\n  # about c\n  c: 2\n  e: {f: 1}\nd: 1\n",
    ),
    ("all entries go", "a:\n  b: 1\n  c: 2\nd: 1\n", ("a",), {}, "a: {}\nd: 1\n"),
    ("entries where none was", "a: {} # c\nb: 1\n", ("a",), {"x": 1}, "a: {x: 1} # c\nb: 1\n"),
    ("an element of a list", "- a\n- b # b\n", (1,), "c", "- a\n- c # b\n"),
    ("a list that grows", "a:\n  - 1\n  - 2\nb: 1\n", ("a",), [1, 2, 3], None),
    (
        "a new key",
        "a:\n  b: 1\n  # end\nc: 1\n",
        ("a", "d"),
        2,
        "a:\n  b: 1\n  d: 2\n  # end\nc: 1\n",
    ),
    ("a new key in brackets", "- {a: 1}\n", (0, "b"), {"c": 2}, "- {a: 1, b: {c: 2}}\n"),
    ("a new map opens a block", "- a: 1\n", (0, "b"), {"c": 2}, "- a: 1\n  b:\n    c: 2\n"),
    ("a new key at the end", "- a: 1", (0, "b"), [0], "- a: 1\n  b: [0]"),
    ("the first entry of an element", "- a: 1\n  b: 2\n", (0,), {"b": 2}, "- b: 2\n"),
    ("lines of Windows", "b:\r\n  c: 1\r\n", ("b", "d"), 2, "b:\r\n  c: 1\r\n  d: 2\r\n"),
    ("an odd key", "a: {b: 1}\n", ("a",), {'x["y"]': 1, "": 2}, None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("source", "path", "value", "wanted"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_a_value_is_replaced(source: str, path: YamlPath, value: Any, wanted: str | None) -> None:
    made = edited(source, "f.yaml", {path: value})
    if wanted is not None:
        assert made == wanted
    here = yaml.safe_load(made)
    for step in path:
        here = here[step]
    assert here == value


def test_long_values_become_blocks() -> None:
    value = {f"key_{number}": "x" * 30 for number in range(4)}
    made = edited("a: {}\nb: 1\n", "f.yaml", {("a",): value})
    lines = "".join(f"  key_{number}: {'x' * 30}\n" for number in range(4))
    assert made == f"a:\n{lines}b: 1\n"


def test_several_values_are_replaced_at_once() -> None:
    source = "tests:\n  - name: a\n    x: 1\n  - name: b\n    x: 1\n"
    made = edited(
        source, "f.yaml", {("tests", 0, "y"): 2, ("tests", 0, "z"): 3, ("tests", 1, "x"): 4}
    )
    assert made == ("tests:\n  - name: a\n    x: 1\n    y: 2\n    z: 3\n  - name: b\n    x: 4\n")


def test_what_an_anchor_shares_is_not_replaced() -> None:
    with pytest.raises(CannotEdit, match="anchors"):
        edited("a: &x {b: 1}\nc: *x\n", "f.yaml", {("c",): {"b": 2}})


def test_what_is_no_number_is_no_other_value_afterwards() -> None:
    assert edited("a: .nan\nb: 1\n", "f.yaml", {("b",): 1.0}) == "a: .nan\nb: 1.0\n"


def test_comments_between_entries_stay() -> None:
    source = textwrap.dedent(
        """\
        # head
        a:   # of a
          # of b
          b: 1   # behind b
          # of c
          c: {d: 1}   # behind c
          # end of a
        # tail
        """
    )
    made = edited(source, "f.yaml", {("a",): {"b": 2, "c": {"d": 1, "e": "x"}}})
    assert made == source.replace("b: 1 ", "b: 2 ").replace("{d: 1}", "{d: 1, e: x}")


KEYS = st.text(max_size=6)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=12)
    | st.binary(max_size=4)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
FRAMES = [
    "# head\nbefore: 1\nit:{}\nafter: {{x: 1}} # tail\n",
    "- other: 1\n- it:{}\n  after: 2\n",
]


@example(old=None, new="\x85", in_block=False, frame=FRAMES[0])
@example(old=None, new={"a\u2028b": ["\x85"]}, in_block=False, frame=FRAMES[1])
@given(old=VALUES, new=VALUES, in_block=st.booleans(), frame=st.sampled_from(FRAMES))
def test_any_value_takes_the_place_of_any_other(
    old: Any, new: Any, in_block: bool, frame: str
) -> None:
    text = yaml.safe_dump(old, default_flow_style=not in_block, width=1000, allow_unicode=True)
    text = text.removesuffix("...\n").rstrip("\n")
    assume("? " not in text)  # keys behind a question mark are refused, with a reason
    is_block = in_block and isinstance(old, (dict, list)) and bool(old)
    indent = "\n    " if is_block else " "
    source = frame.format(indent + text.replace("\n", "\n    "))
    path: YamlPath = ("it",) if frame is FRAMES[0] else (1, "it")
    made = edited(source, "f.yaml", {path: new})
    after = yaml.safe_load(made)
    assert (after["it"] if frame is FRAMES[0] else after[1]["it"]) == new
    assert made.startswith("# head\nbefore: 1\n" if frame is FRAMES[0] else "- other: 1\n")
    assert made.rstrip().endswith("after: {x: 1} # tail" if frame is FRAMES[0] else "after: 2")
