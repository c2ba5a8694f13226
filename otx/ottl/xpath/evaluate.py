"""XPath expressions, evaluated: from a document to the nodes that are selected."""

import math
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from otx.ottl.errors import ExecutionError
from otx.ottl.xml.tree import Attribute, Item, Node
from otx.ottl.xpath.axes import earlier_siblings, later_siblings, passes, runs, string_value
from otx.ottl.xpath.functions import (
    ARITIES,
    FUNCTIONS,
    Value,
    to_boolean,
    to_number,
)
from otx.ottl.xpath.syntax import (
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

_ANY = NodeTest("node")

_MAX_VISITED = 20_000_000
"""Nodes that one evaluation may visit, some seconds' work: paths of several `//` multiply."""

_WITHOUT_POSITION = ("attribute", "self", "parent")
"""Axes whose nodes are all the first one."""

_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def select(expression: Expression, document: Node) -> list[Item]:
    """The nodes that an expression selects; none where it is no path.

    Raises:
        ExecutionError: It would visit too many nodes.
    """
    try:
        found = _Evaluation(document).value(expression, _Context(document, _ANY))
    except RecursionError:
        raise ExecutionError("the XPath has too many steps") from None
    return found if isinstance(found, list) else []


@dataclass(frozen=True, slots=True)
class _Context:
    """What an expression is evaluated on.

    Attributes:
        item: The node.
        test: What siblings `position()` and `last()` count.
        size: How many nodes `last()` counts where siblings do not matter; 0 where they do.
    """

    item: Item
    test: NodeTest
    size: int = 0


class _Evaluation:
    """One evaluation, which counts what it visits."""

    def __init__(self, document: Node) -> None:
        self._document = document
        self._visited = 0

    def _visit(self, count: int = 1) -> None:
        self._visited += count
        if self._visited > _MAX_VISITED:
            raise ExecutionError("the XPath visits too many nodes")

    def value(self, expression: Expression, context: _Context) -> Value:
        """The value of an expression."""
        if isinstance(expression, Constant):
            return expression.value
        if isinstance(expression, Root):
            return [self._document]
        if isinstance(expression, Step):
            return self._step(expression, context)
        if isinstance(expression, Group):
            return self.value(expression.inner, context)
        if isinstance(expression, Filter):
            return self._filtered(expression, context)
        if isinstance(expression, Call):
            return self._call(expression, context)
        return self._operation(expression, context)

    def _items(self, expression: Expression, context: _Context) -> list[Item]:
        found = self.value(expression, context)
        return found if isinstance(found, list) else []

    def _step(self, step: Step, context: _Context) -> Value:
        sources = [context.item] if step.source is None else self._items(step.source, context)
        found = _unique(item for source in sources for item in self._from(step, source))
        # Predicates behind the first one count over all that was found, from wherever.
        for predicate in step.predicates[1:]:
            found = self._kept(found, predicate, step.test, counts_all=True)
        return found

    def _from(self, step: Step, source: Item) -> Iterator[Item]:
        """What a step and its first predicate leave of the nodes in its direction."""
        for run in runs(step.axis, source):
            found = []
            for item in run:
                self._visit()
                if passes(item, step.test):
                    found.append(item)
            if step.predicates:
                has_positions = step.axis not in _WITHOUT_POSITION
                found = self._kept(
                    found, step.predicates[0], step.test, has_positions=has_positions
                )
            yield from found

    def _filtered(self, expression: Filter, context: _Context) -> Value:
        found = self._items(expression.source, context)
        return self._kept(found, expression.predicate, _ANY, counts_all=True)

    def _kept(
        self,
        items: list[Item],
        predicate: Expression,
        test: NodeTest,
        *,
        has_positions: bool = True,
        counts_all: bool = False,
    ) -> list[Item]:
        """The items for which a predicate holds.

        `last()` alone counts all of them where they are filtered already; else it counts siblings.
        """
        is_last = isinstance(predicate, Call) and predicate.name == "last"
        size = len(items) if counts_all and is_last else 0
        kept = []
        for position, item in enumerate(items, 1):
            value = self.value(predicate, _Context(item, test, size))
            if isinstance(value, float):
                wanted = int(value) if math.isfinite(value) else 0
                holds = wanted == (position if has_positions else 1)
            else:
                holds = to_boolean(value)
            if holds:
                kept.append(item)
        return kept

    def _call(self, call: Call, context: _Context) -> Value:
        name = call.name
        if name == "position":
            return 1.0 + self._count(earlier_siblings(context.item), context.test)
        if name == "last":
            return float(context.size or self._sibling_count(context.item, context.test))
        arguments = [self.value(one, context) for one in call.arguments]
        if name in ("name", "local-name", "namespace-uri"):
            items = arguments[0] if arguments else [context.item]
            return _name(name, items[0]) if isinstance(items, list) and items else ""
        if not arguments and name not in ("true", "false"):
            arguments = [[context.item]]
        taken = 0 if name in ("true", "false") else _argument_count(name)
        return FUNCTIONS[name](*arguments[:taken])

    def _count(self, items: Iterator[Node], test: NodeTest) -> int:
        count = 0
        for item in items:
            self._visit()
            count += passes(item, test)
        return count

    def _sibling_count(self, item: Item, test: NodeTest) -> int:
        before = self._count(earlier_siblings(item), test)
        return before + passes(item, test) + self._count(later_siblings(item), test)

    def _operation(self, operation: Operation, context: _Context) -> Value:
        symbol = operation.operator
        left = self.value(operation.left, context)
        if symbol == "or":
            return to_boolean(left) or to_boolean(self.value(operation.right, context))
        if symbol == "and":
            return to_boolean(left) and to_boolean(self.value(operation.right, context))
        right = self.value(operation.right, context)
        if symbol == "|":
            both = (
                (left if isinstance(left, list) else []),
                (right if isinstance(right, list) else []),
            )
            return _unique(item for items in both for item in items)
        if symbol in _COMPARISONS:
            if isinstance(left, list) and isinstance(right, list):
                self._visit(len(left) * len(right))
            return _compare(symbol, left, right)
        return _calculate(symbol, to_number(left), to_number(right))


def _argument_count(name: str) -> int:
    least, most = ARITIES[name]
    if name in ("concat", "substring"):
        return min(most, 3) if name == "substring" else most
    return max(least, 1)


def _unique(items: Iterable[Item]) -> list[Item]:
    return list({id(item): item for item in items}.values())


def _name(function: str, item: Item) -> str:
    if function == "namespace-uri":
        return item.namespace
    prefix = item.space if isinstance(item, Attribute) else item.prefix
    local = item.local if isinstance(item, Attribute) else item.data
    return f"{prefix}:{local}" if prefix and function == "name" else local


def _compare(symbol: str, left: Value, right: Value) -> bool:
    """A comparison; one with nodes holds if it holds for any of them."""
    if isinstance(left, bool) or isinstance(right, bool):
        return _COMPARISONS[symbol](to_boolean(left), to_boolean(right))
    lefts = [string_value(one) for one in left] if isinstance(left, list) else [left]
    rights = [string_value(one) for one in right] if isinstance(right, list) else [right]
    return any(_compare_two(symbol, one, other) for one in lefts for other in rights)


def _compare_two(symbol: str, left: float | str, right: float | str) -> bool:
    compare = _COMPARISONS[symbol]
    if isinstance(left, str) and isinstance(right, str) and symbol in ("=", "!="):
        return compare(left, right)
    return compare(to_number(left), to_number(right))


def _calculate(symbol: str, left: float, right: float) -> float:
    if symbol == "+":
        return left + right
    if symbol == "-":
        return left - right
    if symbol == "*":
        return left * right
    if math.isnan(left) or math.isnan(right):
        return math.nan
    if symbol == "mod":
        return math.nan if right == 0 or math.isinf(left) else math.fmod(left, right)
    if right == 0:
        sign = math.copysign(1, left) * math.copysign(1, right)
        return math.nan if left == 0 else sign * math.inf
    return left / right
