"""The summary for people as a profile, as far as it goes.

Its heaviest stacks are whole; of other functions it tells what they have as their own, without who
called them; the rest stands as a frame of its own. Words round it are no matter: it may have been
copied from a terminal.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise, repeat
from typing import TypeAlias

from otx.model.frame_names import frame_of_label
from otx.model.profile import CPU, SAMPLES, Profile, StackSample, ValueType
from otx.model.stack import Frame
from otx.model.units import NS_PER_S, parse_duration_ns, parse_size
from otx.profile.formats.reading import Frames, Warn, bad_profile, no_whole_stacks, whole_value
from otx.profile.formats.text import ARROW, COLUMNS, FUNCTIONS_HEAD, NO_BREAK, STACKS_HEAD
from otx.profile.formats.text_shares import Names, Told, told_by

NOT_TOLD = Frame("[not told]", "native")
"""Stands for what is in no stack and no function of the summary."""
_DIGITS = r"[0-9]{1,30}"
_TIME = rf"-?(?:{_DIGITS}(?:\.[0-9]{{1,2}})? (?:ns|µs|ms|s)|{_DIGITS} [mh] [0-9]{{2}} [sm])"
_SIZE = rf"-?{_DIGITS}(?:\.[0-9])? (?:B|[KMGT]iB)"
_COUNT = r"-?[0-9]{1,3}(?: [0-9]{3}){0,10}"
_HEAD = re.compile(
    rf"(?:(?P<time>{_TIME})|(?P<size>{_SIZE})|(?P<count>{_COUNT}))"
    r" (?:(?P<samples>samples)|of(?: (?P<name>[^ ]*))?)"
    rf"(?: in (?P<duration>{_TIME}))?(?: at (?P<rate>[0-9]{{1,9}}) Hz)?"
)
_SHARE = rf"(-?{_DIGITS}\.[0-9])%"
_FUNCTION = re.compile(rf"{_SHARE} +{_SHARE} +(.+)")
_STACK = re.compile(rf"{_SHARE}(?: +(.+))?")
_RECURSION = re.compile(r"(.+) ×([0-9]{1,9})")
_TABLE = re.compile(rf"^[ \t]*{FUNCTIONS_HEAD}[ \t]*\r?$".encode(), re.MULTILINE)
_HEAD_BYTES = 65536
_BLANKS = " \t\r"
_DIFFERENCE = re.compile(rb"^[ \t]*before  .*\n[ \t]*after   ", re.MULTILINE)
_SANDWICH = re.compile(rb"^[ \t]*callees[ \t]*\r?$", re.MULTILINE)
_SHOWN = 60
"""Characters of a line that errors show."""
_HINT = "a summary opens as it was written: its first line and both of its tables"
_Head: TypeAlias = re.Match[str]


def summary_in(data: bytes) -> str:
    """What otx wrote for people in a text: `profile`, `difference`, `sandwich`, or "" for none."""
    if FUNCTIONS_HEAD.encode() in data and _TABLE.search(data):
        return "profile"
    if _DIFFERENCE.search(data[:_HEAD_BYTES]):
        return "difference"
    if _SANDWICH.search(data[:_HEAD_BYTES]):
        return "sandwich"
    return "profile" if _head_of_nothing(_lines(data[:_HEAD_BYTES])) else ""


def read_text(data: bytes, place: str, warn: Warn) -> Profile:
    """The profile of a summary; what is not told of it is one frame, so that its total is right.

    Raises:
        UsageError: It is no summary of a profile, or a table is not whole.
    """
    what = summary_in(data)
    if what == "sandwich":
        raise no_whole_stacks(place)
    if what == "difference":
        raise bad_profile(
            place, "compares two profiles and holds no stacks", "-o FILE.folded keeps both values"
        )
    lines = _lines(data)
    tables = [at for at, line in enumerate(lines) if line == FUNCTIONS_HEAD]
    if len(tables) > 1:
        raise bad_profile(
            f"{place}:{tables[1] + 1}", "a second summary begins", "open one at a time"
        )
    if not tables:
        head = _head_of_nothing(lines)
        if head is None:
            raise bad_profile(place, "is no summary of a profile", _HINT)
        return _profile(head, place)
    head = _head_above(lines, tables[0], place)
    profile = _profile(head, place)
    functions, end = _functions(lines, tables[0] + 1, place)
    stacks = _stacks(lines, end, place)
    total, _ = _total(head)
    told = told_by(total, functions, stacks)
    if any(value for _, value in told.functions) or told.rest:
        warn(f"{place}: text is a summary: {_parts(told, total)}")
    return replace(profile, samples=list(_samples(told, place)))


def _lines(data: bytes) -> list[str]:
    return [line.strip(_BLANKS) for line in data.decode("utf-8", "replace").split("\n")]


def _head_of_nothing(lines: Sequence[str]) -> _Head | None:
    """The first line of a summary that has no tables, since there is nothing in it."""
    for line, below in pairwise(lines):
        head = None if below else _HEAD.fullmatch(line)
        if head and not _total(head)[0]:
            return head
    return None


def _head_above(lines: Sequence[str], table: int, place: str) -> _Head:
    above = next((line for line in reversed(lines[:table]) if line), "")
    head = _HEAD.fullmatch(above)
    if head is None:
        raise bad_profile(f"{place}:{table + 1}", "no line above says how much it is of", _HINT)
    return head


def _functions(lines: Sequence[str], start: int, place: str) -> tuple[list[tuple[str, int]], int]:
    """Names and own shares up to the next empty line, and the place of that."""
    if start >= len(lines) or tuple(lines[start].split()) != COLUMNS:
        raise bad_profile(f"{place}:{start + 1}", f"no columns {' '.join(COLUMNS)}", _HINT)
    rows: list[tuple[str, int]] = []
    for at, line in enumerate(lines[start + 1 :], start + 1):
        if not line:
            return rows, at
        row = _FUNCTION.fullmatch(line)
        if row is None:
            raise bad_profile(f"{place}:{at + 1}", f"no function: {line[:_SHOWN]!r}", _HINT)
        rows.append((_name(row[3]), _thousandths(row[1])))
    return rows, len(lines)


def _stacks(lines: Sequence[str], start: int, place: str) -> list[tuple[Names, int]]:
    at = next((at for at in range(start, len(lines)) if lines[at]), len(lines))
    if at == len(lines) or lines[at] != STACKS_HEAD:
        raise bad_profile(f"{place}:{at + 1}", f"no {STACKS_HEAD} below the functions", _HINT)
    spend = Frames(place).spend
    rows: list[tuple[Names, int]] = []
    for line in lines[at + 1 :]:
        row = _STACK.fullmatch(line)
        if row is None:
            break
        names = tuple(_names(row[2], spend)) if row[2] else ()
        rows.append((names, _thousandths(row[1])))
    if not rows:
        raise bad_profile(f"{place}:{at + 2}", f"no stack below {STACKS_HEAD}", _HINT)
    return rows


def _names(line: str, spend: Callable[[int], None]) -> Iterator[str]:
    """The functions of a line, root first, as often as it says."""
    for part in line.split(ARROW):
        recursion = _RECURSION.fullmatch(part)
        cell, count = (recursion[1], int(recursion[2])) if recursion else (part, 1)
        spend(count)
        yield from repeat(_name(cell), count)


def _name(cell: str) -> str:
    return cell.replace(NO_BREAK, " ")


def _thousandths(share: str) -> int:
    return int(share.replace(".", ""))


def _total(head: _Head) -> tuple[int, str]:
    """All there is, as exactly as it is told, and its unit."""
    if time := head["time"]:
        return _nanoseconds(time), CPU.unit
    if size := head["size"]:
        bytes_ = parse_size(size.removeprefix("-"))
        return -bytes_ if size.startswith("-") else bytes_, "bytes"
    return int(head["count"].replace(" ", "")), SAMPLES.unit


def _nanoseconds(time: str) -> int:
    ns = parse_duration_ns(time.removeprefix("-").replace(" ", ""))
    return -ns if time.startswith("-") else ns


def _profile(head: _Head, place: str) -> Profile:
    """What the first line says of a profile; nothing is in it yet."""
    total, unit = _total(head)
    duration_ns = _nanoseconds(head["duration"]) if head["duration"] else 0
    if whole_value(total) is None or whole_value(duration_ns) is None:
        raise bad_profile(place, f"a value is too large: {head[0][:_SHOWN]!r}")
    name = SAMPLES.name if head["samples"] else _name(head["name"] or "")
    rate_hz = int(head["rate"] or 0)
    return Profile(
        (ValueType(name, unit),),
        (),
        duration_ns=duration_ns,
        period=round(NS_PER_S / rate_hz) if rate_hz else 0,
        period_type=CPU if rate_hz else None,
    )


def _samples(told: Told, place: str) -> Iterator[StackSample]:
    known: dict[str, Frame] = {}
    for names, value in (*told.stacks, *told.functions):
        if whole_value(value) is None:
            raise bad_profile(place, f"the value of {names[-1:]} is too large")
        if value:
            for name in names:
                known.setdefault(name, frame_of_label(name))
            yield StackSample(tuple(map(known.__getitem__, names)), (value,))
    if told.rest:
        yield StackSample((NOT_TOLD,), (told.rest,))


def _parts(told: Told, total: int) -> str:
    """How much of a total is told in which way, in words."""
    stacks, functions = (
        sum(value for _, value in counts) / total for counts in (told.stacks, told.functions)
    )
    return (
        f"{stacks:.1%} is in whole stacks, {functions:.1%} in functions alone,"
        f" {told.rest / total:.1%} is not told"
    )
