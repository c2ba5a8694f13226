"""The `ot` member of tracestate: threshold and randomness of consistent probability sampling.

OpenTelemetry specification, "TraceState Handling" and "TraceState: Probability Sampling".
"""

import re
from collections.abc import Mapping

from otx.propagation.formats.tracestate import Member
from otx.propagation.ids import HEX, is_hex
from otx.propagation.model import Findings, OtState, Problem
from otx.propagation.parts import split

DIGITS = 14
"""Hex digits of a threshold and of a randomness: 56 bits."""
WHOLE = 1 << 56

_KEY = re.compile("[a-z][a-z0-9]*")
_VALUE = re.compile("[A-Za-z0-9._-]*")


def decode(
    member: Member, trace_id: str, findings: Findings, *, sampled: bool, random: bool
) -> OtState:
    """What the member says; what in it is wrong is among the warnings, and left out."""
    pairs = _pairs(member, findings)
    threshold = _threshold(pairs.get("th"), member, findings)
    randomness = _randomness(pairs.get("rv"), member, findings)
    other = {key: value for key, value in pairs.items() if key not in ("th", "rv")}
    consistent = None
    if sampled and threshold is not None and (randomness is not None or random):
        source = randomness or trace_id[-DIGITS:]
        consistent = int(source, 16) >= as_number(threshold)
        if not consistent:
            detail = f"sampled, but randomness {source} is below the threshold {threshold}"
            findings.warnings.append(_problem("ot_inconsistent", member, detail))
    return OtState(threshold, randomness, other, consistent)


def encode(state: OtState) -> str:
    """The value of the member; "" where there is nothing to say."""
    pairs = [("th", state.threshold), ("rv", state.randomness), *state.other.items()]
    return ";".join(f"{key}:{value}" for key, value in pairs if value is not None)


def as_number(threshold: str) -> int:
    """The 56-bit rejection threshold: everything whose randomness is below it is dropped."""
    return int(threshold.ljust(DIGITS, "0"), 16)


def probability(threshold: str) -> float:
    """How likely a trace is kept, above 0 and at most 1."""
    return (WHOLE - as_number(threshold)) / WHOLE


def adjusted_count(threshold: str) -> float:
    """How many spans a kept one stands for, itself among them."""
    return WHOLE / (WHOLE - as_number(threshold))


def _pairs(member: Member, findings: Findings) -> Mapping[str, str]:
    pairs: dict[str, str] = {}
    for start, end in split(member.value, ";"):
        key, colon, value = member.value[start:end].partition(":")
        if not colon or not _KEY.fullmatch(key) or not _VALUE.fullmatch(value) or key in pairs:
            at = member.value_at
            detail = "it is no list of key:value between ;, each key once"
            findings.warnings.append(
                Problem("ot_bad_list", member.field, at + start, at + end, detail)
            )
            return {}
        pairs[key] = value
    return pairs


def _threshold(text: str | None, member: Member, findings: Findings) -> str | None:
    if text is None or (1 <= len(text) <= DIGITS and not text.strip(HEX)):
        return text
    detail = f"th has 1 to {DIGITS} lower-case hex digits"
    findings.warnings.append(_problem("ot_bad_th", member, detail, f"th:{text}"))
    return None


def _randomness(text: str | None, member: Member, findings: Findings) -> str | None:
    if text is None or is_hex(text, DIGITS):
        return text
    detail = f"rv has {DIGITS} lower-case hex digits"
    findings.warnings.append(_problem("ot_bad_rv", member, detail, f"rv:{text}"))
    return None


def _problem(code: str, member: Member, detail: str, part: str = "") -> Problem:
    start = member.value_at + (member.value.find(part) if part else 0)
    end = start + len(part or member.value)
    return Problem(code, member.field, start, end, detail)
