"""B3 in several headers: `X-B3-TraceId`, `-SpanId`, `-ParentSpanId`, `-Sampled`, `-Flags`."""

from otx.propagation.carrier import Carrier
from otx.propagation.formats.b3_single import TRACE_WIDTHS, grandparent_id
from otx.propagation.ids import span_id, trace_id
from otx.propagation.model import Field, Findings, Malformed, Problem, SpanContext
from otx.propagation.parts import Part

_STATES = {"1": True, "0": False, "true": True, "false": False}
_LABELS = {
    "x-b3-traceid": "trace id",
    "x-b3-spanid": "span id of the caller",
    "x-b3-parentspanid": "span id of the caller's parent",
    "x-b3-sampled": "decision",
    "x-b3-flags": "1 is debug",
}


def decode(carrier: Carrier, findings: Findings) -> SpanContext:
    """The context; a decision without ids is one too.

    Raises:
        Malformed: A header is not valid, or one id is there without the other.
    """
    trace_field, span_field = carrier.first("x-b3-traceid"), carrier.first("x-b3-spanid")
    trace = span = grandparent = None
    if trace_field is not None and span_field is not None:
        trace = trace_id(trace_field, 0, len(trace_field.value), widths=TRACE_WIDTHS)
        span = span_id(span_field, 0, len(span_field.value))
    elif (lonely := trace_field or span_field) is not None:
        missing = "X-B3-SpanId" if span_field is None else "X-B3-TraceId"
        end = len(lonely.value)
        raise Malformed(Problem("b3_bad_fields", lonely, 0, end, f"{missing} is missing"))
    parent = carrier.first("x-b3-parentspanid")
    if parent is not None:
        grandparent = grandparent_id(parent, 0, len(parent.value))
    sampled = _sampled(carrier.first("x-b3-sampled"), findings)
    is_debug = _is_debug(carrier.first("x-b3-flags"))
    if trace is None and sampled is None and not is_debug:
        lonely = parent or carrier.first("x-b3-flags")
        raise Malformed(Problem("b3_bad_fields", lonely, 0, 0, "neither ids nor a decision"))
    return SpanContext(trace, span, is_debug or sampled, debug=is_debug, grandparent_id=grandparent)


def encode(context: SpanContext) -> list[tuple[str, str]]:
    """The headers; none where they would say nothing."""
    headers = []
    if context.trace_id is not None and context.parent_id is not None:
        headers = [("X-B3-TraceId", context.trace_id), ("X-B3-SpanId", context.parent_id)]
        if context.grandparent_id:
            headers.append(("X-B3-ParentSpanId", context.grandparent_id))
    if context.debug:
        headers.append(("X-B3-Flags", "1"))
    elif context.sampled is not None:
        headers.append(("X-B3-Sampled", str(int(context.sampled))))
    return headers


def parts(field: Field) -> list[Part]:
    """What a drawing of a valid header labels."""
    name = field.name.lower().replace("_", "-")
    return [Part(0, len(field.value), _LABELS.get(name, ""))]


def _sampled(field: Field | None, findings: Findings) -> bool | None:
    if field is None:
        return None
    text, end = field.value.lower(), len(field.value)
    if text not in _STATES:
        detail = f"the decision is {field.value[:20]!r}, not 0 or 1"
        raise Malformed(Problem("b3_bad_state", field, 0, end, detail))
    if text in ("true", "false"):
        detail = f"{field.value} instead of {int(_STATES[text])}: not every reader takes it"
        findings.warnings.append(Problem("b3_legacy_boolean", field, 0, end, detail))
    return _STATES[text]


def _is_debug(field: Field | None) -> bool:
    return field is not None and field.value == "1"
