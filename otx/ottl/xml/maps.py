"""XML texts as maps: in full, or simplified to names and texts."""

from collections import Counter

from otx.ottl.go_unicode import WHITE_SPACE
from otx.ottl.values import Value
from otx.ottl.xml import tokens
from otx.ottl.xml.tokens import InvalidXml, TokenReader
from otx.ottl.xml.tree import MAX_DEPTH, Kind, Node, parse_tree


class _Element:
    """An element that is being read."""

    def __init__(self, start: tokens.Start) -> None:
        self._start = start
        self._texts: list[str] = []
        self.children: list[Value] = []

    def add_text(self, data: str) -> None:
        """A piece of text, without the blanks around it."""
        self._texts.append(data.strip(WHITE_SPACE))

    def as_map(self) -> dict[str, Value]:
        """The element, of which all was read."""
        made: dict[str, Value] = {"tag": self._start.name.local}
        content = "".join(self._texts)
        if content:
            made["content"] = content
        if self._start.attributes:
            made["attributes"] = {name.local: value for name, value in self._start.attributes}
        if self.children:
            made["children"] = self.children
        return made


def full_map(text: str) -> dict[str, Value]:
    """The one element of a text as a map of tag, content, attributes and children.

    Raises:
        InvalidXml: It is no XML, has no element, or has anything behind it.
    """
    reader = TokenReader(text, knows_charsets=False)
    opened: list[_Element] = []
    for token in reader.tokens():
        if isinstance(token, tokens.Start):
            opened.append(_Element(token))
            if len(opened) > MAX_DEPTH:
                raise InvalidXml("the XML is nested too deep")
        elif isinstance(token, tokens.Text) and opened:
            opened[-1].add_text(token.data)
        elif isinstance(token, tokens.End):
            made = opened.pop().as_map()
            if opened:
                opened[-1].children.append(made)
            elif reader.at == len(text):
                return made
            else:
                raise InvalidXml("this is no single element: there is more behind it")
    raise InvalidXml("this is no XML: there is no element")


def simplified_map(text: str) -> dict[str, Value]:
    """The elements of a text by name: their text, or a map; a list where a name comes again.

    Raises:
        InvalidXml: It is no XML, or too deep.
    """
    try:
        return _simplified(parse_tree(text), 0)
    except RecursionError:
        raise InvalidXml("the XML is nested too deep") from None


def _simplified(parent: Node, depth: int) -> dict[str, Value]:
    if depth > MAX_DEPTH:
        raise InvalidXml("the XML is nested too deep")
    elements = [child for child in parent.children() if child.kind is Kind.ELEMENT]
    counts = Counter(element.data for element in elements)
    made: dict[str, Value] = {}
    for element in elements:
        if element.first_child is None:
            continue
        value = _leaf_text(element)
        siblings = made.setdefault(element.data, []) if counts[element.data] > 1 else None
        if not value:
            value = _simplified(element, depth + 1)
        if not value:
            continue
        if siblings is None:
            made[element.data] = value
        else:
            siblings.append(value)
    return made


def _leaf_text(element: Node) -> Value:
    """The first text of an element that has no elements in it."""
    children = list(element.children())
    if any(child.kind is Kind.ELEMENT for child in children):
        return ""
    texts = (child.data for child in children if child.kind in (Kind.TEXT, Kind.CDATA))
    return next(texts, "")
