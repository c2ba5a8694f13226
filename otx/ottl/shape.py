"""Which expression may stand where: the part of the grammar that LALR(1) cannot say."""

from otx.ottl.errors import OttlError
from otx.ottl.syntax import (
    And,
    Argument,
    Arithmetic,
    Call,
    Comparison,
    Constant,
    EnumSymbol,
    Expression,
    FunctionName,
    Lambda,
    ListLiteral,
    MapLiteral,
    Node,
    Not,
    Or,
    Parenthesis,
    Path,
    Place,
    Signed,
)

_CONDITIONS = (Comparison, And, Or, Not)
_MATH = "a calculation takes numbers, paths and converters"


def check_call(node: object, text: str, *, is_statement: bool = False) -> Call:
    """A call whose name fits its place and whose arguments are arguments.

    Raises:
        OttlError: They do not.
    """
    if not isinstance(node, Call):
        place = node.place if isinstance(node, Node) else None
        raise OttlError("a statement is a call of an editor", text, place or _all(text))
    if is_statement and node.is_converter:
        raise OttlError(
            f"{node.name} is called as an editor, and editors begin with a lower-case letter",
            text,
            node.name_place,
            _place_hint(node, text),
        )
    if is_statement and node.keys:
        raise OttlError("an editor returns nothing to index", text, node.keys[0].place)
    if not is_statement and not node.is_converter:
        raise OttlError(
            f"{node.name} is used as a value, and converters begin with an upper-case letter",
            text,
            node.name_place,
            _place_hint(node, text),
        )
    arguments = tuple(_argument(one, text) for one in node.arguments)
    return node.changed(arguments=arguments)


def _place_hint(call: Call, text: str) -> str:
    from otx.ottl.function_hints import hint_for_place  # for the errors alone

    return hint_for_place(call, text)


def require_condition(node: Expression, text: str) -> Expression:
    """The node, if it can be true or false.

    Raises:
        OttlError: It is a value.
    """
    if isinstance(node, _CONDITIONS):
        return node
    if isinstance(node, Constant) and isinstance(node.value, bool):
        return node
    if isinstance(node, Parenthesis):
        return node.changed(inner=require_condition(node.inner, text))
    if isinstance(node, Call):
        return check_call(node, text)
    raise OttlError(
        "a value is no condition" if not isinstance(node, Path) else "a path is no condition",
        text,
        node.place,
        hint=f"compare it: {text[node.place.start : node.place.end]} == true, or != nil",
    )


def require_value(node: Expression, text: str) -> Expression:
    """The node, if it is a value.

    Raises:
        OttlError: It is a condition, a lambda or a bare name.
    """
    if isinstance(node, _CONDITIONS):
        raise OttlError("a condition is no value", text, node.place)
    if isinstance(node, FunctionName):
        raise OttlError(f"{node.name} is neither a path nor an enum", text, node.place)
    if isinstance(node, Lambda):
        raise OttlError("a lambda can only be an argument", text, node.place)
    if isinstance(node, Call):
        return check_call(node, text)
    if isinstance(node, (Arithmetic, Signed, Parenthesis)):
        return _calculation(node, text)
    if not isinstance(node, (Constant, EnumSymbol, Path, ListLiteral, MapLiteral)):
        raise OttlError("this is no value", text, getattr(node, "place", _all(text)))
    return node


def require_key(node: Expression, text: str) -> Expression:
    """The node, if it can stand in brackets behind a path or a converter.

    Raises:
        OttlError: It is no text, number, path, converter or calculation of those.
    """
    if isinstance(node, Constant) and type(node.value) is str:
        return node
    first = node
    while isinstance(first, Arithmetic):
        first = first.left
    if first is not node and isinstance(first, Constant) and type(first.value) is int:
        raise OttlError(
            "a key that begins with an integer ends there",
            text,
            node.place,
            hint=f"put it in parentheses: [({text[node.place.start : node.place.end]})]",
        )
    return _calculation(require_value(node, text), text)


def _calculation(node: Expression, text: str) -> Expression:
    """An operand of a calculation: numbers, paths, converters, and parentheses round those."""
    if isinstance(node, Arithmetic):
        left, right = _calculation(node.left, text), _calculation(node.right, text)
        return node.changed(left=left, right=right)
    if isinstance(node, Signed):
        return node.changed(operand=_calculation(node.operand, text))
    if isinstance(node, Parenthesis):
        return node.changed(inner=_calculation(node.inner, text))
    if isinstance(node, Call):
        return check_call(node, text)
    is_number = isinstance(node, Constant) and type(node.value) in (int, float)
    if not is_number and not isinstance(node, Path):
        raise OttlError(_MATH, text, getattr(node, "place", _all(text)))
    return node


def _argument(argument: Argument, text: str) -> Argument:
    value = argument.value
    if isinstance(value, FunctionName):
        return argument
    if isinstance(value, Lambda):
        body = value.body
        is_condition = isinstance(_inside(body), _CONDITIONS)
        checked = require_condition(body, text) if is_condition else require_value(body, text)
        return argument.changed(value=value.changed(body=checked))
    return argument.changed(value=require_value(value, text))


def _inside(node: Expression) -> Expression:
    while isinstance(node, Parenthesis):
        node = node.inner
    return node


def _all(text: str) -> Place:
    return Place(0, len(text))
