"""From the tree to closures: what runs on a record, with everything checked that can be before.

A compiled expression is a function of a record. Paths, functions and patterns are looked up once;
literals are folded; a comparison of a path with a literal is one closure. The tree is kept for
messages and `explain` and never looked at again while records run.
"""

from collections.abc import Callable, Sequence
from typing import Any

from otx.ottl.arguments import LEFT_OUT, Binder
from otx.ottl.arithmetic import calculation, negative, positive
from otx.ottl.compare import OPERATORS, comparison_of, is_nil
from otx.ottl.composites import CompiledLambda, ListOf, MapOf
from otx.ottl.contexts.context import Context
from otx.ottl.errors import ExecutionError, OttlError
from otx.ottl.functions.registry import Function, FunctionSet
from otx.ottl.keys import indexed, read_result
from otx.ottl.lift import Always, Bound, Evaluate, lift, lift_editor, named_in_errors
from otx.ottl.paths import PathResolver, ResolvedPath
from otx.ottl.syntax import (
    And,
    Arithmetic,
    Call,
    CompareOperator,
    Comparison,
    Constant,
    EnumSymbol,
    Expression,
    FunctionName,
    Lambda,
    ListLiteral,
    MapLiteral,
    Not,
    Or,
    Parenthesis,
    Path,
    Signed,
)
from otx.ottl.values import Value, deep_copy, kind_of


