"""How Go's times, durations and OTLP's ids show themselves as text: their `String()`."""

from otx.ottl.values import Duration, ProfileId, SpanId, Time, TraceId

_TIME_LAYOUT = "2006-01-02 15:04:05.999999999 -0700 MST"
_SUB_SECONDS = ((1, "ns"), (1_000, "µs"), (1_000_000, "ms"))
_SECOND = 1_000_000_000


def duration_text(value: Duration) -> str:
    """A duration such as `1h0m0.5s`; below a second in one smaller unit."""
    if value.ns == 0:
        return "0s"
    size, sign = abs(value.ns), "-" if value.ns < 0 else ""
    if size < _SECOND:
        unit, name = max(one for one in _SUB_SECONDS if one[0] <= size)
        return f"{sign}{_decimal(size, unit)}{name}"
    minutes, rest = divmod(size, 60 * _SECOND)
    hours, minutes = divmod(minutes, 60)
    shown = f"{_decimal(rest, _SECOND)}s"
    if hours:
        return f"{sign}{hours}h{minutes}m{shown}"
    return f"{sign}{minutes}m{shown}" if minutes else f"{sign}{shown}"


def _decimal(size: int, unit: int) -> str:
    whole, rest = divmod(size, unit)
    fraction = str(rest).rjust(len(str(unit)) - 1, "0").rstrip("0") if rest else ""
    return f"{whole}.{fraction}" if fraction else str(whole)


def time_text(value: Time) -> str:
    """A time such as `2009-11-10 23:00:00 +0000 UTC`."""
    from otx.ottl.go_time.layout import format_layout  # few formats show a time

    return format_layout(value, _TIME_LAYOUT)


def identifier_text(value: TraceId | SpanId | ProfileId) -> str:
    """An id in hexadecimal; "" where it is all zero."""
    return value.raw.hex() if any(value.raw) else ""
