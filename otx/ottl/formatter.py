"""The tree as text: how OTTL is written when it is written well.

One space round operators, none inside brackets, `snake_case` names as they are given. Numbers and
texts are written as they were, so that nothing changes but space: parse∘format = identity.
"""

from otx.ottl.literals import quote
from otx.ottl.parser import parse_condition, parse_statement, parse_value_expression
from otx.ottl.syntax import (
    And,
    Argument,
    Arithmetic,
    Call,
    Comparison,
    Constant,
    EnumSymbol,
    Expression,
    Field,
    FunctionName,
    Lambda,
    ListLiteral,
    MapLiteral,
    Not,
    Or,
    Parenthesis,
    Path,
    Signed,
    Statement,
)

WIDTH = 100
"""Beyond it a condition goes to a line of its own, and its parts to theirs."""


def format_statement(text: str, width: int = WIDTH) -> str:
    """A statement, well written.

    Raises:
        OttlError: It is none.
    """
    tree = parse_statement(text)
    return _Writer(text).statement(tree, width)


def format_condition(text: str, width: int = WIDTH) -> str:
    """A condition, well written.

    Raises:
        OttlError: It is none.
    """
    tree = parse_condition(text)
    writer = _Writer(text)
    line = writer.expression(tree)
    return line if len(line) <= width else "\n".join(writer.parts(tree))


def format_value_expression(text: str) -> str:
    """A value expression, well written.

    Raises:
        OttlError: It is none.
    """
    return _Writer(text).expression(parse_value_expression(text))


class _Writer:
    def __init__(self, text: str) -> None:
        self._text = text

    def statement(self, tree: Statement, width: int) -> str:
        editor = self.expression(tree.editor)
        if tree.condition is None:
            return editor
        line = f"{editor} where {self.expression(tree.condition)}"
        if len(line) <= width:
            return line
        first, *rest = self.parts(tree.condition)
        return "\n".join([editor, f"  where {first}", *(f"    {part}" for part in rest)])

    def parts(self, node: Expression) -> list[str]:
        """The operands of the outermost `and` or `or`, one a line."""
        if not isinstance(node, (And, Or)):
            return [self.expression(node)]
        word = "and" if isinstance(node, And) else "or"
        first, *rest = (self.expression(one) for one in node.operands)
        return [first, *(f"{word} {one}" for one in rest)]

    def expression(self, node: Expression) -> str:
        """A node on one line."""
        if isinstance(node, Constant):
            return self._constant(node)
        if isinstance(node, (EnumSymbol, FunctionName)):
            return node.name
        if isinstance(node, Path):
            return ".".join(map(self._field, node.fields))
        if isinstance(node, Call):
            inner = ", ".join(map(self._argument, node.arguments))
            return f"{node.name}({inner}){self._keys(node.keys)}"
        if isinstance(node, ListLiteral):
            return f"[{', '.join(map(self.expression, node.items))}]"
        if isinstance(node, MapLiteral):
            entries = (f"{quote(one.key)}: {self.expression(one.value)}" for one in node.entries)
            return f"{{{', '.join(entries)}}}"
        if isinstance(node, Lambda):
            return f"({', '.join(node.formals)}) => {self.expression(node.body)}"
        return self._operation(node)

    def _operation(self, node: Expression) -> str:
        if isinstance(node, (Arithmetic, Comparison)):
            left, right = self.expression(node.left), self.expression(node.right)
            return f"{left} {node.operator} {right}"
        if isinstance(node, Signed):
            return f"{node.sign}{self.expression(node.operand)}"
        if isinstance(node, Parenthesis):
            return f"({self.expression(node.inner)})"
        if isinstance(node, Not):
            return f"not {self.expression(node.operand)}"
        if isinstance(node, And):
            return " and ".join(map(self.expression, node.operands))
        if isinstance(node, Or):
            return " or ".join(map(self.expression, node.operands))
        raise TypeError(type(node).__name__)

    def _constant(self, node: Constant) -> str:
        if isinstance(node.value, bool) or node.value is None:
            return {True: "true", False: "false", None: "nil"}[node.value]
        if isinstance(node.value, str):
            return quote(node.value)
        # Numbers and bytes keep the form in which they were written.
        return self._text[node.place.start : node.place.end].strip()

    def _field(self, field: Field) -> str:
        return f"{field.name}{self._keys(field.keys)}"

    def _keys(self, keys: tuple[Expression, ...]) -> str:
        return "".join(f"[{self.expression(key)}]" for key in keys)

    def _argument(self, argument: Argument) -> str:
        value = self.expression(argument.value)
        return f"{argument.name}={value}" if argument.name else value