class ExpressionCompiler:
    """Compiles the expressions of one text in one context."""

    def __init__(
        self, text: str, context: Context, functions: FunctionSet, *, needs_prefix: bool = False
    ) -> None:
        """Prepare to compile.

        Args:
            text: The whole statement or condition, for messages.
            context: What it runs on.
            functions: What it may call.
            needs_prefix: Whether paths have to name their context.
        """
        self.text = text
        self._context = context
        self._functions = functions
        self._paths = PathResolver(context, text, needs_prefix=needs_prefix)
        self._formals: list[dict[str, list[Value]]] = []

    def error(self, reason: str, node: Any, hint: str = "") -> OttlError:
        """An error at a node."""
        return OttlError(reason, self.text, node.place, hint)

    def editor(self, call: Call) -> Evaluate:
        """An editor's call.

        Raises:
            OttlError: It does not check.
        """
        function = self._find(call.name, call, is_editor=True)
        bound = Binder(self, function, call).bind()
        if function.is_builder:
            return self._build(function, bound, call)
        return lift_editor(function.implementation, bound)

    def condition(self, node: Expression) -> Callable[[Any], bool]:
        """A condition.

        Raises:
            OttlError: It does not check.
        """
        if isinstance(node, Or):
            return _any([self.condition(one) for one in node.operands])
        if isinstance(node, And):
            return _all([self.condition(one) for one in node.operands])
        if isinstance(node, Not):
            inner = self.condition(node.operand)
            if isinstance(inner, Always):
                return Always(not inner.value)
            return lambda record: not inner(record)
        if isinstance(node, Parenthesis):
            return self.condition(node.inner)
        if isinstance(node, Comparison):
            return self._comparison(node)
        return self._truth(self.value(node), node)

    def value(self, node: Expression) -> Bound:
        """A value.

        Raises:
            OttlError: It does not check.
        """
        if isinstance(node, Constant):
            return Bound(node.value)
        if isinstance(node, EnumSymbol):
            return Bound(self.enum(node))
        if isinstance(node, Path):
            return self._path(node)
        if isinstance(node, Call):
            return self._call(node)
        if isinstance(node, Parenthesis):
            return self.value(node.inner)
        if isinstance(node, Arithmetic):
            left, right = self.value(node.left), self.value(node.right)
            return _folded(calculation(node.operator), [left, right], self._source(node))
        if isinstance(node, Signed):
            sign = negative if node.sign == "-" else positive
            return _folded(sign, [self.value(node.operand)], self._source(node))
        if isinstance(node, ListLiteral):
            return _list([self.value(one) for one in node.items])
        if isinstance(node, MapLiteral):
            return self._map(node)
        raise self.error("this is no value", node)

    def _map(self, node: MapLiteral) -> Bound:
        # Of two equal keys the last one counts.
        entries = {one.key: self.value(one.value).closure() for one in node.entries}
        made = MapOf(list(entries.items()))
        if made.is_literal:
            try:
                made(None)
            except ExecutionError as error:
                raise self.error(str(error), node) from None
        return Bound(evaluate=made)

    def target(self, node: Path) -> ResolvedPath:
        """A path that is written to."""
        if self._formal(node) is not None:
            raise self.error("a lambda's formal cannot be written to", node)
        return self._paths.resolve(node, self._key)

    def enum(self, node: EnumSymbol) -> int:
        """An enum symbol's number."""
        number = self._context.enums.get(node.name)
        if number is None:
            from otx.ottl.enum_hints import enum_hint  # for the error alone

            hint = enum_hint(node.name, self._context.enums)
            raise self.error(
                f"{node.name} is no enum symbol of the context {self._context.name}", node, hint
            )
        return number

    def function(self, node: FunctionName | EnumSymbol) -> Callable[[Any, str], Value]:
        """A converter that is handed to a function, which calls it with one text."""
        function = self._find(node.name, node, is_editor=False)
        if len(function.parameters) != 1:
            return _wrong_number(function)
        (parameter,) = function.parameters
        if parameter.is_list or getattr(parameter.kind, "name", "") != "string":
            # The Collector ends with a panic there.
            raise self.error(f"{node.name} takes something else than one string", node)
        if function.is_builder:
            cell = [""]
            run = function.implementation(lambda _: cell[0])

            def call_built(record: Any, text: str) -> Value:
                cell[0] = text
                return run(record)

            return call_built
        call = function.implementation
        return lambda _, text: call(text)

    def lambda_(self, node: Lambda, formals: int) -> CompiledLambda:
        """A lambda."""
        if len(node.formals) != formals:
            raise self.error(
                f"a lambda of {formals} formals is wanted, this one has {len(node.formals)}", node
            )
        cells: list[list[Value]] = [[None] for _ in node.formals]
        named = {name: cell for name, cell in zip(node.formals, cells, strict=True) if name != "_"}
        self._formals.append(named)
        try:
            body = self._lambda_body(node.body)
        finally:
            self._formals.pop()
        return CompiledLambda(body, cells)

    def _lambda_body(self, body: Expression) -> Evaluate:
        inner = body
        while isinstance(inner, Parenthesis):
            inner = inner.inner
        if isinstance(inner, (Comparison, And, Or, Not)):
            return self.condition(inner)
        return self.value(body).closure()

    def _path(self, node: Path) -> Bound:
        cell = self._formal(node)
        if cell is None:
            return Bound(evaluate=self._paths.resolve(node, self._key).get)
        keys = [self._key(key) for key in node.fields[0].keys]
        if not keys:
            return Bound(evaluate=lambda _: cell[0])
        return Bound(evaluate=indexed(read_result, lambda _: cell[0], keys))

    def _formal(self, node: Path) -> list[Value] | None:
        """The cell of the formal that a path names; inner lambdas hide outer ones."""
        if len(node.fields) != 1:
            return None
        for named in reversed(self._formals):
            if node.fields[0].name in named:
                return named[node.fields[0].name]
        return None

    def _source(self, node: Expression) -> str:
        return self.text[node.place.start : node.place.end]

    def _key(self, node: Expression) -> Evaluate:
        return self.value(node).closure()

    def _call(self, node: Call) -> Bound:
        function = self._find(node.name, node, is_editor=False)
        source = self._source(node)
        bound = Binder(self, function, node).bind()
        if function.is_builder:
            result = Bound(evaluate=named_in_errors(self._build(function, bound, node), source))
        elif function.is_pure:
            result = _folded(function.implementation, bound, source)
        else:
            result = Bound(evaluate=lift(function.implementation, bound, source))
        if not node.keys:
            return result
        keys = [self._key(key) for key in node.keys]
        return Bound(evaluate=indexed(read_result, result.closure(), keys))

    def _build(self, function: Function, bound: Sequence[Bound], call: Call) -> Evaluate:
        """What a builder makes of its arguments: closures where it asks for them."""
        arguments = []
        for parameter, one in zip(function.parameters, bound, strict=True):
            is_wrapped = parameter.is_closure and not parameter.is_list and one is not LEFT_OUT
            arguments.append(one.closure() if is_wrapped else one.constant)
        try:
            built: Evaluate = function.implementation(*arguments)
        except ExecutionError as error:
            raise self.error(f"{function.name}: {error}", call) from None
        return built

    def _find(self, name: str, node: Any, *, is_editor: bool) -> Function:
        place = getattr(node, "name_place", node.place)
        found = self._functions.find(name, self._context.name)
        if found is None or found.is_editor is not is_editor:
            reason = self._functions.absence(name)
            raise OttlError(reason, self.text, place, self._hint(name, node))
        if found.gate and found.gate not in self._functions.gates:
            raise OttlError(
                f"{name} needs the feature gate {found.gate}",
                self.text,
                place,
                f"--feature-gates +{found.gate}",
            )
        return found

    def _hint(self, name: str, node: Any) -> str:
        from otx.ottl.call_hints import hint_for_call

        owners = self._functions.contexts_of(name)
        if owners and self._context.name not in owners:
            return f"only statements on {' and '.join(owners)} have it"
        return hint_for_call(node, self.text, self._functions.names(self._context.name))

    def _comparison(self, node: Comparison) -> Callable[[Any], bool]:
        left, right = self.value(node.left), self.value(node.right)
        compare = comparison_of(node.operator, node.left, node.right)
        if left.is_constant and right.is_constant:
            result = compare(left.constant, right.constant)
            if _is_literal(node.left) and _is_literal(node.right):
                return Always(result)
            return lambda _: result
        if right.is_constant and left.evaluate is not None:
            return _against(left.evaluate, node.operator, right.constant, compare)
        return lift(compare, [left, right])

    def _truth(self, value: Bound, node: Expression) -> Callable[[Any], bool]:
        if value.is_constant:
            if type(value.constant) is not bool:
                raise self.error(f"a condition cannot be a {kind_of(value.constant)}", node)
            fixed: bool = value.constant
            return Always(fixed) if isinstance(node, Constant) else lambda _: fixed
        evaluate = value.closure()
        shown = self._source(node)

        def run(record: Any) -> bool:
            result = evaluate(record)
            if type(result) is not bool:
                raise ExecutionError(f"{shown} gave {kind_of(result)} where a bool is wanted")
            return result

        return run


