"""Durations, sizes, rates and times as people write them (docs/cli.md, "Everywhere")."""

import re
from datetime import UTC, datetime

from otx.errors import UsageError

NS_PER_S = 1_000_000_000
LAST_UNIX_NANO = (1 << 63) - 2
"""The last moment of 2262 that a signed count of nanoseconds reaches, but for "never"."""

_DURATION_UNITS_NS = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "ms": 1_000_000,
    "s": NS_PER_S,
    "m": 60 * NS_PER_S,
    "h": 3_600 * NS_PER_S,
    "d": 86_400 * NS_PER_S,
}
_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h|d)")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]i?)?B?", re.IGNORECASE)
_RATE = re.compile(r"(\d+(?:\.\d+)?)(?:/(s|m|h))?")
_SIZE_POWERS = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4}


def parse_duration_ns(text: str) -> int:
    """Nanoseconds of `250ms`, `10s`, `5m`, `1h30m`.

    Raises:
        UsageError: The text is no duration.
    """
    total = 0.0
    position = 0
    for part in _DURATION_PART.finditer(text):
        if part.start() != position:
            break
        total += float(part[1]) * _DURATION_UNITS_NS[part[2]]
        position = part.end()
    if position == 0 or position != len(text):
        raise UsageError(f"{text!r} is no duration", hint="write it like 250ms, 10s, 5m or 1h30m")
    return round(total)


def parse_size(text: str) -> int:
    """Bytes of `64KiB`, `1MiB`, `10MB` or a bare number.

    Raises:
        UsageError: The text is no size.
    """
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"{text!r} is no size", hint="write it like 64KiB, 1MiB or 10GiB")
    unit = (match[2] or "").upper()
    base = 1024 if unit.endswith("I") else 1000
    return int(float(match[1]) * float(base) ** _SIZE_POWERS[unit.removesuffix("I")])


def parse_rate_per_s(text: str) -> float:
    """Events a second of `500/s`, `30/m` or a bare number.

    Raises:
        UsageError: The text is no rate.
    """
    match = _RATE.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"{text!r} is no rate", hint="write it like 500/s")
    return float(match[1]) / {"s": 1, "m": 60, "h": 3600}[match[2] or "s"]


def parse_time_unix_nano(text: str, now_unix_nano: int) -> int:
    """Unix nanoseconds of an RFC 3339 time or of a time before now such as `-15m`.

    Times beyond 2262 become the last moment that a timestamp of nanoseconds holds, and times before
    1970 become 1970: no record is earlier, as the times of OTLP have no sign.

    Raises:
        UsageError: The text is neither.
    """
    if text.startswith("-"):
        return _holdable(now_unix_nano - parse_duration_ns(text[1:]))
    match = re.fullmatch(r"(.*?)(?:\.(\d{1,9}))?(Z|[+-]\d\d:?\d\d)?", text)
    try:
        if match is None:
            raise ValueError(text)
        moment = datetime.fromisoformat(match[1] + (match[3] or ""))
    except ValueError:
        raise UsageError(
            f"{text!r} is no time", hint="write it like 2026-08-01T12:00:00Z or -15m"
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    fraction_ns = int((match[2] or "0").ljust(9, "0"))
    return _holdable(int(moment.timestamp()) * NS_PER_S + fraction_ns)


def _holdable(unix_nano: int) -> int:
    return min(max(unix_nano, 0), LAST_UNIX_NANO)


def format_duration(ns: int) -> str:
    """A duration for people, three digits: `18 ms`, `1.94 s`, `2 m 05 s`."""
    if ns < 0:
        return "-" + format_duration(-ns)
    for unit, size in (("ns", 1), ("µs", 1_000), ("ms", 1_000_000), ("s", NS_PER_S)):
        value = ns / size
        if value < 9.995:
            return f"{value:.0f} {unit}" if unit == "ns" else f"{value:.2f} {unit}"
        if value < 99.95:
            return f"{value:.0f} {unit}" if unit == "ns" else f"{value:.1f} {unit}"
        if value < (60 if unit == "s" else 999.5):
            return f"{value:.0f} {unit}"
    seconds = round(ns / NS_PER_S)
    if seconds < 3600:
        return f"{seconds // 60} m {seconds % 60:02d} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60:02d} m"


def format_size(size: int) -> str:
    """A size for people: `812 B`, `1.5 MiB`."""
    value = float(size)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1024:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} TiB"


def format_count(count: int) -> str:
    """A count for people, digits in groups of three: `48 210`."""
    return f"{count:,}".replace(",", " ")


def counted(count: int, noun: str, plural: str = "") -> str:
    """A count with what is counted: `1 span`, `48 210 spans`, `3 children`."""
    return f"{format_count(count)} {noun if count == 1 else plural or noun + 's'}"


def format_time(unix_nano: int) -> str:
    """RFC 3339 in UTC with nanoseconds."""
    seconds, rest = divmod(unix_nano, NS_PER_S)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"


def format_clock(unix_nano: int) -> str:
    """The time of day in the local zone with milliseconds: `12:04:31.102`."""
    seconds, rest = divmod(unix_nano, NS_PER_S)
    return f"{datetime.fromtimestamp(seconds).astimezone():%H:%M:%S}.{rest // 1_000_000:03d}"
