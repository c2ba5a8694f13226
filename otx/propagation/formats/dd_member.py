"""The `dd` member of tracestate: what Datadog's tracers cannot say in traceparent."""

import re

from otx.propagation.formats.tracestate import MAX_VALUE, Member
from otx.propagation.model import DatadogState, Findings, Problem

TAG_PREFIX = "_dd.p."
ORIGIN_RUM = "rum"

_WHOLE = re.compile("-?[0-9]{1,9}", re.ASCII)
_UNSAFE_VALUE = re.compile("[^ -}]|[,;]")
_UNSAFE_KEY = re.compile("[^!-~]|[,;:=]")


def decode(member: Member, findings: Findings, *, sampled: bool) -> DatadogState:
    """Priority, origin, last span and tags.

    The sampled flag decides: a priority that contradicts it is replaced, and a missing one is what
    the flag says, unless the trace began in a browser (origin `rum`).
    """
    said: dict[str, str] = {}
    tags: dict[str, str] = {}
    for pair in member.value.split(";"):
        key, _, value = pair.strip(" \t").partition(":")
        if key.startswith("t."):
            tags[TAG_PREFIX + key[2:]] = value.replace("~", "=")
        else:
            said.setdefault(key, value)
    origin = said["o"].replace("~", "=") if "o" in said else None
    priority = _priority(said.get("s"), origin, member, findings, sampled=sampled)
    return DatadogState(priority, origin, said.get("p"), tags)


def encode(state: DatadogState) -> str:
    """The value of the member, cut at whole entries to what tracestate allows."""
    entries = []
    if state.priority is not None:
        entries.append(f"s:{state.priority}")
    if state.origin:
        entries.append(f"o:{_safe(state.origin)}")
    if state.last_parent:
        entries.append(f"p:{_safe(state.last_parent)}")
    for name, value in state.tags.items():
        key = _UNSAFE_KEY.sub("_", name.removeprefix(TAG_PREFIX))
        # The high bits stand in traceparent.
        if name.startswith(TAG_PREFIX) and key not in ("", "tid"):
            entries.append(f"t.{key}:{_safe(value)}")
    return _fitting(entries)


def _safe(value: str) -> str:
    return _UNSAFE_VALUE.sub("_", value).replace("=", "~").rstrip(" ")


def _fitting(entries: list[str]) -> str:
    text = ""
    for entry in entries:
        longer = f"{text};{entry}" if text else entry
        if len(longer) <= MAX_VALUE:
            text = longer
    return text


def _priority(
    text: str | None, origin: str | None, member: Member, findings: Findings, *, sampled: bool
) -> int | None:
    if text is not None and not _WHOLE.fullmatch(text):
        findings.warnings.append(_problem("dd_bad_priority", member, f"{text[:20]!r} is no number"))
        text = None
    if text is None:
        return None if origin == ORIGIN_RUM else int(sampled)
    priority = int(text)
    if sampled == (priority > 0):
        return priority
    flag = "sampled" if sampled else "not sampled"
    detail = f"s:{text} contradicts the flag, which says {flag} and decides"
    findings.warnings.append(_problem("dd_priority_conflict", member, detail))
    return int(sampled)


def _problem(code: str, member: Member, detail: str) -> Problem:
    end = member.value_at + len(member.value)
    return Problem(code, member.field, member.value_at, end, detail)
