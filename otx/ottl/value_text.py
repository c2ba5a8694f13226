"""Values of records on one line of text, in the words of OTTL and JSON."""

import json
from itertools import islice
from typing import Any

from otx.model.cells import ELLIPSIS, printable, shorten, width_of
from otx.ottl.errors import ExecutionError
from otx.ottl.value_json import json_text, to_plain
from otx.ottl.values import Duration, Opaque, Time, Value, is_map, kind_of

TITLE_WIDTH = 60
WIDE = 400
"""Cells of a value whose reason may stand anywhere in it: ordinary URLs and messages are whole."""
_WIDTH = 100
_NARROWEST = 4
_SHOWN = 60


def value_text(value: Value, width: int = _WIDTH) -> str:
    """A value on one line, cut to so many cells."""
    return shorten(printable(_whole(_cut(value, width))[: width * _CHARACTERS]), width)


def kind_and_value(value: Value) -> str:
    """A value with its kind: `int 5`, `string "x"`; of parts of a record the kind alone."""
    if value is None or isinstance(value, Opaque):
        return kind_of(value)
    return f"{kind_of(value)} {value_text(value, _SHOWN)}"


def title_text(value: Value) -> str:
    """A name or body as the title of what has it: the beginning of the value."""
    return value_text(value, TITLE_WIDTH)


def pair_texts(before: Value, after: Value, room: int) -> tuple[str, str]:
    """Two values that differ on one line: of long ones what lies round the first difference.

    Args:
        before: One value.
        after: The other.
        room: Cells that there are for both; what one leaves the other may take.
    """
    one, other = _whole(before), _whole(after)
    half = max(_NARROWEST, room // 2)
    widths = _width_up_to(one, room), _width_up_to(other, room)
    if sum(widths) <= room:
        return printable(one), printable(other)
    at = _shared(one, other)
    return (
        _around(one, at, max(half, room - widths[1])),
        _around(other, at, max(half, room - widths[0])),
    )


_CHARACTERS = 4
"""Characters that are looked at for each cell: combining ones take none, and may be without end."""


def _width_up_to(text: str, most: int) -> int:
    """Cells of a text; of one that is wider than `most` any number above that."""
    return width_of(printable(text)) if len(text) <= most else most + 1


def _shared(one: str, other: str) -> int:
    """How many characters two texts begin with alike."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _around(text: str, at: int, width: int) -> str:
    """What of a text lies round a place, in so many cells: a third of them before it."""
    if _width_up_to(text, width) <= width:
        return printable(text)
    first, last = max(0, at - width), at + width * _CHARACTERS
    near = printable(text[first:last])
    begin = _back(near, at - first, width // 3)
    if last >= len(text) and width_of(near[begin:]) < width:
        begin = _back(near, len(near), width - 1)
    is_cut = first + begin > 0
    shown = shorten(near[begin:], width - is_cut)
    return ELLIPSIS + shown if is_cut else shown


def _back(text: str, end: int, cells: int) -> int:
    """Where a text begins that ends at `end` and has at most so many cells."""
    begin = end
    while begin > 0 and cells >= (step := width_of(text[begin - 1])):
        cells -= step
        begin -= 1
    return begin


def _cut(value: Value, most: int) -> Value:
    """As much of a value as a text of so many characters can show: a body may have megabytes."""
    if isinstance(value, (str, bytes)):
        return value[: most + 1]
    if isinstance(value, list):
        return [_cut(one, most) for one in value[: most + 1]]
    if is_map(value):
        return {_cut(key, most): _cut(one, most) for key, one in islice(value.items(), most + 1)}
    return value


def _whole(value: Value) -> str:
    if isinstance(value, ExecutionError):
        return f"fails: {value}"
    if value is None:
        return "nil"
    if isinstance(value, (str, bool, int, float, list)) or is_map(value):
        return _json(value)
    if isinstance(value, bytes):
        return f"0x{value.hex()}"
    if isinstance(value, Duration):
        from otx.ottl.go_own_text import duration_text  # few values are one

        return duration_text(value)
    if isinstance(value, Time):
        return _time(value)
    return value.raw.hex() if hasattr(value, "raw") else f"({kind_of(value)})"


def _time(value: Time) -> str:
    from otx.ottl.times import rfc3339  # 10 ms, and few values are one

    try:
        return rfc3339(value)
    except ExecutionError:
        from otx.ottl.go_own_text import time_text

        return time_text(value)


def _json(value: Any) -> str:
    try:
        return json.dumps(to_plain(value), ensure_ascii=False)
    except (ExecutionError, TypeError):
        return json_text(value)
