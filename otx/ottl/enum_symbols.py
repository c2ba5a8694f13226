"""The symbols of enums, for numbers that stand at paths that hold such."""

from functools import cache

from otx.ottl.completion import ENUM_PREFIXES
from otx.ottl.contexts.table import CONTEXTS
from otx.ottl.values import Value


def enum_symbol(path: str, value: Value) -> str:
    """The symbol of a number at a path, as a statement may write it; "" for anything else."""
    prefix = _prefix(path) if type(value) is int else ""
    return _symbols(prefix).get(value, "") if prefix else ""


def symbol_of_word(path: str, word: str) -> str:
    """The symbol of an enum's word at a path, as tests write it (`ERROR`); "" for anything else."""
    prefix = _prefix(path)
    symbol = prefix + word.upper()
    return symbol if prefix and symbol in _symbols(prefix).values() else ""


def _prefix(path: str) -> str:
    """How the symbols begin that may stand at a path; "" where none may."""
    return "" if path.endswith("]") else ENUM_PREFIXES.get(path.rpartition(".")[2], "")


@cache
def _symbols(prefix: str) -> dict[int, str]:
    return {
        number: name
        for context in CONTEXTS.values()
        for name, number in context.enums.items()
        if name.startswith(prefix)
    }
