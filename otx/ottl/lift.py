"""Plain functions made to run on records: arguments are evaluated, brought to their kinds, passed.

Each shape of arguments (which are constant, which are coerced) gets one function, written as source
and compiled once, so that a call of a converter costs no loop over its parameters. Trying costs
nothing where nothing fails.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

from otx.model.frozen import Frozen
from otx.ottl.errors import ExecutionError
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


def lift(function: Callable[..., Any], bound: Sequence[Bound], source: str = "") -> Evaluate:
    """A plain function, applied to arguments, as something that runs on a record.

    Args:
        function: The function.
        bound: Its arguments.
        source: The call as it is written, which its errors name; "" for what is no call.
    """
    shape = tuple(
        "constant" if one.is_constant else "converted" if one.convert else "plain" for one in bound
    )
    parts: list[Any] = []
    for one in bound:
        parts += [one.constant if one.is_constant else one.evaluate, one.convert]
    made: Evaluate = _maker(shape)(ExecutionError, source, function, *parts)
    return made


def lift_editor(function: Callable[..., Any], bound: Sequence[Bound]) -> Evaluate:
    """The same for an editor, which gets the record first."""
    applied = [one.closure() for one in bound]

    def run(record: Any) -> None:
        function(record, *[argument(record) for argument in applied])

    return run


def named_in_errors(evaluate: Evaluate, source: str) -> Evaluate:
    """What a builder made, with errors that name the call."""

    def run(record: Any) -> Value:
        try:
            return evaluate(record)
        except ExecutionError as error:
            raise error.within(source) from error.__cause__

    if getattr(evaluate, "is_plain", False):  # what map literals look at (`otx.ottl.composites`)
        run.__dict__["is_plain"] = True
    return run


@lru_cache(256)
def _maker(shape: tuple[str, ...]) -> Callable[..., Evaluate]:
    names, calls = ["failed", "source", "f"], []
    for number, kind in enumerate(shape):
        names += [f"a{number}", f"c{number}"]
        calls.append(
            {
                "constant": f"a{number}",
                "plain": f"a{number}(r)",
                "converted": f"c{number}(a{number}(r))",
            }[kind]
        )
    made: dict[str, Any] = {}
    text = _MAKER.format(names=", ".join(names), calls=", ".join(calls))
    exec(text, made)  # noqa: S102 - made of the words above alone
    maker: Callable[..., Evaluate] = made["make"]
    return maker


_MAKER = """\
def make({names}):
    def run(r):
        try:
            return f({calls})
        except failed as error:
            raise (error.within(source) if source else error) from error.__cause__
    return run
"""
