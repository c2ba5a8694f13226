"""The axes: which nodes lie in which direction of a node, nearest first."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from otx.ottl.go_unicode import WHITE_SPACE
from otx.ottl.xml.tree import Attribute, Item, Kind, Node
from otx.ottl.xpath.syntax import Axis, NodeTest

_KINDS = {
    Kind.DOCUMENT: "root",
    Kind.DECLARATION: "root",
    Kind.ELEMENT: "element",
    Kind.INSTRUCTION: "element",
    Kind.TEXT: "text",
    Kind.CDATA: "text",
    Kind.DIRECTIVE: "text",
    Kind.COMMENT: "comment",
}


def passes(item: Item, test: NodeTest) -> bool:
    """Whether a node is what a step asks for."""
    if isinstance(item, Attribute):
        kind, prefix, local = "attribute", item.space, item.local
    else:
        kind, prefix, local = _KINDS[item.kind], item.prefix, item.data
    if test.kind not in (kind, "node"):
        return False
    return not (test.local or test.prefix) or (test.local == local and test.prefix == prefix)


def string_value(item: Item) -> str:
    """A node as text; nothing for CDATA, documents and instructions."""
    if isinstance(item, Attribute):
        return item.value
    if item.kind is Kind.ELEMENT:
        return item.inner_text()
    return item.data if item.kind in (Kind.TEXT, Kind.COMMENT) else ""


def _is_blank(node: Node) -> bool:
    return node.kind is Kind.TEXT and not node.data.strip(WHITE_SPACE)


def later_siblings(item: Item) -> Iterator[Node]:
    """The siblings behind a node, without blank text."""
    node = None if isinstance(item, Attribute) else item.next
    while node is not None:
        if not _is_blank(node):
            yield node
        node = node.next


def earlier_siblings(item: Item) -> Iterator[Node]:
    """The siblings before a node, nearest first, without blank text."""
    node = None if isinstance(item, Attribute) else item.previous
    while node is not None:
        if not _is_blank(node):
            yield node
        node = node.previous


def _children(item: Item) -> Iterator[Node]:
    """A node's children; blank text counts where it comes first."""
    first = None if isinstance(item, Attribute) else item.first_child
    if first is not None:
        yield first
        yield from later_siblings(first)


def _descendants(item: Item) -> Iterator[Node]:
    waiting = [_children(item)]
    while waiting:
        for node in waiting[-1]:
            yield node
            waiting.append(_children(node))
            break
        else:
            waiting.pop()


def _self(item: Item) -> Iterator[Item]:
    yield item


def _descendants_or_self(item: Item) -> Iterator[Item]:
    yield item
    yield from _descendants(item)


def _parent(item: Item) -> Iterator[Item]:
    parent = item.owner if isinstance(item, Attribute) else item.parent
    if parent is not None:
        yield parent


def _ancestors(item: Item) -> Iterator[Item]:
    node = item.owner if isinstance(item, Attribute) else item.parent
    while node is not None:
        yield node
        node = node.parent


def _ancestors_or_self(item: Item) -> Iterator[Item]:
    yield item
    yield from _ancestors(item)


def _attributes(item: Item) -> Iterator[Item]:
    if isinstance(item, Node) and item.kind is Kind.ELEMENT:
        yield from list(item.attributes)


def _following(item: Item) -> Iterator[Iterable[Item]]:
    for place in _ancestors_or_self(item):
        for sibling in later_siblings(place):
            yield _descendants_or_self(sibling)


def _preceding(item: Item) -> Iterator[Iterable[Item]]:
    """Nearest siblings first, and each of them from its start to its end."""
    for place in _ancestors_or_self(item):
        yield (one for sibling in earlier_siblings(place) for one in _descendants_or_self(sibling))


_AXES: Mapping[Axis, Callable[[Item], Iterator[Item]]] = {
    "ancestor": _ancestors,
    "ancestor-or-self": _ancestors_or_self,
    "attribute": _attributes,
    "child": _children,
    "descendant": _descendants,
    "descendant-or-self": _descendants_or_self,
    "following-sibling": later_siblings,
    "parent": _parent,
    "preceding-sibling": earlier_siblings,
    "self": _self,
}


def runs(axis: Axis, item: Item) -> Iterator[Iterable[Item]]:
    """The nodes of an axis, in runs within which positions are counted.

    That is one run but for `following`, which counts in each sibling anew, and `preceding`, which
    counts anew at each ancestor.
    """
    if axis == "following":
        return _following(item)
    if axis == "preceding":
        return _preceding(item)
    return iter([_AXES[axis](item)])
