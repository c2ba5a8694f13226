"""Values of records on one line of text, in the words of OTTL and JSON."""

import json
from itertools import islice
from typing import Any

from otx.model.cells import printable
from otx.ottl.errors import ExecutionError
from otx.ottl.values import Value, is_map, json_text, kind_of, to_plain

TITLE_WIDTH = 60
_WIDTH = 100


def value_text(value: Value, width: int = _WIDTH) -> str:
    """A value on one line, cut to what a line holds."""
    text = printable(_whole(_cut(value, width)))
    return text if len(text) <= width else text[: width - 1] + "…"


def title_text(value: Value) -> str:
    """A name or body as the title of what has it: the beginning of the value."""
    return value_text(value, TITLE_WIDTH)


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
    return value.raw.hex() if hasattr(value, "raw") else f"({kind_of(value)})"


def _json(value: Any) -> str:
    try:
        return json.dumps(to_plain(value), ensure_ascii=False)
    except (ExecutionError, TypeError):
        return json_text(value)
