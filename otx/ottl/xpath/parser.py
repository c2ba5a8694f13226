"""XPath expressions, parsed: operators by their rank, paths step by step."""

from functools import lru_cache
from typing import TypeGuard, get_args

from otx.ottl.patterns import compile_regex
from otx.ottl.xpath.functions import ARITIES
from otx.ottl.xpath.scanner import InvalidXPath, Scanner
from otx.ottl.xpath.syntax import (
    Axis,
    Call,
    Constant,
    Expression,
    Filter,
    Group,
    NodeTest,
    Operation,
    Root,
    Step,
)

_MAX_DEPTH = 200
_AXES: tuple[Axis, ...] = get_args(Axis)
_NODE_TYPES = ("node", "text", "processing-instruction", "comment")
_ANY = NodeTest("node")
_RANKS: tuple[tuple[str, ...], ...] = (
    ("or",),
    ("and",),
    ("=", "!="),
    ("<", ">", "<=", ">="),
    ("+", "-"),
    ("*", "div", "mod"),
)
_STEP_STARTS = (".", "..", "@", "axis", "*", "name")


@lru_cache(512)
def parse_xpath(text: str) -> Expression:
    """An expression; what follows a complete one is ignored.

    Raises:
        InvalidXPath: It is none.
    """
    try:
        return _Parser(text).expression()
    except RecursionError:
        raise InvalidXPath(f"{text!r} is nested too deep") from None


class _Parser:
    """A parser of one text."""

    def __init__(self, text: str) -> None:
        self._scanner = Scanner(text)
        self._depth = 0

    def expression(self) -> Expression:
        """An expression with all its operators."""
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise self._scanner.error("it is nested too deep")
        parsed = self._ranked(0)
        self._depth -= 1
        return parsed

    def _ranked(self, rank: int) -> Expression:
        if rank == len(_RANKS):
            return self._signed()
        left = self._ranked(rank + 1)
        while (operator := self._operator()) in _RANKS[rank]:
            self._scanner.advance()
            left = Operation(operator, left, self._ranked(rank + 1))
        return left

    def _operator(self) -> str:
        token = self._scanner.token
        if token.kind == "name":
            return "" if token.prefix else token.text
        return token.kind

    def _signed(self) -> Expression:
        is_negative = False
        while self._scanner.token.kind == "-":
            self._scanner.advance()
            is_negative = not is_negative
        operand = self._path()
        while self._scanner.token.kind == "|":
            self._scanner.advance()
            operand = Operation("|", operand, self._path())
        return Operation("*", operand, Constant(-1.0)) if is_negative else operand

    def _path(self) -> Expression:
        token = self._scanner.token
        is_call = token.kind == "name" and token.is_called and not self._is_node_type()
        if not is_call and token.kind not in ("text", "number", "$", "("):
            return self._location()
        start = self._primary()
        if self._scanner.token.kind == "[":
            start = Filter(start, self._predicate())
        if self._scanner.token.kind == "/":
            self._scanner.advance()
            return self._relative(start)
        if self._scanner.token.kind == "//":
            self._scanner.advance()
            return self._relative(_below(start))
        return start

    def _is_node_type(self) -> bool:
        token = self._scanner.token
        return token.text in _NODE_TYPES and not token.prefix

    def _primary(self) -> Expression:
        token = self._scanner.advance()
        if token.kind == "text":
            return Constant(token.text)
        if token.kind == "number":
            return Constant(float(token.text))
        if token.kind == "(":
            inner = self.expression()
            self._scanner.take(")")
            return inner if isinstance(inner, Constant) else Group(inner)
        if token.kind == "$":
            raise self._scanner.error("there are no variables")
        return self._call(token.text)

    def _call(self, name: str) -> Expression:
        self._scanner.take("(")
        arguments = []
        if self._scanner.token.kind != ")":
            arguments.append(self.expression())
            while self._scanner.token.kind != ")":
                self._scanner.take(",")
                arguments.append(self.expression())
        self._scanner.take(")")
        arity = ARITIES.get(name)
        if arity is None:
            raise self._scanner.error(f"there is no function {name}()")
        if not arity[0] <= len(arguments) <= arity[1]:
            raise self._scanner.error(f"{name}() is given {len(arguments)} arguments")
        if name == "matches" and isinstance(arguments[1], Constant):
            compile_regex(str(arguments[1].value))
        return Call(name, tuple(arguments))

    def _predicate(self) -> Expression:
        self._scanner.take("[")
        parsed = self.expression()
        self._scanner.take("]")
        return parsed

    def _location(self) -> Expression:
        if self._scanner.token.kind == "/":
            self._scanner.advance()
            if self._scanner.token.kind not in _STEP_STARTS:
                return Root()
            return self._relative(Root())
        if self._scanner.token.kind == "//":
            self._scanner.advance()
            return self._relative(_below(Root()))
        return self._relative(None)

    def _relative(self, source: Expression | None) -> Expression:
        while True:
            source = self._step(source)
            if self._scanner.token.kind == "//":
                source = _below(source)
            elif self._scanner.token.kind != "/":
                return source
            self._scanner.advance()

    def _step(self, source: Expression | None) -> Expression:
        kind = self._scanner.token.kind
        if kind in (".", ".."):
            self._scanner.advance()
            step = Step("self" if kind == "." else "parent", _ANY, source)
        elif kind == "(":
            return self._sequence(source)
        else:
            axis = self._axis()
            step = Step(axis, self._node_test(axis), source)
        predicates = []
        while self._scanner.token.kind == "[":
            predicates.append(self._predicate())
        if not predicates and step.axis == "child" and _is_below(source):
            # All below in the order of the document; `//a[1]` is by parent.
            return Step("descendant", step.test, source.source)
        return Step(step.axis, step.test, source, tuple(predicates))

    def _axis(self) -> Axis:
        token = self._scanner.token
        if token.kind == "@":
            self._scanner.advance()
            return "attribute"
        if token.kind != "axis":
            return "child"
        self._scanner.advance()
        for axis in _AXES:
            if axis == token.text:
                return axis
        raise self._scanner.error(f"there is no axis {token.text}")

    def _sequence(self, source: Expression | None) -> Expression:
        """`(a, b)` within a path: several steps from one place."""
        self._scanner.advance()
        steps = self._step(source)
        while self._scanner.token.kind == ",":
            self._scanner.advance()
            steps = Operation("|", steps, self._step(source))
        self._scanner.take(")")
        return steps

    def _node_test(self, axis: Axis) -> NodeTest:
        principal = "attribute" if axis == "attribute" else "element"
        if self._scanner.token.kind == "*":
            self._scanner.advance()
            return NodeTest(principal)
        is_type = self._scanner.token.is_called and self._is_node_type()
        token = self._scanner.advance() if self._scanner.token.kind == "name" else None
        if token is None:
            raise self._scanner.error("a step is missing")
        if not is_type:
            return NodeTest(principal, token.prefix, token.text)
        self._scanner.take("(")
        local = ""
        if token.text == "processing-instruction":
            if self._scanner.token.kind == "text":
                local = self._scanner.advance().text
        else:
            principal = token.text
        self._scanner.take(")")
        return NodeTest(principal, local=local)


def _is_below(source: Expression | None) -> TypeGuard[Step]:
    return (
        isinstance(source, Step)
        and source.axis == "descendant-or-self"
        and not source.predicates
        and source.test == _ANY
    )


def _below(source: Expression | None) -> Expression:
    """`//`: the nodes of a source and all below them."""
    return Step("descendant-or-self", _ANY, source)
