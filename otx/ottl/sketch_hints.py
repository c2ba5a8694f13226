"""Statements in the grammar of older sketches of the language, and their right form.

`set path = value`, `path = value` and `filter condition` are what those write; a hint shows what
OTTL writes, and only what parses.
"""

import re
from collections.abc import Callable, Iterator

from otx.ottl.errors import OttlError
from otx.ottl.reading import read_condition, read_statement
from otx.ottl.syntax import Node

_SET = re.compile(r"\s*set\s+(?P<path>[^=(]+?)\s*=(?!=)\s*(?P<rest>.+?)\s*", re.DOTALL)
_ASSIGNMENT = re.compile(r"\s*(?P<path>[a-z][^=(]*?)\s*=(?!=)\s*(?P<rest>.+?)\s*", re.DOTALL)
_FILTER = re.compile(r"\s*(?:filter|drop)\b\s*(?:where\s)?\s*(?P<condition>.*?)\s*", re.DOTALL)
_DROP = re.compile(r"\s*(?:filter|drop)\s*\(\s*\)\s*where\s(?P<condition>.*?)\s*", re.DOTALL)
WHERE = re.compile(r"\s+where\s+")


def hint_for_sketch(text: str) -> str:
    """What OTTL writes for a text that is no statement; "" where it is in no grammar known here."""
    if found := _DROP.fullmatch(text) or _FILTER.fullmatch(text):
        return _dropping(found["condition"])
    for pattern in (_SET, _ASSIGNMENT):
        if found := pattern.fullmatch(text):
            return _setting(found["path"], found["rest"])
    return ""


def _dropping(condition: str) -> str:
    forms = (_inside(condition), condition)
    shown = next((one for one in forms if is_read(one, read_condition)), 'span.name == "x"')
    return f"dropping is the filter processor's work; its condition is the text alone: {shown}"


def _inside(condition: str) -> str:
    """A condition without the brackets of a call."""
    return condition[1:-1].strip() if condition.startswith("(") else condition


def _setting(path: str, rest: str) -> str:
    for form in _forms(path, rest):
        if is_read(form, read_statement):
            return f"write {form}"
    return 'a statement is a call of an editor: set(attributes["key"], "value")'


def _forms(path: str, rest: str) -> Iterator[str]:
    """The statement, with its condition from the first `where` on, the second, …, or without."""
    for found in WHERE.finditer(rest):
        yield f"set({path}, {rest[: found.start()]}) where {rest[found.end() :]}"
    yield f"set({path}, {rest})"


def is_read(text: str, read: Callable[[str], Node]) -> bool:
    """Whether a text is what a parser reads."""
    try:
        read(text)
    except OttlError:
        return False
    return True