def _against(
    evaluate: Evaluate,
    operator: CompareOperator,
    constant: Value,
    compare: Callable[[Value, Value], bool],
) -> Callable[[Any], bool]:
    """A comparison with a literal: the commonest kinds need no table of kinds."""
    kind = type(constant)
    if kind is str and operator == "==":
        # A text equals nothing but a text, and nothing else of Python equals one.
        return lambda record: bool(evaluate(record) == constant)
    if kind is int:
        compare_ints = OPERATORS[operator]

        def run(record: Any) -> bool:
            value = evaluate(record)
            return compare_ints(value, constant) if type(value) is int else compare(value, constant)

        return run
    if constant is None and operator == "!=":
        return lambda record: not is_nil(evaluate(record))
    if constant is None and operator == "==":
        return lambda record: is_nil(evaluate(record))
    return lambda record: compare(evaluate(record), constant)


def _wrong_number(function: Function) -> Callable[[Any, str], Value]:
    """A converter that cannot be called with one text: an error when that happens, not before."""
    reason = f"{function.name} takes {len(function.parameters)} arguments and is given one text"

    def call(_: Any, __: str) -> Value:
        raise ExecutionError(reason)

    return call


def _any(operands: Sequence[Callable[[Any], bool]]) -> Callable[[Any], bool]:
    operands = _without(operands, False)
    if isinstance(operands[0], Always) or len(operands) == 1:
        return operands[0]
    if len(operands) == 2:
        first, second = operands
        return lambda record: first(record) or second(record)
    return lambda record: any(one(record) for one in operands)


def _all(operands: Sequence[Callable[[Any], bool]]) -> Callable[[Any], bool]:
    operands = _without(operands, True)
    if isinstance(operands[0], Always) or len(operands) == 1:
        return operands[0]
    if len(operands) == 2:
        first, second = operands
        return lambda record: first(record) and second(record)
    return lambda record: all(one(record) for one in operands)


def _without(
    operands: Sequence[Callable[[Any], bool]], neutral: bool
) -> Sequence[Callable[[Any], bool]]:
    """The operands that count: a literal that decides stands alone, even behind what would fail."""
    for one in operands:
        if isinstance(one, Always) and one.value is not neutral:
            return [one]
    return [one for one in operands if not isinstance(one, Always)] or [Always(neutral)]


def _is_literal(node: Expression) -> bool:
    while isinstance(node, Signed):
        node = node.operand
    return isinstance(node, (Constant, EnumSymbol))


def _folded(function: Callable[..., Value], bound: Sequence[Bound], source: str) -> Bound:
    """The value of a call whose arguments are all known; the call where they are not.

    What fails is left for the records: whether it is reached is theirs to say.
    """
    if all(one.is_constant for one in bound):
        try:
            value = function(*[one.constant for one in bound])
        except ExecutionError:
            return Bound(evaluate=lift(function, bound, source))
        if type(value) in (list, dict):
            return Bound(evaluate=lambda _: deep_copy(value))
        return Bound(value)
    return Bound(evaluate=lift(function, bound, source))


def _list(items: Sequence[Bound]) -> Bound:
    return Bound(evaluate=ListOf([one.closure() for one in items]))
