"""Grok: regular expressions with named pieces, `%{IP:client.ip}`, from a library.

A pattern is expanded piece by piece until none is left, and matched by RE2.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from importlib.resources import files

from otx.ottl.errors import ExecutionError
from otx.ottl.go_strconv import parse_float, parse_int
from otx.ottl.groups import Groups, without_unnamed
from otx.ottl.patterns import InvalidPattern, compile_regex
from otx.ottl.values import Value

_PIECE = re.compile(r"%\{(\w+(?::[\w+.]+(?::\w+)?)?)\}", re.ASCII)
_DOT = "___"
"""What stands for a dot in the name of a group, which may have none."""
_ROUNDS = 1000
_MAX_LENGTH = 1_000_000


def _parse_bool(text: str) -> bool:
    if text in ("1", "t", "T", "TRUE", "true", "True"):
        return True
    if text in ("0", "f", "F", "FALSE", "false", "False"):
        return False
    raise ExecutionError(f"{text!r} is neither true nor false")


def _parse_int(text: str) -> int:
    return parse_int(text, 10)


_TYPES: Mapping[str, Callable[[str], Value]] = {
    "string": str,
    "int": _parse_int,
    "long": _parse_int,
    "float": parse_float,
    "double": parse_float,
    "bool": _parse_bool,
    "boolean": _parse_bool,
}


class Grok:
    """A compiled grok pattern."""

    def __init__(self, expression: str, types: Mapping[str, str]) -> None:
        self._groups = Groups(compile_regex(without_unnamed(expression)))
        self._types = types

    @property
    def has_names(self) -> bool:
        """Whether it keeps anything."""
        return any(self._groups.names)

    def extract(self, text: str) -> dict[str, Value]:
        """What its pieces matched, by field; nothing where the text does not match.

        Raises:
            ExecutionError: A piece matched what is not of its type.
        """
        fields = {}
        for name, matched in self._groups.find(text):
            if matched:
                fields[name.replace(_DOT, ".")] = self._typed(name, matched)
        return fields

    def _typed(self, name: str, matched: str) -> Value:
        wanted = self._types.get(name)
        if wanted is None:
            return matched
        convert = _TYPES.get(wanted)
        if convert is None:
            raise ExecutionError(f"{wanted!r} is no type of a field: {', '.join(_TYPES)} are")
        return convert(matched)


@cache
def library() -> Mapping[str, str]:
    """The patterns that everybody knows."""
    lines = files(__package__).joinpath("functions/grok_patterns.txt").read_text().splitlines()
    entries = (line.split(" ", 1) for line in lines if line and not line.startswith("#"))
    return dict(entries)


def parse_definitions(texts: list[str]) -> tuple[tuple[str, str], ...]:
    """Definitions like `NAME=pattern`, taken apart.

    Raises:
        ExecutionError: One is not of that form.
    """
    definitions = []
    for text in texts:
        name, found, pattern = text.partition("=")
        if not found or ":" in name:
            raise ExecutionError(f"{text!r} defines no pattern: NAME=pattern does")
        definitions.append((name, pattern))
    return tuple(definitions)


@lru_cache(256)
def compile_grok(
    pattern: str, definitions: tuple[tuple[str, str], ...], *, only_named: bool
) -> Grok:
    """A grok pattern, expanded and compiled.

    Raises:
        InvalidPattern: It names an unknown pattern, or is no regular expression.
    """
    known = {**library(), **dict(definitions)}
    types: dict[str, str] = {}
    expression = pattern
    for _ in range(_ROUNDS):
        pieces = _PIECE.findall(expression)
        if not pieces:
            break
        for piece in pieces:
            name, *field = piece.split(":")
            if name not in known:
                raise InvalidPattern(f"there is no grok pattern {name}")
            group = (field[0] if field else name).replace(".", _DOT)
            if len(field) == 2:
                types[group] = field[1]
            is_kept = field or not only_named
            replaced = f"(?P<{group}>{known[name]})" if is_kept else f"({known[name]})"
            expression = expression.replace(f"%{{{piece}}}", replaced)
            if len(expression) > _MAX_LENGTH:
                raise InvalidPattern(f"the grok pattern {name} grows without end")
    else:
        raise InvalidPattern(f"the grok pattern {pattern} contains itself")
    return Grok(expression, types)
