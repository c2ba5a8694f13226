"""What kinds of value expressions can have, by their paths, functions and literals."""

import re
from collections.abc import Iterator, Sequence

from otx.model.frozen import Frozen
from otx.ottl.arguments import camel
from otx.ottl.contexts.accessor import Accessor
from otx.ottl.contexts.context import Context
from otx.ottl.functions.registry import Function, FunctionSet, Parameter
from otx.ottl.path_names import PathNames
from otx.ottl.static_kinds import ANY, NIL, NUMBERS, Kinds, is_known
from otx.ottl.syntax import (
    And,
    Arithmetic,
    Call,
    Comparison,
    Constant,
    EnumSymbol,
    Expression,
    Lambda,
    ListLiteral,
    MapLiteral,
    Node,
    Not,
    Or,
    Parenthesis,
    Path,
    Signed,
    walk,
)
from otx.ottl.values import kind_of

_BOOLEANS = (Comparison, And, Or, Not)
_PLAIN_LISTS = ("list of int", "list of double")
"""Types of paths whose values are lists to OTTL; the other lists of OTLP can only be copied."""


_ID_BYTES = {"TraceID": 16, "SpanID": 8, "ProfileID": 16}


class PathFacts(Frozen):
    """What is known of a path.

    Attributes:
        context: The context it belongs to.
        accessor: How its last section is read and written.
        name: Its last section.
        keys: The keys behind that.
        id_bytes: How many bytes the id has that it is the text of; 0 where it is no such text.
    """

    context: str
    accessor: Accessor
    name: str
    keys: Sequence[Expression]
    id_bytes: int = 0

    @property
    def kinds(self) -> Kinds:
        """What reading it can give."""
        accessor = self.accessor
        if self.keys and accessor.keys == "text":
            return frozenset(("string", "nil"))
        if self.keys or accessor.type == "any":
            return ANY
        kind = "list" if accessor.type in _PLAIN_LISTS else accessor.type
        return frozenset((kind,)) | (NIL if accessor.is_optional else frozenset())


class KindFinder:
    """Finds kinds in one text."""

    def __init__(self, tree: Node, context: Context, functions: FunctionSet) -> None:
        """Prepare to find.

        Args:
            tree: The whole text's: what its lambdas name is no path.
            context: What it runs on.
            functions: What it may call.
        """
        self._context = context
        self._functions = functions
        self._names = PathNames([context], context)
        self._formals = {
            name for node in walk(tree) if isinstance(node, Lambda) for name in node.formals
        }

    def of(self, node: Expression) -> Kinds:
        """What an expression can give; none where it fails on every record."""
        if isinstance(node, Constant):
            return frozenset((kind_of(node.value),))
        if isinstance(node, EnumSymbol):
            return frozenset(("int",))
        if isinstance(node, Path):
            facts = self.path(node)
            return facts.kinds if facts else ANY
        if isinstance(node, Call):
            function = self.function(node)
            return function.kinds if function and not node.keys else ANY
        if isinstance(node, Parenthesis):
            return self.of(node.inner)
        if isinstance(node, Arithmetic):
            return calculated(node.operator, self.of(node.left), self.of(node.right))
        if isinstance(node, Signed):
            operand = self.of(node.operand)
            return operand & NUMBERS if is_known(operand) else ANY
        if isinstance(node, ListLiteral):
            return frozenset(("list",))
        if isinstance(node, MapLiteral):
            return frozenset(("map",))
        return frozenset(("bool",)) if isinstance(node, _BOOLEANS) else ANY

    def path(self, node: Path) -> PathFacts | None:
        """What is known of a path; None for a lambda's formal, and for what is no path."""
        names = [field.name for field in node.fields]
        if len(names) == 1 and names[0] in self._formals:
            return None
        accessor = self._names.find(names)
        if accessor is None or accessor.is_group:
            return None
        context, _ = self._names.split(names)
        above = self._names.find(names[:-1]) if names[-1] == "string" else None
        id_bytes = _ID_BYTES.get(above.type, 0) if above else 0
        return PathFacts(context, accessor, names[-1], node.fields[-1].keys, id_bytes)

    def function(self, call: Call) -> Function | None:
        """The function that is called."""
        return self._functions.find(call.name, self._context.name)


def is_id_text(value: object, id_bytes: int) -> bool:
    """Whether a value is the text of an id, in small or capital letters."""
    return (
        isinstance(value, str)
        and re.fullmatch(rf"[0-9A-Fa-f]{{{2 * id_bytes}}}", value) is not None
    )


def bound_arguments(function: Function, call: Call) -> Iterator[tuple[Parameter, Expression]]:
    """The arguments of a call with the parameters that they are for; what is for none is left."""
    by_name = {camel(one.name): one for one in function.parameters}
    for at, argument in enumerate(call.arguments):
        named = by_name.get(camel(argument.name)) if argument.name else None
        if named is not None:
            yield named, argument.value
        elif not argument.name and at < len(function.parameters):
            yield function.parameters[at], argument.value


def calculated(operator: str, left: Kinds, right: Kinds) -> Kinds:
    """What a calculation gives; none where it fails on every record."""
    if not is_known(left) or not is_known(right):
        return ANY
    made = {_pair(operator, one, other) for one in left for other in right}
    return frozenset(kind for kind in made if kind)


def _pair(operator: str, left: str, right: str) -> str:
    """What two kinds make; "" where they do not go together."""
    if {left, right} <= NUMBERS:
        return "double" if "double" in (left, right) else "int"
    if operator not in "+-":
        return ""
    if left == right == "time" and operator == "-":
        return "duration"
    if (left, right) == ("time", "duration"):
        return "time"
    if (left, right) == ("duration", "time") and operator == "+":
        return "time"
    return "duration" if left == right == "duration" else ""
