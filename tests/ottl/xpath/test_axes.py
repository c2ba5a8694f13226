"""Axes and node tests over a small tree."""

from typing import get_args

import pytest

from otx.ottl.xml.tree import Attribute, Item, Kind, Node, parse_tree
from otx.ottl.xpath.axes import passes, runs, string_value
from otx.ottl.xpath.syntax import Axis, NodeTest

TREE = parse_tree("<r><a x='1'/> <b><c/>t</b><!--n--> <d/></r>")


def name(item: Item) -> str:
    if isinstance(item, Attribute):
        return f"@{item.local}"
    return {Kind.DOCUMENT: "/", Kind.TEXT: "text", Kind.COMMENT: "comment"}.get(
        item.kind, item.data
    )


def find(wanted: str, node: Node = TREE) -> Node:
    waiting = [node]
    while waiting:
        found = waiting.pop()
        if found.data == wanted:
            return found
        waiting += found.children()
    raise AssertionError(wanted)


@pytest.mark.parametrize(
    ("axis", "names"),
    [
        ("ancestor", ["r", "/"]),
        ("ancestor-or-self", ["b", "r", "/"]),
        ("attribute", []),
        # Blank text is passed over, but where it is a first child.
        ("child", ["c", "text"]),
        ("descendant", ["c", "text"]),
        ("descendant-or-self", ["b", "c", "text"]),
        ("following", ["comment", "d"]),
        ("following-sibling", ["comment", "d"]),
        ("parent", ["r"]),
        ("preceding", ["a"]),
        ("preceding-sibling", ["a"]),
        ("self", ["b"]),
    ],
)
def test_axes_of_an_element(axis: Axis, names: list[str]) -> None:
    assert [name(item) for run in runs(axis, find("b")) for item in run] == names


def test_every_axis_takes_an_attribute() -> None:
    (attribute,) = find("a").attributes
    found = {
        axis: [name(i) for run in runs(axis, attribute) for i in run] for axis in get_args(Axis)
    }
    assert found["parent"] == ["a"]
    assert found["self"] == ["@x"]
    assert found["child"] == found["attribute"] == found["following-sibling"] == []
    assert found["following"] == ["b", "c", "text", "comment", "d"]


@pytest.mark.parametrize(
    ("text", "test", "is_passed"),
    [
        ("<a/>", NodeTest("element"), True),
        ("<a/>", NodeTest("element", local="b"), False),
        ("<p:a xmlns:p='u'/>", NodeTest("element", local="a"), False),
        ("<p:a xmlns:p='u'/>", NodeTest("element", "p", "a"), True),
        ("<a/>", NodeTest("text"), False),
        ("<a/>", NodeTest("node"), True),
    ],
)
def test_node_tests(text: str, test: NodeTest, is_passed: bool) -> None:
    (element,) = parse_tree(text).children()
    assert passes(element, test) is is_passed


def test_instructions_count_as_elements_and_cdata_as_text() -> None:
    (a,) = parse_tree("<a><?i x?><![CDATA[t]]></a>").children()
    instruction, cdata = a.children()
    assert passes(instruction, NodeTest("element", local="i"))
    assert passes(cdata, NodeTest("text"))
    assert (string_value(instruction), string_value(cdata), string_value(a)) == ("", "", "t")
