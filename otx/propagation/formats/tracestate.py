"""`tracestate` of W3C Trace Context (3.3), as levels 1 and 2 read it."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from otx.propagation.carrier import WHITESPACE
from otx.propagation.model import Field, Findings, Malformed, Problem
from otx.propagation.parts import Part, split

MAX_MEMBERS = 32
MAX_KEY = MAX_VALUE = 256
CARRIED = 512
"""Characters that every propagator should carry at least."""

_NOT_FIRST = "_-*/@"
_KEY_CHARACTERS = f"abcdefghijklmnopqrstuvwxyz0123456789{_NOT_FIRST}"
_KEY = re.compile("[a-z0-9][a-z0-9_*/@-]*")
_KEY_1 = re.compile("[a-z][a-z0-9_*/-]*|[a-z0-9][a-z0-9_*/-]{0,240}@[a-z][a-z0-9_*/-]{0,13}")
_VALUE = re.compile(r"[ -+\--<>-~]*[!-+\--<>-~]")


class Member(NamedTuple):
    """One member and where it stands; `at` is the column of its key."""

    key: str
    value: str
    field: Field
    at: int

    @property
    def value_at(self) -> int:
        """The column of its value."""
        return self.at + len(self.key) + 1


def decode_fields(fields: Sequence[Field], findings: Findings) -> list[Member]:
    """The members in order; none where one of them is bad, the reason is among the findings.

    The specification leaves it to the reader whether it drops one member or all; its test suite
    wants all dropped.
    """
    try:
        members = [_member(*place) for place in _places(fields)]
    except Malformed as error:
        findings.tracestate = error.problem
        return []
    if len(members) > MAX_MEMBERS:
        extra = members[MAX_MEMBERS]
        end = extra.value_at + len(extra.value)
        detail = f"{len(members)} members, at most {MAX_MEMBERS} are allowed"
        findings.tracestate = Problem("ts_too_many_members", extra.field, extra.at, end, detail)
        return []
    _warn_of_duplicates(members, findings)
    bad_key = next(filter(None, map(_level1_problem, members)), None)
    if bad_key is not None:
        if findings.level == 1:
            findings.tracestate = bad_key
            return []
        findings.level1 = bad_key
    return members


def encode_members(members: Iterable[tuple[str, str]]) -> str:
    """The value of one header."""
    return ",".join(f"{key}={value}" for key, value in members)


def parts(field: Field) -> list[Part]:
    """The members, each labelled with its key."""
    places = split(field.value, ",")
    return [
        Part(start, end, field.value[start:end].partition("=")[0])
        for start, end in places
        if end > start
    ]


def _places(fields: Iterable[Field]) -> Iterable[tuple[Field, int, str]]:
    """Every member that is not empty: its header, its column, its text."""
    for field in fields:
        at = 0
        for piece in field.value.split(","):
            text = piece.strip(WHITESPACE)
            if text:
                yield field, at + piece.index(text[0]), text
            at += len(piece) + 1


def _member(field: Field, at: int, text: str) -> Member:
    key, equals, value = text.partition("=")
    if _VALUE.fullmatch(value) and _KEY.fullmatch(key):
        if len(key) <= MAX_KEY and len(value) <= MAX_VALUE:
            return Member(key, value, field, at)
    elif not equals:
        detail = f"{text[:40]!r} has no ="
        raise Malformed(Problem("ts_no_equals", field, at, at + len(text), detail))
    _refuse_key(field, at, key)
    raise _bad_value(field, at + len(key) + 1, value)


def _refuse_key(field: Field, at: int, key: str) -> None:
    if len(key) > MAX_KEY:
        detail = f"the key has {len(key)} characters, at most {MAX_KEY} are allowed"
        raise Malformed(Problem("ts_key_too_long", field, at, at + len(key), detail))
    if not _KEY.fullmatch(key):
        start, end = _odd_place(key)
        where = "stand in" if start else "begin"
        detail = f"{key[start:end]!r} may not {where} a key" if key else "the key is empty"
        raise Malformed(Problem("ts_bad_key", field, at + start, at + end, detail))


def _bad_value(field: Field, at: int, value: str) -> Malformed:
    if len(value) > MAX_VALUE:
        detail = f"the value has {len(value)} characters, at most {MAX_VALUE} are allowed"
        return Malformed(Problem("ts_value_too_long", field, at, at + len(value), detail))
    start = next((i for i, c in enumerate(value) if not " " <= c <= "~" or c == "="), 0)
    end = min(start + 1, len(value))
    detail = f"{value[start:end]!r} may not stand in a value" if value else "the value is empty"
    return Malformed(Problem("ts_bad_value", field, at + start, at + end, detail))


def _odd_place(key: str) -> tuple[int, int]:
    """Where the first character stands that may not stand there."""
    if not key or key[0] in _NOT_FIRST:
        return 0, min(1, len(key))
    start = next((i for i, c in enumerate(key) if c not in _KEY_CHARACTERS), 0)
    return start, start + 1


def _level1_problem(member: Member) -> Problem | None:
    key = member.key
    if ("@" not in key and key[0].isalpha()) or _KEY_1.fullmatch(key):
        return None
    tenant, at, system = key.partition("@")
    if not at:
        detail = "before level 2 a key began with a letter"
    elif "@" in system or not system[:1].isalpha():
        detail = "before level 2 a letter stood behind the one @"
    else:
        detail = f"{len(tenant)} and {len(system)} characters round @; level 1 has 241 and 14"
    return Problem("ts_bad_key", member.field, member.at, member.at + len(key), detail)


def _warn_of_duplicates(members: Sequence[Member], findings: Findings) -> None:
    if len({member.key for member in members}) == len(members):
        return
    seen: set[str] = set()
    for member in members:
        if member.key in seen:
            end = member.at + len(member.key)
            detail = f"{member.key[:40]!r} is there more than once"
            findings.warnings.append(
                Problem("ts_duplicate_key", member.field, member.at, end, detail)
            )
            return
        seen.add(member.key)
