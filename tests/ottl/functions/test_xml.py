"""XML in statements, with the results of the reference."""

from typing import Any

import pytest

from otx.ottl.errors import ExecutionError, OttlError
from tests.ottl.log_record import Evaluate

LIBRARY = '<r a="1"><i k="x">1</i><i>2</i><!--c--><s><i>3</i></s>tail<![CDATA[<d>]]></r>'


@pytest.mark.parametrize(
    ("call", "text", "value"),
    [
        ("ParseXML({})", "<a><b/></a>", {"tag": "a", "children": [{"tag": "b"}]}),
        ("ParseSimplifiedXML({})", "<a>1</a>", {"a": "1"}),
        ('GetXML({}, "/r/i")', LIBRARY, '<i k="x">1</i><i>2</i>'),
        ('GetXML({}, "//@*")', LIBRARY, "1x"),
        ('GetXML({}, "//text()")', LIBRARY, "123tail&lt;d&gt;"),
        ('GetXML({}, "//comment()")', LIBRARY, ""),
        ('GetXML({}, "count(//i)")', LIBRARY, ""),
        ('GetXML({}, "/a")', "", ""),
        # A node that two places hold is written in both, and its siblings with it.
        ('GetXML({}, "//a")', "<a><a>x</a>y</a>", "<a><a>x</a></a><a>x</a>"),
        ('InsertXML({}, "//s", "<n/>")', LIBRARY, LIBRARY.replace("</s>", "<n></n></s>")),
        ('InsertXML({}, "/a", "<n/>")', "<a/><a/>", "<a><n></n></a><a><n></n></a>"),
        ('InsertXML({}, "/", "<n/>")', "", "<n></n>"),
        ('RemoveXML({}, "//i")', LIBRARY, '<r a="1"><!--c--><s></s>tail<![CDATA[<d>]]></r>'),
        ('RemoveXML({}, "//@k")', LIBRARY, LIBRARY.replace(' k="x"', "")),
        ('RemoveXML({}, "//s/i/text()")', LIBRARY, LIBRARY.replace("<i>3</i>", "<i></i>")),
        ('RemoveXML({}, "//comment()")', LIBRARY, LIBRARY.replace("<!--c-->", "")),
        ('RemoveXML({}, "/a")', "", ""),
        (
            "ConvertAttributesToElementsXML({})",
            '<a x="1" p:y="2"><b z="3"/></a>',
            '<a p:y="2"><b><z>3</z></b><x>1</x><y>2</y></a>',
        ),
        (
            'ConvertAttributesToElementsXML({}, "/a/@x")',
            '<a x="1" y="&lt;"/>',
            '<a y="&lt;"><x>1</x></a>',
        ),
        (
            "ConvertTextToElementsXML({})",
            "<a>one<b>two</b><c>x<d/>y</c></a>",
            "<a><value>one</value><b>two</b><c><value>x</value><d></d><value>y</value></c></a>",
        ),
        (
            'ConvertTextToElementsXML({}, "/a", "custom")',
            "<a><b/>foo</a><c><b/>bar</c>",
            "<a><b></b><custom>foo</custom></a><c><b></b>bar</c>",
        ),
    ],
)
def test_values(evaluate: Evaluate, call: str, text: str, value: Any) -> None:
    assert evaluate(call.format('attributes["x"]'), {"x": text}) == value


@pytest.mark.parametrize(
    "call",
    [
        'GetXML("<a/>", "!")',
        'GetXML("<a/>", "")',
        'GetXML("<a/>", "nope()")',
        'GetXML("<a/>", attributes["x"])',
        'InsertXML("<a/>", "//[", "<b/>")',
        'ConvertTextToElementsXML("<a/>", "@")',
        "ParseXML(5)",
    ],
)
def test_what_a_statement_cannot_say(evaluate: Evaluate, call: str) -> None:
    with pytest.raises(OttlError):
        evaluate(call)


@pytest.mark.parametrize(
    "call",
    [
        'ParseXML("<a><b></a>")',
        'ParseSimplifiedXML("<a>")',
        'GetXML("<a>", "/a")',
        'InsertXML("<a/>", "//text()", "<b")',
        'InsertXML("<a>x</a>", "//text()", "<b/>")',
        'ConvertAttributesToElementsXML("")',
        'RemoveXML(attributes["missing"], "/a")',
    ],
)
def test_what_a_record_cannot_have(evaluate: Evaluate, call: str) -> None:
    with pytest.raises(ExecutionError):
        evaluate(call)
