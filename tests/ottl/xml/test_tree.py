"""Trees of XML: how they are hung, changed and written."""

import pytest

from otx.ottl.errors import ExecutionError
from otx.ottl.xml import tree
from otx.ottl.xml.tokens import InvalidXml
from otx.ottl.xml.tree import Kind, Node, escape, parse_tree, write_tree


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("<a/>", "<a></a>"),
        ("<a>x</a>\n<b/>t", "<a>x</a>\n<b></b>t"),
        ("text<!--c--><a/>", "<a></a>"),
        (
            "<?xml version='1.0' encoding=\"UTF-8\"?>\n<a/>",
            '<?xml version="1.0" encoding="UTF-8"?>\n<a></a>',
        ),
        ("<?foo bar?><a/>", "<a></a>"),
        ("<a><?foo  b='1' ?><?x?></a>", "<a><?foo b='1'?><?x?></a>"),
        ("<!DOCTYPE a><a/><!DOCTYPE b>", "<a></a><!DOCTYPE b>"),
        ("<a>&lt;\"'<![CDATA[<&]]></a>", "<a>&lt;&#34;&#39;<![CDATA[<&]]></a>"),
        ("<a b='&quot;'/>", '<a b="&#34;"></a>'),
        ("<p:a xmlns:p='u'/>", '<p:a xmlns:p="u"></p:a>'),
        # Of two prefixes of one namespace the last one is known.
        ("<p:a xmlns:p='u' xmlns:q='u' p:x='1'/>", '<a xmlns:p="u" xmlns:q="u" q:x="1"></a>'),
        ("<a xml:space='default'> x <b> y </b></a>", '<a xml:space="default">x<b>y</b></a>'),
        (
            "<a xml:space='default'><b xml:space='preserve'> y </b></a>",
            '<a xml:space="default"><b xml:space="preserve"> y </b></a>',
        ),
    ],
)
def test_what_is_read_is_written(text: str, written: str) -> None:
    assert write_tree(parse_tree(text)) == written


@pytest.mark.parametrize("text", ["", " ", "text", "<!--c-->", "<p:a/>", "<?xml version='1.0'?>"])
def test_what_has_no_tree(text: str) -> None:
    with pytest.raises(InvalidXml):
        parse_tree(text)


def test_nodes_are_added_and_removed() -> None:
    document = parse_tree("<a><b/>x<c/></a>")
    (a,) = document.children()
    b, x, c = a.children()
    x.remove()
    x.remove()
    assert (b.next, c.previous) == (c, b)
    c.remove()
    b.remove()
    assert (a.first_child, a.last_child) == (None, None)
    a.add(x)
    assert write_tree(document) == "<a>x</a>"


def test_inner_text_leaves_comments_out() -> None:
    document = parse_tree("<a>1<b>2<c/></b><!--n--><![CDATA[3]]>4</a>")
    assert document.inner_text() == "1234"


def test_a_very_deep_tree_is_read_and_written() -> None:
    depth = 50_000
    text = "<a>" * depth + "x" + "</a>" * depth
    document = parse_tree(text)
    assert write_tree(document) == text
    assert document.inner_text() == "x"


def test_a_node_in_its_own_children_is_not_written_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tree, "MAX_WRITTEN", 100)
    document, node = Node(Kind.DOCUMENT), Node(Kind.ELEMENT, "a")
    document.add(node)
    node.add(node)
    with pytest.raises(ExecutionError):
        write_tree(document)


def test_references() -> None:
    assert escape("<a & 'b'>") == "&lt;a &amp; &#39;b&#39;&gt;"
