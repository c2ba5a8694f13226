"""The tree of an XML text, and how it is written.

Nodes are linked as they are in the Collector, sibling by sibling, and a node that is added
somewhere is not taken from where it was: what becomes of one that two places hold depends on it.
"""

from collections.abc import Iterator
from enum import Enum, auto
from typing import TypeAlias

from otx.ottl.errors import ExecutionError
from otx.ottl.go_unicode import WHITE_SPACE
from otx.ottl.xml import tokens
from otx.ottl.xml.tokens import XML_NAMESPACE, InvalidXml, Name, TokenReader

MAX_DEPTH = 10_000
MAX_WRITTEN = 1_000_000
"""Nodes that one text may be written of: nodes that several places hold multiply."""


class Kind(Enum):
    """What a node is."""

    DOCUMENT = auto()
    DECLARATION = auto()
    ELEMENT = auto()
    TEXT = auto()
    CDATA = auto()
    COMMENT = auto()
    DIRECTIVE = auto()
    INSTRUCTION = auto()


class Attribute:
    """An attribute of an element; `space` is its prefix."""

    __slots__ = ("local", "namespace", "owner", "space", "value")

    def __init__(self, owner: "Node", space: str, local: str, value: str, namespace: str) -> None:
        self.owner = owner
        self.space = space
        self.local = local
        self.value = value
        self.namespace = namespace


class Node:
    """A node.

    Attributes:
        data: An element's name, an instruction's target, or text.
        content: What an instruction says.
    """

    __slots__ = (
        "attributes",
        "content",
        "data",
        "first_child",
        "kind",
        "last_child",
        "namespace",
        "next",
        "parent",
        "prefix",
        "previous",
    )

    def __init__(self, kind: Kind, data: str = "") -> None:
        self.kind = kind
        self.data = data
        self.content = ""
        self.prefix = ""
        self.namespace = ""
        self.attributes: list[Attribute] = []
        self.parent: Node | None = None
        self.first_child: Node | None = None
        self.last_child: Node | None = None
        self.previous: Node | None = None
        self.next: Node | None = None

    def children(self) -> Iterator["Node"]:
        """Its children."""
        child = self.first_child
        while child is not None:
            yield child
            child = child.next

    def add(self, child: "Node") -> None:
        """Put a node behind the last child."""
        child.parent = self
        child.next = None
        child.previous = None
        if self.first_child is None:
            self.first_child = child
        else:
            # A child that was hung in by hand may be first without being last.
            last = self.last_child or self.first_child
            last.next = child
            child.previous = last
        self.last_child = child

    def remove(self) -> None:
        """Take it, with all that is below, from its parent."""
        if self.parent is None:
            return
        if self.previous is None:
            self.parent.first_child = self.next
        else:
            self.previous.next = self.next
        if self.next is None:
            self.parent.last_child = self.previous
        else:
            self.next.previous = self.previous
        self.parent = self.previous = self.next = None

    def remove_attribute(self, local: str) -> None:
        """Remove the attribute of a name without a prefix."""
        for number, attribute in enumerate(self.attributes):
            if attribute.local == local and not attribute.space:
                del self.attributes[number]
                return

    def inner_text(self) -> str:
        """All text in it, that of CDATA included."""
        if self.kind is Kind.TEXT or self.kind is Kind.CDATA:
            return self.data
        out: list[str] = []
        waiting = [self.first_child]
        while waiting:
            node = waiting.pop()
            while node is not None:
                if node.kind is Kind.TEXT or node.kind is Kind.CDATA:
                    out.append(node.data)
                elif node.kind is not Kind.COMMENT and node.first_child is not None:
                    waiting.append(node.next)
                    node = node.first_child
                    continue
                node = node.next
        return "".join(out)


Item: TypeAlias = Node | Attribute
"""What an XPath can select."""


def parse_tree(text: str) -> Node:
    """The document of a text. What stands before its first element or instruction is dropped.

    The declaration is kept where the text begins with it.

    Raises:
        InvalidXml: The text is no XML, or has no element.
    """
    builder = _Builder()
    for token in TokenReader(text, knows_charsets=True).tokens():
        builder.take(token)
    document = builder.document
    if all(child.kind is not Kind.ELEMENT for child in document.children()):
        raise InvalidXml("this is no XML: there is no element")
    if not text.startswith("<?xml") and document.first_child is not None:
        document.first_child.remove()
    return document


