"""XML: texts as maps, and what an XPath selects taken out, put in, removed or converted."""

from typing import Any

from otx.ottl.errors import ExecutionError
from otx.ottl.functions.registry import Example, Gives, converter, converter_builder
from otx.ottl.parameters import ConstText, Get, Text
from otx.ottl.values import Value
from otx.ottl.xml.maps import full_map, simplified_map
from otx.ottl.xml.tree import MAX_DEPTH, Attribute, Kind, Node, parse_tree, write_tree
from otx.ottl.xpath.evaluate import select
from otx.ottl.xpath.parser import parse_xpath


@converter(
    "ParseXML",
    fails="target is no well-formed XML",
    example=Example(
        "ParseXML(\"<Log id='1'><Message>hello</Message></Log>\")",
        '{"tag":"Log","attributes":{"id":"1"},"children":[{"tag":"Message","content":"hello"}]}',
    ),
)
def parse_xml(target: Text) -> dict[str, Value]:
    """An XML text as a map of tag, content, attributes and children."""
    return full_map(target)


@converter(
    "ParseSimplifiedXML",
    fails="target is no well-formed XML",
    example=Example(
        'ParseSimplifiedXML("<Log><id>1</id><id>2</id></Log>")', '{"Log":{"id":["1","2"]}}'
    ),
)
def parse_simplified_xml(target: Text) -> dict[str, Value]:
    """An XML text as a map by element names, without attributes."""
    return simplified_map(target)


@converter_builder(
    "GetXML",
    fails="target is no well-formed XML",
    example=Example('GetXML("<a><b>1</b><c/></a>", "/a/b")', '"<b>1</b>"'),
)
def get_xml(target: Get[Text], xpath: ConstText) -> Gives[str]:
    """What an XPath selects of an XML text, one after the other."""
    expression = parse_xpath(xpath)

    def run(record: Any) -> str:
        text = target(record)
        if not text:
            return ""
        found = Node(Kind.DOCUMENT)
        for item in select(expression, parse_tree(text)):
            if isinstance(item, Attribute):
                found.add(Node(Kind.TEXT, item.value))
            elif item.kind is Kind.CDATA:
                found.add(Node(Kind.TEXT, item.data))
            elif item.kind in (Kind.ELEMENT, Kind.TEXT):
                found.add(item)
        return write_tree(found)

    return run


@converter_builder(
    "InsertXML",
    fails="target or sub_document is no well-formed XML",
    example=Example('InsertXML("<a></a>", "/a", "<b></b>")', '"<a><b></b></a>"'),
)
def insert_xml(target: Get[Text], xpath: ConstText, sub_document: Get[Text]) -> Gives[str]:
    """An XML text with another one put into every element that an XPath selects."""
    expression = parse_xpath(xpath)

    def run(record: Any) -> str:
        text = target(record)
        document = parse_tree(text) if text else Node(Kind.ELEMENT)
        added = parse_tree(sub_document(record))
        for item in select(expression, document):
            if isinstance(item, Attribute) or item.kind not in (Kind.ELEMENT, Kind.DOCUMENT):
                raise ExecutionError("the XPath selects what is no element")
            child = added.first_child
            while child is not None:
                following = child.next
                item.add(child)
                child = following
        return write_tree(document)

    return run


@converter_builder(
    "RemoveXML",
    fails="target is no well-formed XML",
    example=Example('RemoveXML("<a><b/><c/></a>", "/a/b")', '"<a><c></c></a>"'),
)
def remove_xml(target: Get[Text], xpath: ConstText) -> Gives[str]:
    """An XML text without the elements, attributes, texts and comments that an XPath selects."""
    expression = parse_xpath(xpath)

    def run(record: Any) -> str:
        text = target(record)
        if not text:
            return ""
        document = parse_tree(text)
        for item in select(expression, document):
            if isinstance(item, Attribute):
                item.owner.remove_attribute(item.local)
            elif item.kind is Kind.TEXT:
                item.data = ""
            elif item.kind in (Kind.ELEMENT, Kind.COMMENT, Kind.CDATA):
                item.remove()
        return write_tree(document)

    return run


@converter_builder(
    "ConvertAttributesToElementsXML",
    fails="target is no well-formed XML",
    example=Example(
        "ConvertAttributesToElementsXML(\"<a id='1'><b/></a>\")", '"<a><b></b><id>1</id></a>"'
    ),
)
def convert_attributes_to_elements_xml(target: Get[Text], xpath: ConstText = "") -> Gives[str]:
    """An XML text with attributes made elements: all, or those that an XPath selects."""
    expression = parse_xpath(xpath or "//@*")

    def run(record: Any) -> str:
        document = parse_tree(target(record))
        for item in select(expression, document):
            if isinstance(item, Attribute):
                element = Node(Kind.ELEMENT, item.local)
                element.first_child = Node(Kind.TEXT, item.value)
                item.owner.add(element)
                item.owner.remove_attribute(item.local)
        return write_tree(document)

    return run


@converter_builder(
    "ConvertTextToElementsXML",
    fails="target is no well-formed XML",
    example=Example(
        'ConvertTextToElementsXML("<a><b/>foo</a>")', '"<a><b></b><value>foo</value></a>"'
    ),
)
def convert_text_to_elements_xml(
    target: Get[Text], xpath: ConstText = "", element_name: ConstText = ""
) -> Gives[str]:
    """An XML text with the texts that stand beside elements made elements."""
    expression = parse_xpath(xpath or "/")
    name = element_name or "value"

    def run(record: Any) -> str:
        document = parse_tree(target(record))
        for item in select(expression, document):
            if isinstance(item, Node):
                _convert_texts(item, name)
        return write_tree(document)

    return run


def _convert_texts(top: Node, name: str) -> None:
    """Make elements of texts, in a node and all below, where a text is not alone."""
    waiting = [(top, 0)]
    while waiting:
        parent, depth = waiting.pop()
        if depth > MAX_DEPTH:
            raise ExecutionError("the XML is nested too deep")
        if parent.kind not in (Kind.ELEMENT, Kind.DOCUMENT):
            continue
        children = list(parent.children())
        texts = [child for child in children if child.kind is Kind.TEXT]
        elements = [child for child in children if child.kind is Kind.ELEMENT]
        waiting += [(element, depth + 1) for element in elements]
        if len(texts) + len(elements) > 1:
            for text in texts:
                inner = Node(Kind.TEXT, text.data)
                text.kind, text.data = Kind.ELEMENT, name
                text.first_child = text.last_child = inner
