"""Expressions that take down what each part of them gave, as they run.

A part is evaluated where it is when a statement just runs, and once: converters may be slow or give
something else each time. What is skipped, because another part decided, is taken down as that.
"""

from collections.abc import Callable
from typing import Any, Final

from otx.ottl.compiler import ExpressionCompiler
from otx.ottl.errors import ExecutionError
from otx.ottl.lift import Always, Bound, Evaluate
from otx.ottl.program import words
from otx.ottl.syntax import Expression, ListLiteral, MapLiteral, Node, Parenthesis
from otx.ottl.values import Value

NOT_REACHED: Final[Any] = object()
"""Stands for the value of a part that was not evaluated."""


class RecordingCompiler(ExpressionCompiler):
    """Compiles expressions whose parts can be asked for what they last gave.

    What is in a lambda has a value for each call, and is not taken down.
    """

    _places: dict[int, int]
    _values: list[Value]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take what an `ExpressionCompiler` takes."""
        super().__init__(*args, **kwargs)
        self._places = {}
        self._blank: list[Value] = []
        self._values = []

    def forget(self) -> None:
        """Begin anew: nothing was evaluated yet."""
        self._values[:] = self._blank

    def knows(self, node: Node) -> bool:
        """Whether a part is one that is taken down."""
        return id(node) in self._places

    def value_of(self, node: Node) -> Value:
        """What a part gave: a value, an ExecutionError where it failed, or `NOT_REACHED`."""
        return self._values[self._places[id(node)]]

    def condition(self, node: Expression) -> Callable[[Any], bool]:
        """A condition that takes down what it and its parts were."""
        made = super().condition(node)
        if self._formals or isinstance(node, Parenthesis):
            return made
        if isinstance(made, Always):
            # Conditions that are known beforehand decide without being asked.
            self._keep(node, made.value)
            return made
        return self._recorded(node, made)

    def value(self, node: Expression) -> Bound:
        """A value that takes down what it and its parts were."""
        made = super().value(node)
        # Functions look at list and map literals themselves, not only at what they give.
        if self._formals or isinstance(node, (Parenthesis, ListLiteral, MapLiteral)):
            return made
        if made.evaluate is None:
            self._keep(node, made.constant)
            return made
        return made.changed(evaluate=self._recorded(node, made.evaluate))

    def _keep(self, node: Node, value: Value) -> int:
        """The place of a part among the values, which holds `value` until it is evaluated."""
        place = self._places.setdefault(id(node), len(self._blank))
        if place == len(self._blank):
            self._blank.append(value)
            self._values.append(value)
        return place

    def _recorded(self, node: Node, evaluate: Evaluate) -> Evaluate:
        place, values = self._keep(node, NOT_REACHED), self._values

        def run(record: Any) -> Value:
            try:
                value = values[place] = evaluate(record)
            except ExecutionError as error:
                values[place] = error
                raise
            except RecursionError as error:
                values[place] = ExecutionError(words(error))
                raise
            return value

        if getattr(evaluate, "is_plain", False):  # what map literals look at
            run.__dict__["is_plain"] = True
        return run
