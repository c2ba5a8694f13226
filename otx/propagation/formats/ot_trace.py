"""The headers of OpenTracing's basic tracers: `ot-tracer-traceid`, `-spanid`, `-sampled`."""

from otx.propagation.carrier import Carrier
from otx.propagation.formats import percent
from otx.propagation.ids import span_id, trace_id
from otx.propagation.model import BaggageEntry, Field, Findings, Malformed, Problem, SpanContext
from otx.propagation.parts import Part

BAGGAGE_PREFIX = "ot-baggage-"

_WIDTHS = (16, 32)
_STATES = {"true": True, "false": False}
_KEPT = "!#$&'()*+-./0123456789:<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`abcdefghijklmnopqrstuvwxyz{|}~"
_LABELS = {
    "ot-tracer-traceid": "trace id, often the low 64 bits alone",
    "ot-tracer-spanid": "span id",
    "ot-tracer-sampled": "decision",
}


def decode(carrier: Carrier, findings: Findings) -> SpanContext:
    """The context.

    Raises:
        Malformed: An id is missing or not valid, or the decision is neither true nor false.
    """
    trace_field, span_field = carrier.first("ot-tracer-traceid"), carrier.first("ot-tracer-spanid")
    if trace_field is None:
        lonely = next(iter(carrier.fields), None)
        raise Malformed(Problem("missing_trace_id", lonely, 0, 0, "ot-tracer-traceid is missing"))
    trace = trace_id(trace_field, 0, len(trace_field.value), widths=_WIDTHS)
    if span_field is None:
        end = len(trace_field.value)
        detail = "ot-tracer-spanid is missing"
        raise Malformed(Problem("missing_parent_id", trace_field, end, end, detail))
    span = span_id(span_field, 0, len(span_field.value))
    sampled = _sampled(carrier.first("ot-tracer-sampled"))
    return SpanContext(trace, span, sampled, baggage=decode_baggage(carrier))


def encode(context: SpanContext) -> list[tuple[str, str]]:
    """The headers; of a trace id the low 64 bits, as the tracers that send this format do."""
    headers = []
    low = (context.trace_id or "")[16:]
    if low.strip("0") and context.parent_id is not None:
        headers = [
            ("ot-tracer-traceid", low),
            ("ot-tracer-spanid", context.parent_id),
        ]
        if context.sampled is not None:
            headers.append(("ot-tracer-sampled", str(context.sampled).lower()))
    entries = context.baggage or ()
    return headers + [
        (BAGGAGE_PREFIX + one.key, percent.encode(one.value, _KEPT)) for one in entries
    ]


def decode_baggage(carrier: Carrier) -> tuple[BaggageEntry, ...] | None:
    """What `ot-baggage-*` carries; None where there is none."""
    return (
        tuple(
            BaggageEntry(key, percent.decode(field.value))
            for key, field in carrier.prefixed(BAGGAGE_PREFIX)
        )
        or None
    )


def parts(field: Field) -> list[Part]:
    """What a drawing of a valid header labels."""
    label = _LABELS.get(field.name.lower().replace("_", "-"), "baggage")
    return [Part(0, len(field.value), label)]


def _sampled(field: Field | None) -> bool | None:
    if field is None:
        return None
    state = _STATES.get(field.value.lower())
    if state is None:
        detail = f"the decision is {field.value[:20]!r}, not true or false"
        raise Malformed(Problem("bad_flags", field, 0, len(field.value), detail))
    return state
