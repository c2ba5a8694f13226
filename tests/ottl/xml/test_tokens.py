"""The tokens of XML, and the texts that have none."""

import pytest

from otx.ottl.errors import ExecutionError
from otx.ottl.xml.tokens import (
    Comment,
    Directive,
    End,
    Instruction,
    InvalidXml,
    Name,
    Start,
    Text,
    Token,
    TokenReader,
)


def read(text: str, *, knows_charsets: bool = True) -> list[Token]:
    return list(TokenReader(text, knows_charsets=knows_charsets).tokens())


def test_every_kind_of_token() -> None:
    text = (
        "<?xml version='1.0'?><!DOCTYPE a '>' [<!x> <!-- > -->]>"
        't<a b = "&lt;" /><!--c--><![CDATA[]]>'
    )
    a = Name("", "a")
    assert read(text) == [
        Instruction("xml", "version='1.0'"),
        Directive("DOCTYPE a '>' [<!x>  ]"),
        Text("t", False),
        Start(a, "", [(Name("", "b"), "<")]),
        End(a),
        Comment("c"),
        Text("", True),
    ]


def test_namespaces_are_resolved() -> None:
    text = "<a:b xmlns:a='u' xmlns='v' a:x='1' y='2' z:w='3'><c xml:id=''/></a:b>"
    outer, inner, *ends = read(text)
    assert isinstance(outer, Start) and isinstance(inner, Start)
    assert outer.name == Name("u", "b")
    assert [name for name, _ in outer.attributes] == [
        Name("xmlns", "a"),
        Name("", "xmlns"),
        Name("u", "x"),
        Name("", "y"),
        Name("z", "w"),
    ]
    assert inner.name == Name("v", "c")
    assert inner.attributes[0][0] == Name("http://www.w3.org/XML/1998/namespace", "id")
    assert ends == [End(inner.name), End(outer.name)]


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("&lt;&gt;&amp;&apos;&quot;&#65;&#x42;", "<>&'\"AB"),
        ("&#xD800;", "\ufffd"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("]]&gt;", "]]>"),
        ("é日😀", "é日😀"),
    ],
)
def test_text(text: str, data: str) -> None:
    assert read(text) == [Text(data, False)]


@pytest.mark.parametrize(
    "text",
    [
        "<a",
        "<a>",
        "</a>",
        "<a></b>",
        "<a><b></a></b>",
        "<p:a xmlns:p=''></q:a>",
        "< a/>",
        "<1/>",
        "<a b/>",
        "<a b=x/>",
        "<a b='<'/>",
        "<a b='x/>",
        "<a / >",
        "<a:b:c/>",
        "</>",
        "<a></a x>",
        "&x;",
        "&lt",
        "&;",
        "&#;",
        "&#0;",
        "&#x110000;",
        "&#99999999999999999999;",
        "]]>",
        "\x01",
        "\udcff",
        "\ufffe",
        "<!-- -- -->",
        "<!--",
        "<![CDATA[",
        "<![X",
        "<!DOCTYPE",
        "<!a '>",
        "<?",
        "<?a",
        "<?xml version='1.1'?>",
        "<?xml encoding='nope'?>",
        "<a \udcff='1'/>",
        "<!a <!-- >",
    ],
)
def test_what_is_no_xml(text: str) -> None:
    with pytest.raises(ExecutionError):
        read(text)


def test_another_charset_is_believed_where_charsets_are_known() -> None:
    text = "<?xml version='1.0' encoding='ISO-8859-1'?>é"
    assert read(text)[1] == Text("Ã©", False)
    with pytest.raises(InvalidXml):
        read(text, knows_charsets=False)


def test_entities_of_a_document_type_are_unknown() -> None:
    with pytest.raises(InvalidXml):
        read('<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>')
