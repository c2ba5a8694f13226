"""Datadog's own headers: ids in decimal, the high half of a 128-bit trace id in a tag."""

from collections.abc import Mapping

from otx.propagation.carrier import Carrier
from otx.propagation.ids import decimal_id, is_hex
from otx.propagation.model import DatadogState, Field, Findings, Malformed, Problem, SpanContext
from otx.propagation.parts import Part, split

HIGH_BITS_TAG = "_dd.p.tid"

_LABELS = {
    "x-datadog-trace-id": "trace id, low 64 bits, decimal",
    "x-datadog-parent-id": "span id, decimal",
    "x-datadog-sampling-priority": "sampling priority",
    "x-datadog-origin": "origin",
    "x-datadog-tags": "trace tags",
}
_NO_HIGH_BITS = "0" * 16
_LEAST_PRIORITY, _MOST_PRIORITY = -1, 2


def decode(carrier: Carrier, findings: Findings) -> SpanContext:
    """The context.

    Raises:
        Malformed: An id is missing, is no decimal number of 64 bits, or is zero; or the priority
            is no number.
    """
    trace_field = carrier.first("x-datadog-trace-id")
    span_field = carrier.first("x-datadog-parent-id")
    if trace_field is None:
        lonely = next(iter(carrier.fields), None)
        raise Malformed(Problem("missing_trace_id", lonely, 0, 0, "x-datadog-trace-id is missing"))
    low = decimal_id("trace_id", trace_field, 0, len(trace_field.value))
    if span_field is None:
        end = len(trace_field.value)
        detail = "x-datadog-parent-id is missing"
        raise Malformed(Problem("missing_parent_id", trace_field, end, end, detail))
    span = decimal_id("parent_id", span_field, 0, len(span_field.value))
    tags_field = carrier.first("x-datadog-tags")
    tags = _tags(tags_field)
    high = _high_bits(tags, tags_field, findings)
    priority = _priority(carrier.first("x-datadog-sampling-priority"), findings)
    origin = carrier.first("x-datadog-origin")
    kept = {name: value for name, value in tags.items() if name != HIGH_BITS_TAG}
    state = DatadogState(priority, origin.value if origin else None, None, kept)
    sampled = None if priority is None else priority > 0
    return SpanContext(high + low, span, sampled, datadog=state)


def encode(context: SpanContext) -> list[tuple[str, str]]:
    """The headers; none where there are no ids, or the low half of the trace id is zero."""
    if context.trace_id is None or context.parent_id is None or not int(context.trace_id[16:], 16):
        return []
    state = context.datadog or DatadogState()
    headers = [
        ("x-datadog-trace-id", str(int(context.trace_id[16:], 16))),
        ("x-datadog-parent-id", str(int(context.parent_id, 16))),
    ]
    priority = state.priority
    if priority is None and context.sampled is not None:
        priority = 2 if context.debug else int(context.sampled)
    if priority is not None:
        headers.append(("x-datadog-sampling-priority", str(priority)))
    if state.origin:
        headers.append(("x-datadog-origin", state.origin))
    high = context.trace_id[:16]
    tags = dict(state.tags)
    if high != _NO_HIGH_BITS:
        tags = {HIGH_BITS_TAG: high, **tags}
    if tags:
        text = ",".join(f"{name}={value}" for name, value in tags.items())
        headers.append(("x-datadog-tags", text))
    return headers


def parts(field: Field) -> list[Part]:
    """What a drawing of a valid header labels."""
    label = _LABELS.get(field.name.lower().replace("_", "-"), "")
    return [Part(0, len(field.value), label)]


def _tags(field: Field | None) -> Mapping[str, str]:
    if field is None:
        return {}
    pairs = (field.value[start:end].partition("=") for start, end in split(field.value, ","))
    return {name: value for name, equals, value in pairs if equals}


def _high_bits(tags: Mapping[str, str], field: Field | None, findings: Findings) -> str:
    text = tags.get(HIGH_BITS_TAG)
    if text is None or field is None:
        return _NO_HIGH_BITS
    if is_hex(text, 16):
        return text
    start = field.value.find(HIGH_BITS_TAG)
    detail = f"{HIGH_BITS_TAG} is {text[:20]!r}, not 16 hex digits: only the low 64 bits are used"
    problem = Problem("dd_malformed_tid", field, start, len(field.value), detail)
    findings.warnings.append(problem)
    return _NO_HIGH_BITS


def _priority(field: Field | None, findings: Findings) -> int | None:
    if field is None:
        return None
    text = field.value.removeprefix("-")
    if not text or text.strip("0123456789") or len(text) > 9:
        detail = f"the sampling priority is {field.value[:20]!r}, not -1, 0, 1 or 2"
        raise Malformed(Problem("bad_flags", field, 0, len(field.value), detail))
    priority = int(field.value)
    if not _LEAST_PRIORITY <= priority <= _MOST_PRIORITY:
        detail = f"the sampling priority is {priority}, not -1, 0, 1 or 2"
        problem = Problem("dd_unknown_priority", field, 0, len(field.value), detail)
        findings.warnings.append(problem)
    return priority
