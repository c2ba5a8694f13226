"""XPath over documents, by the results of the reference."""

import pytest

from otx.ottl.errors import ExecutionError
from otx.ottl.xml.tree import Attribute, parse_tree
from otx.ottl.xpath import evaluate
from otx.ottl.xpath.evaluate import select
from otx.ottl.xpath.parser import parse_xpath

TEXT = (
    '<r a="1"><i k="x">1</i><i k="y">2</i><i>3</i><s><i k="x">4</i><t>5</t></s>'
    "<n>10</n><n>9</n><n>foo bar</n></r>"
)


def found(xpath: str, text: str = TEXT) -> str:
    items = select(parse_xpath(xpath), parse_tree(text))
    return " ".join(one.value if isinstance(one, Attribute) else one.inner_text() for one in items)


@pytest.mark.parametrize(
    ("xpath", "values"),
    [
        ("/r/i", "1 2 3"),
        ("//i", "1 2 3 4"),
        ("r/i[2]", "2"),
        ("//i[1]", "1 4"),
        ("//i[last()]", "3 4"),
        ("(//i)[1]", "1"),
        ("(//i)[last()]", "4"),
        ("/r/*[last()-1]", "9"),
        ("//i[position()<3]", "1 2 4"),
        ("//i[position()=last()]", "3 4"),
        ('//i[@k="x"]', "1 4"),
        # A place behind another predicate counts over all that was found.
        ('//i[@k="x"][1]', "1"),
        ("//i[@k][2]", "2"),
        ("//i[@k][last()]", "4"),
        ("/r/i[1.5]", "1"),
        ("//i[not(@k)]", "3"),
        ("//@k", "x y x"),
        ("/r/@a", "1"),
        ("//i[.>=2 and .<4]", "2 3"),
        ("//i[.=1 or .=3]", "1 3"),
        ("//i[. mod 2 = 1]", "1 3"),
        ("//i[. div 2 = 1]", "2"),
        ("//i[. * 2 = 4]", "2"),
        ("//i[-1 = -.]", "1"),
        ("//i[.=//t]", ""),
        ("//i[.<//t]", "1 2 3 4"),
        ("//n[1 div 0 > 5]", "10 9 foo bar"),
        ("//t|//i[1]", "5 1 4"),
        ("/r/(t,i)", "1 2 3"),
        ("//t/..", "45"),
        ("//t/preceding-sibling::i", "4"),
        ("//t/preceding::i", "4 3 2 1"),
        ("//t/preceding::i[1]", "4 3"),
        ("//t/following::n[1]", "10 9 foo bar"),
        ("//s/descendant::*[2]", "5"),
        ("//i/self::i[2]", ""),
        ("//*[name()='t']", "5"),
        ("//n[string()='9']", "9"),
        ("//n[contains(.,'oo')]", "foo bar"),
        ("/r/i/text()", "1 2 3"),
        ("count(//i)", ""),
        ("1=1", ""),
        ("//i[true()=1]", "1 2 3 4"),
    ],
)
def test_selection(xpath: str, values: str) -> None:
    assert found(xpath) == values


def test_names_go_by_prefix() -> None:
    text = "<p:q xmlns:p='u' p:z='9'>6</p:q>"
    assert found("//p:q", text) == "6"
    assert found("//@p:z", text) == "9"
    assert found("//q", text) == found("//p:*", text) == ""
    assert found("//*[local-name()='q'][namespace-uri()='u']", text) == "6"


def test_work_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluate, "_MAX_VISITED", 1_000)
    with pytest.raises(ExecutionError):
        found("//*//*//*//*", "<a>" * 100 + "</a>" * 100)
    with pytest.raises(ExecutionError):
        found("//i[position()=last()]", "<r>" + "<i/>" * 100 + "</r>")
    with pytest.raises(ExecutionError):
        found("//i[.=//i]", "<r>" + "<i/>" * 100 + "</r>")


def test_a_path_of_very_many_steps_is_an_error() -> None:
    with pytest.raises(ExecutionError):
        found("/a" * 5_000, "<a/>")
