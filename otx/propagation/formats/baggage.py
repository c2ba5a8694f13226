"""W3C Baggage: values of the application that travel with every request, in plain text."""

import re
from collections.abc import Iterable, Sequence

from otx.propagation.carrier import Carrier
from otx.propagation.formats import percent
from otx.propagation.model import (
    BaggageEntry,
    Field,
    Findings,
    Malformed,
    Problem,
    SpanContext,
)
from otx.propagation.parts import Part, split

MAX_MEMBERS, MAX_BYTES = 64, 8192
"""What every platform must propagate; it may do more (W3C Baggage, 3.3.2)."""

_KEY_OCTETS = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_VALUE_OCTETS = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '",;\\')
_KEY = re.compile(f"[{re.escape(_KEY_OCTETS)}]+")
_VALUE = re.compile(f"[{re.escape(_VALUE_OCTETS)}]*")
_SECRET = re.compile(
    r"passw(?:or)?d|secret|token|api[-_.]?key|authori[sz]ation|credential|session[-_.]?id|"
    r"\bssn\b|credit[-_.]?card|private[-_.]?key",
    re.IGNORECASE,
)
_SECRET_VALUE = re.compile(r"eyJ[\w-]+\.[\w-]+|(?:bearer|basic)\s|AKIA[0-9A-Z]{12}", re.IGNORECASE)


def decode(carrier: Carrier, findings: Findings) -> SpanContext:
    """A context that has baggage and nothing else.

    Raises:
        Malformed: The header is not valid.
    """
    return SpanContext(baggage=decode_fields(carrier.all("baggage"), findings))


def encode(context: SpanContext) -> list[tuple[str, str]]:
    """One header; none where there is no baggage."""
    return [("baggage", encode_entries(context.baggage))] if context.baggage else []


def decode_fields(fields: Sequence[Field], findings: Findings) -> tuple[BaggageEntry, ...]:
    """The members of all fields in order, duplicates as well.

    Raises:
        Malformed: One member is not valid; what a receiver does then is not defined.
    """
    entries = tuple([_entry(*place) for place in _places(fields)])
    size = sum(len(field.value.encode("utf-8", "replace")) for field in fields) + len(fields) - 1
    if len(entries) > MAX_MEMBERS or size > MAX_BYTES:
        detail = f"{len(entries)} members in {size} bytes; {MAX_MEMBERS} in {MAX_BYTES} must arrive"
        last = fields[-1]
        findings.warnings.append(Problem("bg_over_limit", last, 0, len(last.value), detail))
    return entries


def encode_entries(entries: Iterable[BaggageEntry]) -> str:
    """The value of one header."""
    return ",".join(
        ";".join([f"{one.key}={percent.encode(one.value, _VALUE_OCTETS)}", *one.properties])
        for one in entries
    )


def secrets(entries: Iterable[BaggageEntry]) -> list[str]:
    """The keys of what looks like a secret or like personal data: everybody on the way reads it."""
    return [one.key for one in entries if _SECRET.search(one.key) or _SECRET_VALUE.match(one.value)]


def parts(field: Field) -> list[Part]:
    """The members, each labelled with its key."""
    return [
        Part(start, end, field.value[start:end].partition("=")[0].strip())
        for start, end in split(field.value, ",")
        if end > start
    ]


def _places(fields: Iterable[Field]) -> Iterable[tuple[Field, int, int]]:
    return (
        (field, start, end)
        for field in fields
        for start, end in split(field.value, ",")
        if end > start
    )


def _entry(field: Field, start: int, end: int) -> BaggageEntry:
    pieces = split(field.value[start:end], ";", start)
    key_start, value_end = pieces[0]
    member = field.value[key_start:value_end]
    key, equals, value = member.partition("=")
    if not equals:
        raise Malformed(Problem("bg_no_equals", field, start, end, f"{member[:40]!r} has no ="))
    value_start = key_start + len(key) + 1 + len(value) - len(value.lstrip(" \t"))
    key, value = key.rstrip(" \t"), value.strip(" \t")
    if not _KEY.fullmatch(key):
        raise _misplaced("bg_bad_key", field, key_start, key, _KEY_OCTETS)
    if not _VALUE.fullmatch(value):
        raise _misplaced("bg_bad_value", field, value_start, value, _VALUE_OCTETS)
    properties = [_property(field, *place) for place in pieces[1:]]
    return BaggageEntry(key, percent.decode(value), tuple(properties))


def _property(field: Field, start: int, end: int) -> str:
    text = field.value[start:end]
    key, equals, value = text.partition("=")
    key, value = key.strip(" \t"), value.strip(" \t")
    if not _KEY.fullmatch(key):
        raise _misplaced("bg_bad_property", field, start, key, _KEY_OCTETS)
    if not _VALUE.fullmatch(value):
        raise _misplaced("bg_bad_property", field, end - len(value), value, _VALUE_OCTETS)
    return f"{key}={value}" if equals else key


def _misplaced(code: str, field: Field, at: int, text: str, allowed: str) -> Malformed:
    if not text:
        return Malformed(Problem(code, field, at, at, "it is empty"))
    start = at + next(i for i, character in enumerate(text) if character not in allowed)
    detail = f"{field.value[start]!r} may not stand there as it is"
    return Malformed(Problem(code, field, start, start + 1, detail))
