"""Text to syntax tree: what the tables recognise, and the rules of place that they leave open."""

from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeAlias

from otx.ottl.errors import ExecutionError, OttlError
from otx.ottl.go_strconv import parse_float, parse_int
from otx.ottl.lalr import END, Branch, Token, TooDeep, Unexpected, ottl_automaton
from otx.ottl.literals import unquote
from otx.ottl.parse_hints import hint_for
from otx.ottl.shape import check_call, require_condition, require_key, require_value
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
    MapEntry,
    MapLiteral,
    Node,
    Not,
    Or,
    Parenthesis,
    Path,
    Place,
    Signed,
    Statement,
)

Start: TypeAlias = Literal["statement", "condition", "value_expression"]

MAX_TEXT = 1 << 20
MAX_DEPTH = 150
"""Branches within branches: beyond it a text is refused instead of exhausting the stack."""


def read_statement(text: str) -> Statement:
    """The tree of `editor(…) [where condition]`.

    Raises:
        OttlError: The text is no statement.
    """
    call, *rest = _parse(text, "statement")
    condition = require_condition(rest[0], text) if rest else None
    editor = check_call(call, text, is_statement=True)
    return Statement(Place(0, len(text)), editor, condition)


def read_condition(text: str) -> Expression:
    """The tree of a condition.

    Raises:
        OttlError: The text is no condition.
    """
    return require_condition(_parse(text, "condition")[0], text)


def read_value_expression(text: str) -> Expression:
    """The tree of a value expression.

    Raises:
        OttlError: The text is no value.
    """
    return require_value(_parse(text, "value_expression")[0], text)


def _parse(text: str, start: Start) -> list[Any]:
    """The children of the start rule, as nodes whose shape is not checked yet."""
    if len(text) > MAX_TEXT:
        raise OttlError(f"longer than {MAX_TEXT} characters", text[:80], Place(0, 1))
    try:
        tree = ottl_automaton().parse(text, start, MAX_DEPTH)
    except Unexpected as error:
        raise _syntax_error(error.token, text, start) from None
    except TooDeep as error:
        place = Place(error.start, error.end)
        raise OttlError(f"nested deeper than {MAX_DEPTH} levels", text, place) from None
    builder = _Builder(text)
    return [builder.build(child) for child in tree.children]


def _syntax_error(token: Token, text: str, start: Start) -> OttlError:
    """What stands where it cannot, in the words of the language."""
    is_end = token.terminal == END
    place = Place(token.start, token.end + is_end)
    what = "value expression" if start == "value_expression" else start
    found = "it ends too soon" if is_end else f"unexpected {token.value!r}"
    return OttlError(f"{what} has invalid syntax: {found}", text, place, hint_for(text, place))


