"""The syntax tree of a statement, condition or value expression.

It is what messages, `explain` and `fmt` look at; running never does. Places are offsets into the
text, from 0, end exclusive, so that every message can point at what it speaks of.
"""

from collections.abc import Iterator
from typing import Literal, TypeAlias

from otx.model.frozen import Frozen

CompareOperator: TypeAlias = Literal["==", "!=", "<", "<=", ">", ">="]
MathOperator: TypeAlias = Literal["+", "-", "*", "/"]


class Place(Frozen):
    """Where something stands in the text: `[start, end)`."""

    start: int
    end: int


class Node(Frozen):
    """Anything in the tree."""

    place: Place


class Constant(Node):
    """`nil`, a boolean, a number, a text or bytes.

    Attributes:
        value: None, bool, int, float, str or bytes.
    """

    value: bool | int | float | str | bytes | None


class EnumSymbol(Node):
    """A name in capitals, such as `SPAN_KIND_SERVER`."""

    name: str


class Field(Node):
    """One section of a path with the keys behind it: `attributes["http.method"]`."""

    name: str
    keys: tuple["Expression", ...] = ()


class Path(Node):
    """`resource.attributes["service.name"]`; the context is still its first field."""

    fields: tuple[Field, ...]


class Argument(Node):
    """One argument of a call; `name` is "" for one given by position."""

    name: str
    value: "Expression"


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


class FunctionName(Node):
    """A converter's bare name, handed to a function that calls it."""

    name: str


class ListLiteral(Node):
    """`[1, "a", body]`."""

    items: tuple["Expression", ...]


class MapEntry(Node):
    """`"key": value` in a map literal."""

    key: str
    value: "Expression"


class MapLiteral(Node):
    """`{"a": 1, "b": body}`."""

    entries: tuple[MapEntry, ...]


class Arithmetic(Node):
    """`left + right` and its kin; `operator_place` is where the sign stands."""

    operator: MathOperator
    operator_place: Place
    left: "Expression"
    right: "Expression"


class Signed(Node):
    """`-x` or `+x`."""

    sign: Literal["+", "-"]
    operand: "Expression"


class Parenthesis(Node):
    """`(…)` round a calculation or a condition."""

    inner: "Expression"


class Comparison(Node):
    """`left == right` and its kin."""

    operator: CompareOperator
    left: "Expression"
    right: "Expression"


class Not(Node):
    """`not x`."""

    operand: "Expression"


class And(Node):
    """`a and b and …`."""

    operands: tuple["Expression", ...]


class Or(Node):
    """`a or b or …`."""

    operands: tuple["Expression", ...]


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


class Statement(Node):
    """`editor(…) where condition`."""

    editor: Call
    condition: Expression | None = None


def walk(node: Node) -> Iterator[Node]:
    """A node and everything below it, in the order of the text."""
    yield node
    for child in children(node):
        yield from walk(child)


def children(node: Node) -> Iterator[Node]:
    """What stands right below a node, in the order of the text."""
    for name in node.NAMES:
        value = getattr(node, name)
        for child in value if isinstance(value, tuple) else (value,):
            if isinstance(child, Node):
                yield child
