"""Traps of regular expressions and of the replacements that refer to their groups."""

import re
from collections.abc import Collection, Iterator
from typing import TypeAlias

from otx.ottl.expression_kinds import bound_arguments
from otx.ottl.functions.registry import all_functions
from otx.ottl.parameters import Pattern
from otx.ottl.syntax import Call, Constant, Expression, Place

_SINGLE_ESCAPES = re.compile(r"[\a\b\f\v]")
_REFERENCE = re.compile(r"\$\$|\$\{(?P<braced>[^}]*)\}|\$(?P<bare>\w+)")


PatternTrap: TypeAlias = tuple[Place, str, str]
"""Where it is, what it is, and what to write instead."""


def pattern_traps(call: Call) -> Iterator[PatternTrap]:
    """The traps in the arguments of a call."""
    function = all_functions().get(call.name)
    if function is None:
        return
    arguments = {}
    for parameter, value in bound_arguments(function, call):
        arguments[parameter.name] = value
        if isinstance(parameter.kind, Pattern) and parameter.kind.name == "regex":
            yield from _escapes(value)
    if "regex_pattern" in arguments and "replacement" in arguments:
        yield from _references(arguments["regex_pattern"], arguments["replacement"])


def _escapes(pattern: Expression) -> Iterator[PatternTrap]:
    text = pattern.value if isinstance(pattern, Constant) else None
    if isinstance(text, str) and _SINGLE_ESCAPES.search(text):
        yield (
            pattern.place,
            r"\b and its kin are control characters in a text",
            r"a regular expression's backslash is written twice: \\b",
        )


def _references(pattern: Expression, replacement: Expression) -> Iterator[PatternTrap]:
    """References of a replacement to groups that its pattern does not have: they become empty."""
    text = replacement.value if isinstance(replacement, Constant) else None
    if not isinstance(text, str):
        return
    groups = _groups(pattern)
    for found in _REFERENCE.finditer(text):
        name = found["bare"] or found["braced"]
        if not name or name in groups or (not groups and name.isdigit()):
            continue
        shorter = [one for one in groups or _numbers(name) if name.startswith(one)]
        meant = max(shorter, key=len, default="") if found["bare"] else ""
        hint = f"write ${{{meant}}}{name[len(meant) :]}" if meant else ""
        yield (
            replacement.place,
            f"{found[0]} is a group that the pattern does not have: it becomes empty",
            hint,
        )


def _numbers(name: str) -> Collection[str]:
    """The number that a name begins with."""
    found = re.match(r"\d+", name)
    return (found[0],) if found else ()


def _groups(pattern: Expression) -> Collection[str]:
    """The numbers and names of a literal pattern's groups; none where it is no literal."""
    text = pattern.value if isinstance(pattern, Constant) else None
    if not isinstance(text, str):
        return ()
    from otx.ottl.groups import Groups
    from otx.ottl.patterns import InvalidPattern, compile_regex

    try:
        names = Groups(compile_regex(text)).names
    except InvalidPattern:
        return ()
    return {*map(str, range(len(names) + 1)), *filter(None, names)}