class _Builder:
    """Turns branches into nodes, from the leaves up."""

    def __init__(self, text: str) -> None:
        self._text = text

    def build(self, part: Branch | Token) -> Any:
        if isinstance(part, Token):
            return part
        handler: Callable[[Place, list[Any]], Any] = getattr(self, f"_{part.rule}")
        children = [self.build(child) for child in part.children]
        return handler(Place(part.start, part.end), children)

    def _disjunction(self, place: Place, operands: list[Expression]) -> Or:
        return Or(place, tuple(require_condition(one, self._text) for one in operands))

    def _conjunction(self, place: Place, operands: list[Expression]) -> And:
        return And(place, tuple(require_condition(one, self._text) for one in operands))

    def _negation(self, place: Place, operands: list[Expression]) -> Not:
        return Not(place, require_condition(operands[0], self._text))

    def _comparison(self, place: Place, children: list[Any]) -> Comparison:
        left, operator, right = children
        return Comparison(
            place,
            operator.value,
            require_value(left, self._text),
            require_value(right, self._text),
        )

    def _arithmetic(self, place: Place, children: list[Any]) -> Arithmetic:
        left, operator, right = children
        sign = Place(operator.start, operator.end)
        return Arithmetic(place, operator.value, sign, left, right)

    def _signed(self, place: Place, children: list[Any]) -> Signed:
        return Signed(place, children[0].value, children[1])

    def _nil(self, place: Place, _: list[Any]) -> Constant:
        return Constant(place, None)

    def _true(self, place: Place, _: list[Any]) -> Constant:
        return Constant(place, True)

    def _false(self, place: Place, _: list[Any]) -> Constant:
        return Constant(place, False)

    def _string(self, place: Place, tokens: list[Token]) -> Constant:
        return Constant(place, unquote(tokens[0].value, self._text, place.start))

    def _bytes(self, place: Place, tokens: list[Token]) -> Constant:
        digits = tokens[0].value[2:]
        if len(digits) % 2:
            raise OttlError("bytes need an even number of hex digits", self._text, place)
        return Constant(place, bytes.fromhex(digits))

    def _float(self, place: Place, tokens: list[Token]) -> Constant:
        try:
            return Constant(place, parse_float(tokens[0].value))
        except ExecutionError:
            raise OttlError("the number does not fit a double", self._text, place) from None

    def _int(self, place: Place, tokens: list[Token]) -> Constant:
        try:
            return Constant(place, parse_int(tokens[0].value, 0))
        except ExecutionError as error:
            hint = "a zero before it makes it octal" if tokens[0].value.startswith("0") else ""
            raise OttlError(str(error), self._text, place, hint) from None

    def _ignored(self, place: Place, _: list[Any]) -> Path:
        return Path(place, (Field(place, "_"),))

    def _list(self, place: Place, items: list[Expression]) -> ListLiteral:
        return ListLiteral(place, tuple(require_value(one, self._text) for one in items))

    def _map(self, place: Place, entries: list[MapEntry]) -> MapLiteral:
        return MapLiteral(place, tuple(entries))

    def _entry(self, place: Place, children: list[Any]) -> MapEntry:
        key, value = children
        text = unquote(key.value, self._text, key.start)
        return MapEntry(place, text, require_value(value, self._text))

    def _call(self, place: Place, children: list[Any]) -> Call:
        name = children[0]
        keys = tuple(one.inner for one in children[1:] if isinstance(one, _Key))
        arguments = tuple(
            one if isinstance(one, Argument) else Argument(one.place, "", one)
            for one in children[1:]
            if not isinstance(one, _Key)
        )
        name_place = Place(name.start, name.end)
        return Call(place, name.value, name_place, arguments, keys)

    def _named(self, place: Place, children: list[Any]) -> Argument:
        return Argument(place, children[0].value, children[1])

    def _lambda(self, place: Place, children: list[Any]) -> Lambda:
        head, body = children
        inner = head.items if isinstance(head, _Tuple) else (head.inner,)
        formals = tuple(self._formal(one) for one in inner)
        named = [name for name in formals if name != "_"]
        if len(set(named)) < len(named):
            raise OttlError("two formals have one name", self._text, head.place)
        return Lambda(place, formals, body)

    def _formal(self, node: Expression) -> str:
        if isinstance(node, Path) and len(node.fields) == 1 and not node.fields[0].keys:
            return node.fields[0].name
        raise OttlError("a lambda's formals are lower-case names or _", self._text, node.place)

    def _parenthesis(self, place: Place, inner: list[Expression]) -> "Parenthesis | _Tuple":
        if len(inner) == 1:
            return Parenthesis(place, inner[0])
        return _Tuple(place, tuple(inner))

    def _path(self, place: Place, fields: list[Field]) -> Path | EnumSymbol | FunctionName:
        if len(fields) == 1 and not fields[0].keys and not fields[0].name[0].islower():
            name = fields[0].name
            return EnumSymbol(place, name) if name.isupper() else FunctionName(place, name)
        for field in fields:
            if not field.name.islower():
                raise OttlError(
                    f"{field.name!r} is no section of a path: those are lower-case",
                    self._text,
                    field.place,
                    hint='keys of maps stand in brackets: attributes["key"]',
                )
        return Path(place, tuple(fields))

    def _field(self, place: Place, children: list[Any]) -> Field:
        return Field(place, children[0].value, tuple(key.inner for key in children[1:]))

    def _key(self, place: Place, children: list[Expression]) -> "_Key":
        return _Key(place, require_key(children[0], self._text))


class _Key(Node):
    """A key in brackets, until what it stands behind is built."""

    inner: Expression


class _Tuple(Node):
    """`()` or `(a, b)`: the head of a lambda, and nothing else."""

    items: Sequence[Expression]
