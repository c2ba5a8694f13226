"""Functions on numbers."""

import math

from otx.ottl.errors import ExecutionError
from otx.ottl.functions.registry import Example, converter
from otx.ottl.parameters import DoubleLike


@converter("Log", fails="target is nil, or not above zero", example=Example("Log(1)", "0.0"))
def log(target: DoubleLike) -> float:
    """The natural logarithm of a number above zero."""
    if target is None:
        raise ExecutionError("nil has no logarithm")
    if target <= 0:
        raise ExecutionError(f"{target} has no logarithm: it takes a number above zero")
    return math.log(target)
