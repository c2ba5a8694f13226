"""OTTL that YAML does not read as a text: where quotes, brackets, `: ` or ` #` in it end one.

What YAML says of it then (`did not find expected '-' indicator`, a key that nothing knows) helps
nobody who thinks of OTTL. Here it is told in words of both, with the text in the quotes it wants.
"""

import re
from collections.abc import Iterator
from typing import Any

from otx.model.frozen import Frozen
from otx.ottl.yaml_places import YamlDocument, YamlPath

_PREFIX = re.compile(r"\s*(?:- +)*(?:[\w/-]+: +)?(?:- +)*")
"""What stands before a value on its line: dashes and a key."""
_OTTL = re.compile(
    r"(?:not\s+|\()*[A-Za-z_][\w.]*(?:\(|\[\"|(?:\[\"[^\]]*\]|\s)*\s*(?:[=!<>]=|[<>])\s)"
)
"""How a statement or condition begins: with a call, an indexed path or a comparison."""
_QUOTED = "put the statement in single quotes"


class Slip(Frozen):
    """A text of OTTL that YAML takes for something else.

    Attributes:
        reason: How it does.
        hint: What to write.
    """

    reason: str
    hint: str


def slip_in(line: str, problem: str) -> Slip | None:
    """What is wrong in a line at which reading YAML failed; None where no OTTL stands in it.

    Args:
        line: The line.
        problem: What YAML says.
    """
    value = _value(line)
    opening, rest = value[:1], value[1:].lstrip()
    if opening and opening in "\"'":
        return _in_quotes(opening, rest, problem) if _OTTL.match(rest) else None
    if opening in ("[", "{") and _OTTL.match(rest):
        return _in_brackets(value)
    return _of_plain(value) if _OTTL.match(value) else None


def slip_at(document: YamlDocument, path: YamlPath) -> tuple[YamlPath, Slip] | None:
    """What a value at a path, above or below it, was meant to be; None where it is no such slip.

    Args:
        document: What was read.
        path: Where something is wrong in it.
    """
    for at in _related(document.data, path):
        place = document.place(at)
        value = _value_at(document.data, at)
        written = place.text[place.column - 1 :]
        if isinstance(value, dict) and _OTTL.match(written):
            return at, _of_plain(written)
        is_list = isinstance(value, list) and written.startswith("[")
        if is_list and _OTTL.match(written[1:].lstrip()) and _is_torn(document, at, value):
            return at, _in_brackets(written)
    return None


def comment_hint(document: YamlDocument, path: YamlPath) -> str:
    """What to write where ` #` in a text began a comment; "" where it did not."""
    span = document.scalar(path)
    if span is None or span.style or not re.match(r"[ \t]+#", document.source[span.end :]):
        return ""
    place = document.place_of(span.start)
    written = place.text[place.column - 1 :]
    return f"YAML takes what follows ` #` for a comment: {_written(written)}"


def _value(line: str) -> str:
    prefix = _PREFIX.match(line)
    return line[prefix.end() if prefix else 0 :].rstrip()


def _in_quotes(quote: str, rest: str, problem: str) -> Slip:
    inner = rest.removesuffix(quote)
    if quote == '"':
        is_escape = "escape" in problem
        end = "has an escape that YAML does not know" if is_escape else 'ends at the next "'
        return Slip(f"the text in double quotes {end}", _written(inner.replace('\\"', '"')))
    # OTTL's own texts stand in double quotes: who wrote 'x' within meant those.
    meant = inner if '"' in inner else inner.replace("'", '"')
    return Slip("the text in single quotes ends at the next '", f"write '{_doubled(meant)}'")


def _of_plain(value: str) -> Slip:
    return Slip("`: ` in a text without quotes makes it a key and a value", _written(value))


def _in_brackets(value: str) -> Slip:
    """A list in one line, whose items end at every comma and bracket."""
    hint = f"{_QUOTED}, or in a line of its own behind a dash"
    inner = value[1:].rstrip().removesuffix("]")
    if value.rstrip().endswith("]") and _is_ottl(inner):
        hint = f"{hint}: ['{_doubled(inner)}']"
    return Slip("in a list in brackets a text without quotes ends at a comma or bracket", hint)


def _is_ottl(text: str) -> bool:
    from otx.ottl.errors import OttlError
    from otx.ottl.parser import parse_condition, parse_statement

    for parse in (parse_statement, parse_condition):
        try:
            parse(text)
        except OttlError:
            continue
        return True
    return False


def _written(text: str) -> str:
    return f"{_QUOTED}: '{_doubled(text.rstrip())}'"


def _doubled(text: str) -> str:
    return text.replace("'", "''")


def _related(data: Any, path: YamlPath) -> Iterator[YamlPath]:
    """A path, what is above it, and what is below it."""
    for length in range(len(path), 0, -1):
        yield path[:length]
    yield from _below(_value_at(data, path), path)


def _below(value: Any, path: YamlPath) -> Iterator[YamlPath]:
    entries = value.items() if isinstance(value, dict) else ()
    for key, one in enumerate(value) if isinstance(value, list) else entries:
        yield (*path, key)
        yield from _below(one, (*path, key))


def _value_at(data: Any, path: YamlPath) -> Any:
    """What stands at a path; None where nothing does."""
    for step in path:
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            return None
    return data


def _is_torn(document: YamlDocument, path: YamlPath, items: list[Any]) -> bool:
    """Whether the first item is but the beginning of a text: a bracket in it is still open."""
    span = document.scalar((*path, 0))
    is_plain = span is not None and not span.style
    first = items[0] if items else ""
    return is_plain and isinstance(first, str) and first.count("(") > first.count(")")
