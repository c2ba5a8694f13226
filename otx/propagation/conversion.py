"""The same context in another format, and what of it does not arrive."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from otx.propagation.model import SpanContext
from otx.propagation.registry import Format

_NO_HALF = "0" * 16
XRAY_OLDEST_S = 30 * 24 * 3600
XRAY_NEWEST_S = 5 * 60
"""How old and how far ahead the time in a trace id may be for X-Ray's older back ends."""


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that is lost, or that to take care of: a short stable code, and a sentence."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Converted:
    """A context in one format.

    Attributes:
        format: The format.
        headers: Names and values; none where the format cannot say any of it.
        lost: What the receiver does not learn.
        cautions: What arrives, and may surprise.
    """

    format: Format
    headers: tuple[tuple[str, str], ...]
    lost: tuple[Remark, ...]
    cautions: tuple[Remark, ...]


def convert(context: SpanContext, target: Format, now_unix_s: int) -> Converted:
    """Write a context in a format.

    Args:
        context: A valid context.
        target: The format.
        now_unix_s: The time, to which X-Ray compares trace ids.
    """
    lost = tuple(
        Remark(code, sentence(context))
        for code, holds, sentence in _LOSSES
        if code not in target.carries and holds(context)
    )
    if lost and lost[0].code in _NOTHING_SENT:
        lost = lost[:1]
    headers = tuple(target.codec.encode(context))
    cautions = tuple(_cautions(context, target, now_unix_s)) if headers else ()
    return Converted(target, headers, lost, cautions)


_Holds: TypeAlias = Callable[[SpanContext], bool]
_Sentence: TypeAlias = Callable[[SpanContext], str]


def _high_bits(context: SpanContext) -> bool:
    return context.trace_id is not None and context.trace_id[:16] != _NO_HALF


def _foreign_members(context: SpanContext) -> list[str]:
    """The members of tracestate that are not told otherwise, as `dd` is to Datadog."""
    told = "dd" if context.datadog is not None else ""
    return [key for key, _ in context.tracestate if key != told]


def _priority(context: SpanContext) -> int | None:
    return context.datadog.priority if context.datadog else None


def _outcome(context: SpanContext) -> str:
    return "sampled" if context.sampled else "not sampled"


_LOSSES: tuple[tuple[str, _Holds, _Sentence], ...] = (
    (
        "decision_alone",
        lambda one: one.trace_id is None and one.sampled is not None,
        lambda one: f"the decision ({_outcome(one)}): it cannot be sent without ids",
    ),
    (
        "no_parent",
        lambda one: one.trace_id is not None and one.parent_id is None,
        lambda one: "all of it: there is no span id, which the format needs",
    ),
    (
        "zero_low_bits",
        lambda one: one.trace_id is not None and not one.trace_id[16:].strip("0"),
        lambda one: "all of it: the low 64 bits of the trace id are zero, which is no id there",
    ),
    (
        "high_bits",
        _high_bits,
        lambda one: f"the high 64 bits of the trace id, {(one.trace_id or '')[:16]}",
    ),
    (
        "deferred",
        lambda one: one.trace_id is not None and one.sampled is None,
        lambda one: "that the decision is left to the receiver: it reads not sampled",
    ),
    (
        "debug",
        lambda one: one.debug,
        lambda one: f"the debug state: it reads {_outcome(one)}",
    ),
    ("firehose", lambda one: one.firehose, lambda one: "the firehose flag"),
    (
        "debug_id",
        lambda one: one.debug_id is not None,
        lambda one: f"the debug id {one.debug_id}",
    ),
    (
        "grandparent",
        lambda one: one.grandparent_id is not None,
        lambda one: f"the parent's parent span id {one.grandparent_id}",
    ),
    (
        "random",
        lambda one: bool(one.random),
        lambda one: "the random flag",
    ),
    (
        "tracestate",
        lambda one: bool(_foreign_members(one)),
        lambda one: f"tracestate: {', '.join(_foreign_members(one))}",
    ),
    (
        "priority",
        lambda one: _priority(one) not in (None, 0, 1),
        lambda one: f"the sampling priority {_priority(one)}: it reads {_outcome(one)}",
    ),
    (
        "origin",
        lambda one: bool(one.datadog and one.datadog.origin),
        lambda one: f"the origin {one.datadog.origin if one.datadog else ''}",
    ),
    (
        "tags",
        lambda one: bool(one.datadog and one.datadog.tags),
        lambda one: f"trace tags: {', '.join(one.datadog.tags if one.datadog else ())}",
    ),
    (
        "baggage",
        lambda one: bool(one.baggage),
        lambda one: f"baggage: {', '.join(entry.key for entry in one.baggage or ())}",
    ),
)
"""What a context can have that some format cannot carry: code, whether it has it, a sentence."""
_NOTHING_SENT = ("decision_alone", "no_parent", "zero_low_bits")


def _cautions(context: SpanContext, target: Format, now_unix_s: int) -> list[Remark]:
    if context.trace_id is None:
        return []
    if target.name == "xray":
        age_s = now_unix_s - int(context.trace_id[:8], 16)
        if not -XRAY_NEWEST_S <= age_s <= XRAY_OLDEST_S:
            text = "the first 8 digits of the trace id are no recent time: X-Ray may refuse it"
            return [Remark("xray_time", text)]
    if target.name == "datadog" and _high_bits(context):
        text = "tracers that do not read _dd.p.tid see the low 64 bits alone: still the same trace"
        return [Remark("dd_low_bits", text)]
    return []
