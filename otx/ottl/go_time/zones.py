"""Locations: which offset and abbreviation hold where and when.

Rules come from the system's time zone database, or from the `tzdata` package where it has none.
Beside `zoneinfo`, which answers for a moment, a location knows all abbreviations that it ever had:
Go reads `EDT` in a text by them.
"""

import bisect
import importlib.resources
import io
import os
import struct
import zoneinfo
from datetime import UTC as DATETIME_UTC
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TypeAlias

from otx.ottl.errors import ExecutionError
from otx.ottl.values import Location, Time

_EPOCH = datetime(1970, 1, 1, tzinfo=DATETIME_UTC)
_CYCLE_S = 146_097 * 86_400
_EARLIEST_S = -62_100_000_000  # some weeks into year 1, where datetime begins
_LATEST_S = 253_370_000_000  # in year 9998
_HEADER = struct.Struct(">4sc15x6I")


class FixedZone:
    """One offset for ever."""

    def __init__(self, name: str, offset_s: int) -> None:
        self._zone = (name, offset_s)

    def lookup(self, unix_s: int) -> tuple[str, int]:
        """Its name and offset."""
        return self._zone

    def lookup_name(self, name: str, clock_s: int) -> int | None:
        """Its offset by its own name."""
        return self._zone[1] if name == self._zone[0] else None


class UtcZone(FixedZone):
    """UTC, which has no table of names: "UTC" in a text is known without one."""

    def __init__(self) -> None:
        super().__init__("UTC", 0)

    def lookup_name(self, name: str, clock_s: int) -> int | None:
        """Nothing."""
        return None


class NamedZone:
    """A location of the database."""

    def __init__(self, data: bytes, name: str) -> None:
        self._rules = zoneinfo.ZoneInfo.from_file(io.BytesIO(data), name)
        self._kinds, self._starts, self._kind_numbers = _table(data)

    def lookup(self, unix_s: int) -> tuple[str, int]:
        """What its rules say; behind datetime's range the calendar's cycle of 400 years goes on."""
        starts = self._starts
        if starts and starts[0] <= unix_s < starts[-1]:
            return self._kinds[self._kind_numbers[bisect.bisect_right(starts, unix_s) - 1]]
        if unix_s > _LATEST_S:
            unix_s = _LATEST_S - _CYCLE_S + (unix_s - _LATEST_S) % _CYCLE_S
        moment = _EPOCH + timedelta(seconds=max(unix_s, _EARLIEST_S))
        there = moment.astimezone(self._rules)
        offset = there.utcoffset()
        return there.tzname() or "", int(offset.total_seconds()) if offset else 0

    def lookup_name(self, name: str, clock_s: int) -> int | None:
        """The offset of an abbreviation, best of one that held at that time."""
        offsets = [offset for kind, offset in self._kinds if kind == name]
        for offset in offsets:
            held, there = self.lookup(clock_s - offset)
            if held == name:
                return there
        return offsets[0] if offsets else None


UTC: Location = UtcZone()


def time_at(unix_nano: int, location: Location) -> Time:
    """A moment, shown in a location."""
    name, offset_s = location.lookup(unix_nano // 1_000_000_000)
    return Time(unix_nano, offset_s, name, None if isinstance(location, FixedZone) else location)


def unix_seconds(clock_s: int, location: Location) -> int:
    """When a location's clock shows this; where it was put back or forward, as Go chooses."""
    offset = location.lookup(clock_s)[1]
    if offset:
        offset = location.lookup(clock_s - offset)[1]
    return clock_s - offset


@cache
def load_location(name: str) -> Location:
    """The location of a name like `Europe/Berlin`.

    Raises:
        ExecutionError: There is none.
    """
    if name in ("", "UTC"):
        return UTC
    if name == "Local":
        return local()
    try:
        if ".." not in name and name[0] not in "/\\" and "\0" not in name:
            return NamedZone(_read(name), name)
    except (OSError, ValueError, ImportError, struct.error, IndexError):
        pass
    raise ExecutionError(f"{name!r} is no location of the time zone database")


@cache
def local() -> Location:
    """The location of this machine: the variable TZ, else /etc/localtime, else UTC."""
    name = os.environ.get("TZ")
    try:
        if name is None:
            return NamedZone(Path("/etc/localtime").read_bytes(), "Local")
        name = name.removeprefix(":")
        if name.startswith("/"):
            return NamedZone(Path(name).read_bytes(), name)
        return load_location(name)
    except (OSError, ValueError, ExecutionError):
        return UTC


def _read(name: str) -> bytes:
    for directory in zoneinfo.TZPATH:
        path = Path(directory, name)
        if path.is_file():
            return path.read_bytes()
    package, _, file = name.rpartition("/")
    where = ".".join(["tzdata.zoneinfo", *filter(None, package.split("/"))])
    return importlib.resources.files(where).joinpath(file).read_bytes()


_Table: TypeAlias = tuple[tuple[tuple[str, int], ...], tuple[int, ...], bytes]


def _table(data: bytes) -> _Table:
    """Of a TZif file (RFC 9636) all kinds of time, when they began, and which of them did."""
    at = 0
    magic, version, *counts = _HEADER.unpack_from(data, at)
    if magic != b"TZif":
        raise ValueError("no time zone file")
    if version != b"\0":
        # The second block is the one with 64 bit times; the first is kept for old readers.
        at += _HEADER.size + _block_size(counts, 4)
        magic, version, *counts = _HEADER.unpack_from(data, at)
    size, letter = (4, "i") if version == b"\0" else (8, "q")
    _, _, _, transitions, kinds, characters = counts
    times_start = at + _HEADER.size
    numbers_start = times_start + transitions * size
    kinds_start = numbers_start + transitions
    names_start = kinds_start + kinds * 6
    names = data[names_start : names_start + characters]
    found = []
    for number in range(kinds):
        offset, _, name_at = struct.unpack_from(">iBB", data, kinds_start + number * 6)
        found.append((names[name_at : names.index(b"\0", name_at)].decode("ascii"), offset))
    starts = struct.unpack_from(f">{transitions}{letter}", data, times_start)
    return tuple(found), starts, data[numbers_start:kinds_start]


def _block_size(counts: list[int], time_size: int) -> int:
    utc_flags, standard_flags, leaps, transitions, kinds, characters = counts
    return (
        transitions * (time_size + 1)
        + kinds * 6
        + characters
        + leaps * (time_size + 4)
        + standard_flags
        + utc_flags
    )
