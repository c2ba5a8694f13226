"""Values as JSON and as text, in the dialects of Go's writers that the Collector uses."""

import base64
import math
import re
from typing import Any

from otx.model.frozen import Frozen
from otx.ottl.errors import ExecutionError
from otx.ottl.go_strconv import format_float
from otx.ottl.values import (
    Duration,
    Map,
    Opaque,
    ProfileId,
    SpanId,
    Time,
    TraceId,
    Value,
    is_map,
    kind_of,
)


def number_text(value: float, *, pads_exponent: bool = False) -> str:
    """A double as Go's encoding/json writes it; other writers make it `1e-07` instead of `1e-7`."""
    if not math.isfinite(value):
        raise ExecutionError(f"{value} has no form in JSON")
    size = abs(value)
    if 1e-4 <= size < 1e16:
        return repr(value).removesuffix(".0")
    text = format_float(value, "f" if size == 0 or 1e-6 <= size < 1e21 else "e")
    return text if pads_exponent else text.replace("e-0", "e-")


def to_plain(value: Value) -> Any:
    """A value as a JSON writer takes it: bytes in base64, ids as lists, times as text."""
    kind = type(value)
    if value is None or kind in (str, int, bool, float):
        return value
    if kind is bytes:
        return base64.b64encode(value).decode()
    if kind is list:
        return [to_plain(one) for one in value]
    if is_map(value):
        return {key: to_plain(one) for key, one in value.items()}
    if isinstance(value, (TraceId, SpanId, ProfileId)):
        return list(value.raw)
    if isinstance(value, Duration):
        return value.ns
    if isinstance(value, Time):
        from otx.ottl.times import rfc3339

        return rfc3339(value)
    if isinstance(value, Opaque):
        # What the reference's JSON shows of its own types: numbers, and nothing of messages.
        return list(value.content) if value.is_numbers else {}
    raise ExecutionError(f"a {kind_of(value)} has no form in JSON")


def json_text(value: Value) -> str:
    """A value as the Collector's functions write it as JSON (goccy/go-json).

    `<`, `>` and `&` are escaped, and keys are sorted as they are written: with their quotes.
    """
    return _write(value, _FUNCTIONS_JSON)


def as_string(value: Value) -> str:
    """A value as the Collector shows it as text (`AsString`); "" for an Empty one.

    Unlike `coerce.text_like` it writes bytes in base64 and leaves `<` in JSON alone.
    """
    kind = type(value)
    if kind is str:
        text: str = value
        return text
    if kind is bytes:
        return base64.b64encode(value).decode()
    if kind is float and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if value is None:
        return ""
    try:
        return _write(value, _OTLP_JSON)
    except ExecutionError:
        # A NaN within a map or list: the reference gives up on the whole.
        return ""


class _Dialect(Frozen):
    """What Go's writers of JSON differ in.

    Attributes:
        special: The characters that are escaped.
        escapes: How, where it is not by number.
        sorts_written: Whether keys are sorted as they are written.
        pads_exponent: Whether exponents have two digits.
    """

    special: re.Pattern[str]
    escapes: dict[str, str]
    sorts_written: bool
    pads_exponent: bool


_SHORT_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_FUNCTIONS_JSON = _Dialect(
    re.compile('["\\\\\x00-\x1f<>&\u2028\u2029\ud800-\udfff]'), _SHORT_ESCAPES, True, True
)
_OTLP_JSON = _Dialect(
    re.compile('["\\\\\x00-\x1f\u2028\u2029\ud800-\udfff]'),
    {**_SHORT_ESCAPES, "\b": "\\b", "\f": "\\f"},
    False,
    False,
)


def _write(value: Any, dialect: _Dialect) -> str:
    kind = type(value)
    if kind is str:
        return _write_text(value, dialect)
    if value is None or (kind is bytes and not value):
        return "null"  # what Go makes of no bytes is its nil
    if kind is bool:
        return "true" if value else "false"
    if kind is int:
        return str(value)
    if kind is float:
        return number_text(value, pads_exponent=dialect.pads_exponent)
    if kind is list:
        return f"[{','.join([_write(one, dialect) for one in value])}]"
    return _write_map(value, dialect) if is_map(value) else _write(to_plain(value), dialect)


def _write_map(value: Map, dialect: _Dialect) -> str:
    entries = [(key, _write_text(key, dialect), one) for key, one in value.items()]
    by = 1 if dialect.sorts_written else 0
    entries.sort(key=lambda entry: entry[by].encode("utf-8", "surrogateescape"))
    return f"{{{','.join([f'{key}:{_write(one, dialect)}' for _, key, one in entries])}}}"


def _write_text(text: str, dialect: _Dialect) -> str:
    def escape(found: re.Match[str]) -> str:
        c = found[0]
        code = 0xFFFD if "\ud800" <= c <= "\udfff" else ord(c)
        return dialect.escapes.get(c) or f"\\u{code:04x}"

    return f'"{dialect.special.sub(escape, text)}"'