class _Builder:
    """Hangs tokens into a tree."""

    def __init__(self) -> None:
        self.document = Node(Kind.DOCUMENT)
        self._open = [self.document]
        self._has_begun = False
        self._prefixes: dict[str, tuple[str, int]] = {XML_NAMESPACE: ("xml", 0)}

    def take(self, token: tokens.Token) -> None:
        """The next token."""
        if isinstance(token, tokens.Start):
            self._start(token)
        elif isinstance(token, tokens.End):
            self._open.pop()
        elif isinstance(token, tokens.Text):
            self._add(Node(Kind.CDATA if token.is_cdata else Kind.TEXT, token.data))
        elif isinstance(token, tokens.Comment):
            self._add(Node(Kind.COMMENT, token.data))
        elif isinstance(token, tokens.Directive):
            self._add(Node(Kind.DIRECTIVE, token.data))
        else:
            self._instruct(token)

    def _add(self, node: Node) -> None:
        if self._has_begun:
            self._open[-1].add(node)

    def _instruct(self, token: tokens.Instruction) -> None:
        is_declaration = token.target == "xml"
        node = Node(Kind.DECLARATION if is_declaration else Kind.INSTRUCTION, token.target)
        node.content = token.data.strip(WHITE_SPACE)
        words = (word.strip(WHITE_SPACE).partition("=") for word in token.data.split(" "))
        values: dict[Name, str] = {}
        for name, equals, value in words:
            if equals and name:
                values.setdefault(_split(name), value.strip("\"'"))
        node.attributes = [
            Attribute(node, prefix, local, value, "") for (prefix, local), value in values.items()
        ]
        self._has_begun = True
        self._add(node)

    def _start(self, token: tokens.Start) -> None:
        if not self._has_begun:
            declaration = Node(Kind.DECLARATION, "xml")
            declaration.attributes.append(Attribute(declaration, "", "version", "1.0", ""))
            self._has_begun = True
            self._add(declaration)
        self._declare(token)
        space = token.name.space
        if space and space not in self._prefixes:
            raise InvalidXml(f"this is no XML: the namespace {space} is missing")
        node = Node(Kind.ELEMENT, token.name.local)
        node.namespace = space
        if space and self._prefixes[space][0] == token.prefix:
            node.prefix = token.prefix
        for name, value in token.attributes:
            prefix = self._prefixes[name.space][0] if name.space in self._prefixes else name.space
            node.attributes.append(Attribute(node, prefix, name.local, value, name.space))
        self._add(node)
        self._open.append(node)

    def _declare(self, token: tokens.Start) -> None:
        """Remember the prefixes of namespaces; of one with several the last one counts."""
        level = len(self._open)
        for name, value in token.attributes:
            if name.local == "xmlns":
                if value not in self._prefixes or self._prefixes[value][1] >= level:
                    self._prefixes[value] = ("", level)
            elif name.space == "xmlns":
                self._prefixes[value] = (name.local, level)


def _split(name: str) -> Name:
    prefix, colon, local = name.partition(":")
    return Name(prefix, local) if prefix and colon else Name("", name)


def _full_name(attribute: Attribute) -> str:
    return f"{attribute.space}:{attribute.local}" if attribute.space else attribute.local


def write_tree(document: Node) -> str:
    """What is in a document, as text.

    Raises:
        ExecutionError: It is too large.
    """
    out: list[str] = []
    waiting: list[Node | str | None] = [document.first_child]
    keeps_blanks = [True]
    count = 0
    while waiting:
        node = waiting.pop()
        if node is None:
            continue
        if isinstance(node, str):
            out.append(node)
            keeps_blanks.pop()
            continue
        count += 1
        if count > MAX_WRITTEN:
            raise ExecutionError("the XML has too many nodes to be written")
        waiting.append(node.next)
        if node.kind is Kind.ELEMENT:
            full = f"{node.prefix}:{node.data}" if node.prefix else node.data
            keeps_blanks.append(_keeps_blanks(node, keeps_blanks[-1]))
            out.append(f"<{full}{_attributes(node)}>")
            waiting += [f"</{full}>", node.first_child]
        else:
            out.append(_leaf(node, keeps_blanks=keeps_blanks[-1]))
    return "".join(out)


def _keeps_blanks(node: Node, outer: bool) -> bool:
    for attribute in node.attributes:
        if attribute.space == "xml" and attribute.local == "space":
            return {"preserve": True, "default": False}.get(attribute.value, outer)
    return outer


def _leaf(node: Node, *, keeps_blanks: bool) -> str:
    if node.kind is Kind.TEXT:
        return escape(node.data if keeps_blanks else node.data.strip(WHITE_SPACE))
    if node.kind is Kind.CDATA:
        return f"<![CDATA[{node.data}]]>"
    if node.kind is Kind.COMMENT:
        return f"<!--{node.data}-->"
    if node.kind is Kind.DIRECTIVE:
        return f"<!{node.data}>"
    if node.kind is Kind.DECLARATION:
        return f"<?{node.data}{_attributes(node)}?>"
    return f"<?{node.data}{' ' if node.content else ''}{node.content}?>"


def _attributes(node: Node) -> str:
    return "".join(f' {_full_name(one)}="{escape(one.value)}"' for one in node.attributes)


_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "'": "&#39;", '"': "&#34;"})


def escape(text: str) -> str:
    """Text with references for what has a meaning in XML."""
    return text.translate(_ESCAPES)
