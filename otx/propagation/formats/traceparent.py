"""The value of `traceparent`, which response headers carry too (W3C Trace Context, 3.2)."""

import re
from typing import NamedTuple

from otx.model.units import counted
from otx.propagation.ids import HEX, check_digits, is_hex, span_id, trace_id
from otx.propagation.model import Field, Findings, Malformed, Problem, SpanContext
from otx.propagation.parts import Part, tiled

SAMPLED, RANDOM = 0x01, 0x02
LENGTH = 55
"""Of version 00; versions to come are at least as long."""

_VERSION_00 = re.compile("00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_NO_TRACE, _NO_SPAN = "0" * 32, "0" * 16


class TraceParent(NamedTuple):
    """A valid value, taken apart."""

    trace_id: str
    parent_id: str
    flags: int


def decode_value(field: Field, findings: Findings) -> TraceParent:
    """Take a value apart.

    Raises:
        Malformed: It is not valid; the checks come in the order of the specification's fields.
    """
    matched = _VERSION_00.fullmatch(field.value)
    if matched is not None and matched[1] != _NO_TRACE and matched[2] != _NO_SPAN:
        value = TraceParent(matched[1], matched[2], int(matched[3], 16))
    else:
        value = _decode_with_care(field, findings)
    if value.flags & ~(SAMPLED | RANDOM):
        at = LENGTH - 2
        detail = f"bits of 0x{value.flags & 0xFC:02x} are reserved"
        findings.warnings.append(Problem("unknown_flags", field, at, LENGTH, detail))
    return value


def encode_context(context: SpanContext) -> str:
    """The value of version 00; a decision that is left open becomes "not sampled"."""
    flags = (SAMPLED if context.sampled else 0) | (RANDOM if context.random else 0)
    return f"00-{context.trace_id}-{context.parent_id}-{flags:02x}"


def parts(field: Field) -> list[Part]:
    """The four fields of a valid value, and what a version to come puts behind them."""
    flags = field.value[LENGTH - 2 : LENGTH]
    said = tiled([(2, "version"), (32, "trace-id"), (16, "parent-id"), (2, f"flags {flags}")])
    if len(field.value) > LENGTH:
        said.append(Part(LENGTH, len(field.value), "of a version to come: not interpreted"))
    return said


def _decode_with_care(field: Field, findings: Findings) -> TraceParent:
    value = field.value
    if len(value) < 3:
        detail = f"{counted(len(value), 'character')}; version 00 has {LENGTH}"
        raise Malformed(Problem("bad_length", field, 0, len(value), detail))
    _check_version(field)
    if value[:2] == "00":
        return _version_00(field)
    said = _version_to_come(field)
    detail = f"version {value[:2]}, of which as much is read as version 00 has"
    findings.warnings.append(Problem("future_version", field, 0, 2, detail))
    return said


def _check_version(field: Field) -> None:
    version = field.value[:2]
    check_digits("bad_version", field, 0, 2, HEX)
    if field.value[2] != "-":
        detail = f"{field.value[2]!r} stands where the dash behind the version should"
        raise Malformed(Problem("bad_version", field, 2, 3, detail))
    if version == "ff":
        raise Malformed(Problem("version_ff", field, 0, 2, "version ff is forbidden"))


def _version_00(field: Field) -> TraceParent:
    pieces = field.value.split("-", 4)
    if len(pieces) < 4:
        detail = f"{len(pieces)} fields between dashes, not 4"
        raise Malformed(Problem("bad_length", field, 0, len(field.value), detail))
    trace_end = 3 + len(pieces[1])
    trace = trace_id(field, 3, trace_end)
    parent_end = trace_end + 1 + len(pieces[2])
    parent = span_id(field, trace_end + 1, parent_end)
    flags = parent_end + 1
    _check_flags(field, flags)
    if len(field.value) > flags + 2:
        detail = "version 00 ends behind the flags"
        raise Malformed(Problem("trailing_data", field, flags + 2, len(field.value), detail))
    return TraceParent(trace, parent, int(field.value[flags : flags + 2], 16))


def _version_to_come(field: Field) -> TraceParent:
    value = field.value
    if len(value) < LENGTH:
        detail = f"{counted(len(value), 'character')}; a later version has at least {LENGTH}"
        raise Malformed(Problem("bad_length", field, 0, len(value), detail))
    trace = trace_id(field, 3, 35)
    _check_dash(field, 35)
    parent = span_id(field, 36, 52)
    _check_dash(field, 52)
    _check_flags(field, 53)
    if len(value) > LENGTH:
        _check_dash(field, LENGTH)
    return TraceParent(trace, parent, int(value[53:LENGTH], 16))


def _check_flags(field: Field, start: int) -> None:
    if is_hex(field.value[start : start + 2], 2):
        return
    text = field.value[start : start + 2]
    check_digits("bad_flags", field, start, start + len(text), HEX)
    detail = f"the flags have {counted(len(text), 'character')}, not 2"
    raise Malformed(Problem("bad_flags", field, start, start + len(text), detail))


def _check_dash(field: Field, at: int) -> None:
    if field.value[at] != "-":
        detail = f"{field.value[at]!r} stands where a dash should"
        raise Malformed(Problem("bad_separator", field, at, at + 1, detail))
