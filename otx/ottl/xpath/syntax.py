"""The syntax tree of an XPath expression."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Axis: TypeAlias = Literal[
    "ancestor",
    "ancestor-or-self",
    "attribute",
    "child",
    "descendant",
    "descendant-or-self",
    "following",
    "following-sibling",
    "parent",
    "preceding",
    "preceding-sibling",
    "self",
]


@dataclass(frozen=True, slots=True)
class NodeTest:
    """What a step takes of the nodes of its axis.

    Attributes:
        kind: "element", "attribute", "text", "comment" or "node" for any.
        prefix: Of its name.
        local: Its name; "" for any.
    """

    kind: str
    prefix: str = ""
    local: str = ""


@dataclass(frozen=True, slots=True)
class Constant:
    """A number or a text."""

    value: float | str


@dataclass(frozen=True, slots=True)
class Root:
    """The document."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a path. `source` is where it starts from; None for the context."""

    axis: Axis
    test: NodeTest
    source: "Expression | None"
    predicates: tuple["Expression", ...] = ()


@dataclass(frozen=True, slots=True)
class Filter:
    """An expression in parentheses, or a call, with a predicate over all that it gives."""

    source: "Expression"
    predicate: "Expression"


@dataclass(frozen=True, slots=True)
class Group:
    """An expression in parentheses."""

    inner: "Expression"


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a function."""

    name: str
    arguments: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """An operator between two expressions."""

    operator: str
    left: "Expression"
    right: "Expression"


Expression: TypeAlias = Constant | Root | Step | Filter | Group | Call | Operation
