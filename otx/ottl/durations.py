"""Durations as Go writes and reads them: `1h15m30.5s`."""

import re

from otx.ottl.errors import ExecutionError
from otx.ottl.values import INT64_MAX, Duration

_UNITS = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,  # the sign for micro
    "μs": 1_000,  # the Greek letter
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}
_PART = re.compile(r"([0-9]*)(?:\.([0-9]*))?([^.0-9]+)")
_FRACTION_LIMIT = INT64_MAX // 10


def parse_duration(text: str) -> Duration:
    """A text as a duration.

    Raises:
        ExecutionError: It is none, or none that fits an int64 of nanoseconds.
    """
    sign = -1 if text[:1] == "-" else 1
    rest = text[1:] if text[:1] in ("-", "+") else text
    if rest == "0":
        return Duration(0)
    total = at = 0
    while at < len(rest):
        part = _PART.match(rest, at)
        if part is None:
            break
        total += _nanoseconds(text, *part.groups())
        at = part.end()
    if not rest or at < len(rest):
        raise ExecutionError(f"{text!r} is no duration: one like 1h15m30.5s is wanted")
    if total > INT64_MAX + (sign < 0):
        raise _too_long(text)
    return Duration(sign * total)


def _nanoseconds(text: str, whole: str, fraction: str | None, unit: str) -> int:
    if not whole and not fraction:
        raise ExecutionError(f"{text!r} is no duration: {unit} has no number")
    size = _UNITS.get(unit)
    if size is None:
        raise ExecutionError(f"{text!r} is no duration: {unit!r} is no unit ({', '.join(_UNITS)})")
    amount = int(whole or "0") * size if len(whole) < 40 else INT64_MAX + 2
    if fraction:
        digits, scale = _leading_digits(fraction)
        amount += int(digits * (size / scale))
    if amount > INT64_MAX + 1:
        raise _too_long(text)
    return amount


def _leading_digits(fraction: str) -> tuple[int, float]:
    """A fraction's digits as far as an int64 takes them, and ten to the power of their number."""
    number, scale = 0, 1.0
    for digit in fraction:
        if number > _FRACTION_LIMIT:
            break
        number = number * 10 + int(digit)
        scale *= 10
    return number, scale


def _too_long(text: str) -> ExecutionError:
    return ExecutionError(f"{text!r} is too long for a duration")
