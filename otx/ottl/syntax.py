"""The syntax tree of a statement, condition or value expression.

It is what messages, `explain` and `fmt` look at; running never does. Places are offsets into the
text, from 0, end exclusive, so that every message can point at what it speaks of.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Literal, TypeAlias

CompareOperator: TypeAlias = Literal["==", "!=", "<", "<=", ">", ">="]
MathOperator: TypeAlias = Literal["+", "-", "*", "/"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in the text: `[start, end)`."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Node:
    """Anything in the tree."""

    place: Place


@dataclass(frozen=True, slots=True)
class Constant(Node):
    """`nil`, a boolean, a number, a text or bytes.

    Attributes:
        value: None, bool, int, float, str or bytes.
    """

    value: None | bool | int | float | str | bytes


@dataclass(frozen=True, slots=True)
class EnumSymbol(Node):
    """A name in capitals, such as `SPAN_KIND_SERVER`."""

    name: str


@dataclass(frozen=True, slots=True)
class Field(Node):
    """One section of a path with the keys behind it: `attributes["http.method"]`."""

    name: str
    keys: tuple["Expression", ...] = ()


@dataclass(frozen=True, slots=True)
class Path(Node):
    """`resource.attributes["service.name"]`; the context is still its first field."""

    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Argument(Node):
    """One argument of a call; `name` is "" for one given by position."""

    name: str
    value: "Expression"


@dataclass(frozen=True, slots=True)
class Call(Node):
    """A call of an editor or converter, with the keys behind a converter's.

    Attributes:
        name_place: Where the function's name stands.
    """

    name: str
    name_place: Place
    arguments: tuple[Argument, ...]
    keys: tuple["Expression", ...] = ()

    @property
    def is_converter(self) -> bool:
        """Whether the name begins as converters' names do."""
        return self.name[:1].isupper()


@dataclass(frozen=True, slots=True)
class FunctionName(Node):
    """A converter's bare name, handed to a function that calls it."""

    name: str


@dataclass(frozen=True, slots=True)
class ListLiteral(Node):
    """`[1, "a", body]`."""

    items: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class MapEntry(Node):
    """`"key": value` in a map literal."""

    key: str
    value: "Expression"


@dataclass(frozen=True, slots=True)
class MapLiteral(Node):
    """`{"a": 1, "b": body}`."""

    entries: tuple[MapEntry, ...]


@dataclass(frozen=True, slots=True)
class Arithmetic(Node):
    """`left + right` and its kin; `operator_place` is where the sign stands."""

    operator: MathOperator
    operator_place: Place
    left: "Expression"
    right: "Expression"


@dataclass(frozen=True, slots=True)
class Signed(Node):
    """`-x` or `+x`."""

    sign: Literal["+", "-"]
    operand: "Expression"


@dataclass(frozen=True, slots=True)
class Parenthesis(Node):
    """`(…)` round a calculation or a condition."""

    inner: "Expression"


@dataclass(frozen=True, slots=True)
class Comparison(Node):
    """`left == right` and its kin."""

    operator: CompareOperator
    left: "Expression"
    right: "Expression"


@dataclass(frozen=True, slots=True)
class Not(Node):
    """`not x`."""

    operand: "Expression"


@dataclass(frozen=True, slots=True)
class And(Node):
    """`a and b and …`."""

    operands: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Or(Node):
    """`a or b or …`."""

    operands: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Lambda(Node):
    """`(k, v) => body`; a formal that is ignored is `_`."""

    formals: tuple[str, ...]
    body: "Expression"


Expression: TypeAlias = (
    Constant
    | EnumSymbol
    | Path
    | Call
    | FunctionName
    | ListLiteral
    | MapLiteral
    | Arithmetic
    | Signed
    | Parenthesis
    | Comparison
    | Not
    | And
    | Or
    | Lambda
)


@dataclass(frozen=True, slots=True)
class Statement(Node):
    """`editor(…) where condition`."""

    editor: Call
    condition: Expression | None = None


def walk(node: Node) -> Iterator[Node]:
    """A node and everything below it, in the order of the text."""
    yield node
    for field in fields(node):
        value = getattr(node, field.name)
        for child in value if isinstance(value, tuple) else (value,):
            if isinstance(child, Node):
                yield from walk(child)
