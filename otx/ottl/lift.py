"""Plain functions made to run on records: arguments are evaluated, brought to their kinds, passed.

Each shape of arguments (which are constant, which are coerced) gets one lambda, written as source
and compiled once, so that a call of a converter costs no loop over its parameters.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

from otx.model.frozen import Frozen
from otx.ottl.values import Value

Evaluate: TypeAlias = Callable[[Any], Value]


class Bound(Frozen):
    """One argument, bound to its parameter.

    Attributes:
        constant: What it is, where that is known; else `evaluate` gives it.
        evaluate: Gives its value for a record; None for a constant.
        convert: Brings the value to the parameter's kind; None where it is of it.
    """

    constant: Any = None
    evaluate: Evaluate | None = None
    convert: Callable[[Value], Any] | None = None

    @property
    def is_constant(self) -> bool:
        """Whether it is known before any record."""
        return self.evaluate is None

    def closure(self) -> Evaluate:
        """The argument as a builder gets it."""
        if self.evaluate is None:
            return Always(self.constant)
        if self.convert is None:
            return self.evaluate
        convert, evaluate = self.convert, self.evaluate
        return lambda record: convert(evaluate(record))


class Always:
    """A closure that gives one value: how a builder tells a literal from the rest.

    Attributes:
        value: The value.
    """

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __call__(self, _: Any) -> Any:
        """The value, whatever the record."""
        return self.value


def lift(function: Callable[..., Any], bound: Sequence[Bound]) -> Evaluate:
    """A plain function, applied to arguments, as something that runs on a record."""
    shape = tuple(
        "constant" if one.is_constant else "converted" if one.convert else "plain" for one in bound
    )
    parts: list[Any] = []
    for one in bound:
        parts += [one.constant if one.is_constant else one.evaluate, one.convert]
    made: Evaluate = _maker(shape)(function, *parts)
    return made


def lift_editor(function: Callable[..., Any], bound: Sequence[Bound]) -> Evaluate:
    """The same for an editor, which gets the record first."""
    applied = [one.closure() for one in bound]

    def run(record: Any) -> None:
        function(record, *[argument(record) for argument in applied])

    return run


@lru_cache(256)
def _maker(shape: tuple[str, ...]) -> Callable[..., Evaluate]:
    names, calls = ["f"], []
    for number, kind in enumerate(shape):
        names += [f"a{number}", f"c{number}"]
        calls.append(
            {
                "constant": f"a{number}",
                "plain": f"a{number}(r)",
                "converted": f"c{number}(a{number}(r))",
            }[kind]
        )
    source = f"lambda {', '.join(names)}: lambda r: f({', '.join(calls)})"
    maker: Callable[..., Evaluate] = eval(source)  # noqa: S307 - made of the words above alone
    return maker
