"""The symbols of enums, for numbers that stand at paths that hold such."""

from functools import cache

from otx.ottl.completion import ENUM_PREFIXES
from otx.ottl.contexts.table import CONTEXTS
from otx.ottl.values import Value


def enum_symbol(path: str, value: Value) -> str:
    """The symbol of a number at a path, as a statement may write it; "" for anything else."""
    if type(value) is not int or path.endswith("]"):
        return ""
    prefix = ENUM_PREFIXES.get(path.rpartition(".")[2])
    return "" if prefix is None else _symbols(prefix).get(value, "")


@cache
def _symbols(prefix: str) -> dict[int, str]:
    return {
        number: name
        for context in CONTEXTS.values()
        for name, number in context.enums.items()
        if name.startswith(prefix)
    }
