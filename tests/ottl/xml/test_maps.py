"""XML as maps, in full and simplified."""

from typing import Any

import pytest

from otx.ottl.xml.maps import full_map, simplified_map
from otx.ottl.xml.tokens import InvalidXml


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("<a/>", {"tag": "a"}),
        ("<!--c--> <a>\n x <![CDATA[ y ]]><!--c-->z</a>", {"tag": "a", "content": "xyz"}),
        (
            '<p:a xmlns:p="u" p:b="1" b="2"><c/><d>t</d></p:a>',
            {
                "tag": "a",
                "attributes": {"p": "u", "b": "2"},
                "children": [{"tag": "c"}, {"tag": "d", "content": "t"}],
            },
        ),
    ],
)
def test_full_maps(text: str, value: dict[str, Any]) -> None:
    assert full_map(text) == value


@pytest.mark.parametrize(
    "text", ["", "x", "<a>", "<a/> ", "<a/><b/>", "<a/><!--c-->", "<?xml encoding='latin1'?><a/>"]
)
def test_what_has_no_full_map(text: str) -> None:
    with pytest.raises(InvalidXml):
        full_map(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("<a>1</a><b><c>2</c></b>", {"a": "1", "b": {"c": "2"}}),
        ("<a>1</a><a><![CDATA[2]]></a><a><b>3</b></a><a/>", {"a": ["1", "2", {"b": "3"}]}),
        ('<a x="1">t<b> 2 </b><!--c--></a>', {"a": {"b": " 2 "}}),
        ("<a><b/></a>", {}),
        ("<a><!--c--></a><a/>", {"a": []}),
    ],
)
def test_simplified_maps(text: str, value: dict[str, Any]) -> None:
    assert simplified_map(text) == value


@pytest.mark.parametrize("make", [full_map, simplified_map])
def test_what_is_nested_too_deep(make: Any) -> None:
    with pytest.raises(InvalidXml):
        make("<a>" * 20_000 + "x" + "</a>" * 20_000)
