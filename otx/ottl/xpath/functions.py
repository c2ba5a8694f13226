"""The functions of XPath that need their arguments alone. Texts are measured and cut by bytes."""

import math
from collections.abc import Callable, Mapping
from typing import TypeAlias

from otx.ottl.errors import ExecutionError
from otx.ottl.go_strconv import format_float, parse_float
from otx.ottl.go_unicode import WHITE_SPACE, lower
from otx.ottl.patterns import compile_regex
from otx.ottl.substitution import contains, parse_template, replacer
from otx.ottl.xml.tree import Item
from otx.ottl.xpath.axes import string_value

Value: TypeAlias = bool | float | str | list[Item]

_MANY = 1_000

ARITIES: Mapping[str, tuple[int, int]] = {
    "boolean": (0, 1),
    "ceiling": (1, _MANY),
    "concat": (2, _MANY),
    "contains": (2, _MANY),
    "count": (1, _MANY),
    "ends-with": (2, _MANY),
    "false": (0, _MANY),
    "floor": (1, _MANY),
    "last": (0, _MANY),
    "local-name": (0, 1),
    "lower-case": (1, _MANY),
    "matches": (2, 2),
    "name": (0, 1),
    "namespace-uri": (0, 1),
    "normalize-space": (0, _MANY),
    "not": (1, _MANY),
    "number": (0, 1),
    "position": (0, _MANY),
    "replace": (3, 3),
    "reverse": (1, _MANY),
    "round": (1, _MANY),
    "starts-with": (2, _MANY),
    "string": (0, 1),
    "string-join": (2, 2),
    "string-length": (1, _MANY),
    "substring": (2, _MANY),
    "substring-after": (2, 2),
    "substring-before": (2, 2),
    "sum": (1, _MANY),
    "translate": (3, 3),
    "true": (0, _MANY),
}
"""How many arguments a function takes; the Collector ignores more in many."""


def to_text(value: Value) -> str:
    """A value as text: of nodes the first one."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _number_text(value)
    return string_value(value[0]) if value else ""


def _number_text(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return "0" if value == 0 else format_float(value, "f")


def to_number(value: Value) -> float:
    """A value as a number, NaN for what is none."""
    if isinstance(value, bool):
        return float(value)
    if isinstance(value, float):
        return value
    if isinstance(value, list) and not value:
        return math.nan
    try:
        return parse_float(to_text(value).strip(WHITE_SPACE))
    except ExecutionError:
        return math.nan


def to_boolean(value: Value) -> bool:
    """Whether there is anything: a node, a character, a number but 0."""
    return bool(value)


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _text(octets: bytes) -> str:
    return octets.decode("utf-8", "surrogateescape")


def _is_missing(value: Value) -> bool:
    return isinstance(value, list) and not value


def _starts_with(value: Value, start: Value) -> Value:
    return not _is_missing(value) and to_text(value).startswith(to_text(start))


def _ends_with(value: Value, end: Value) -> Value:
    return not _is_missing(value) and to_text(value).endswith(to_text(end))


def _contains(value: Value, part: Value) -> Value:
    return not _is_missing(value) and to_text(part) in to_text(value)


def _matches(value: Value, pattern: Value) -> Value:
    return not _is_missing(value) and contains(compile_regex(to_text(pattern)), to_text(value))


def _replace(value: Value, pattern: Value, replacement: Value) -> Value:
    text, regex, template = to_text(value), compile_regex(to_text(pattern)), to_text(replacement)
    for number in range(regex.groups, 0, -1):
        template = template.replace(f"${number}", f"${{{number}}}")
    replaced = replacer(regex, parse_template(template, regex))(text)
    return text if replaced is None else replaced


def _substring(value: Value, start: Value, length: Value = math.nan) -> Value:
    octets = _octets(to_text(value))
    first = _half_away(to_number(start))
    if not first <= len(octets):
        return ""
    if isinstance(length, float) and math.isnan(length):
        return _text(octets[max(int(first) - 1, 0) :])
    size = min(_half_away(to_number(length)), len(octets))
    end = size - abs(first) - 1 if first <= 0 else first + size - 1
    return _text(octets[max(int(first) - 1, 0) : int(end)]) if size > 0 and end > 0 else ""


def _half_away(number: float) -> float:
    """Rounded, halves away from zero."""
    if not math.isfinite(number):
        return number
    return math.copysign(math.floor(abs(number) + 0.5), number)


def _substring_before(value: Value, word: Value) -> Value:
    before, found, _ = to_text(value).partition(to_text(word) or "\0\0")
    return before if found else ""


def _substring_after(value: Value, word: Value) -> Value:
    return to_text(value).partition(to_text(word) or "\0\0")[2]


def _translate(value: Value, source: Value, target: Value) -> Value:
    wanted, given = to_text(source), to_text(target)
    table: dict[int, str] = {}
    for number, character in enumerate(wanted):
        table.setdefault(ord(character), given[number : number + 1])
    return to_text(value).translate(table)


def _normalize_space(value: Value) -> Value:
    words: list[str] = []
    current = ""
    for character in to_text(value) + " ":
        if character in WHITE_SPACE:
            words += [current] if current else []
            current = ""
        else:
            current += character
    return " ".join(words)


def _sum(value: Value) -> Value:
    if not isinstance(value, list):
        return to_number(value)
    numbers = (to_number(string_value(item)) for item in value)
    return math.fsum(number for number in numbers if not math.isnan(number))


def _round(value: Value) -> Value:
    """Rounded, halves up."""
    number = to_number(value)
    return math.floor(number + 0.5) + 0.0 if math.isfinite(number) else number


def _floor(value: Value) -> Value:
    number = to_number(value)
    return float(math.floor(number)) if math.isfinite(number) else number


def _ceiling(value: Value) -> Value:
    number = to_number(value)
    return float(math.ceil(number)) if math.isfinite(number) else number


def _not(value: Value) -> Value:
    return not value if isinstance(value, (bool, list)) else False


def _string_join(value: Value, separator: Value) -> Value:
    if isinstance(value, list):
        return to_text(separator).join(map(string_value, value))
    return value if isinstance(value, str) else ""


FUNCTIONS: Mapping[str, Callable[..., Value]] = {
    "boolean": to_boolean,
    "ceiling": _ceiling,
    "concat": lambda *values: "".join(map(to_text, values)),
    "contains": _contains,
    "count": lambda value: float(len(value)) if isinstance(value, list) else 0.0,
    "ends-with": _ends_with,
    "false": lambda: False,
    "floor": _floor,
    "lower-case": lambda value: lower(to_text(value)),
    "matches": _matches,
    "normalize-space": _normalize_space,
    "not": _not,
    "number": to_number,
    "replace": _replace,
    "reverse": lambda value: value[::-1] if isinstance(value, list) else [],
    "round": _round,
    "starts-with": _starts_with,
    "string": to_text,
    "string-join": _string_join,
    "string-length": lambda value: float(len(_octets(to_text(value)))),
    "substring": _substring,
    "substring-after": _substring_after,
    "substring-before": _substring_before,
    "sum": _sum,
    "translate": _translate,
    "true": lambda: True,
}
"""Functions of their arguments; those of one argument take the context where it is left out."""
